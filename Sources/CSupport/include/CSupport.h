/* What Swift cannot say: one header per subject. */
#ifndef CSUPPORT_H
#define CSUPPORT_H

#include "vdb_atomics.h"
#include "vdb_bytes.h"
#include "vdb_cpu.h"
#include "vdb_gate.h"
#include "vdb_interrupts.h"
#include "vdb_kernels.h"
#include "vdb_locks.h"
#include "vdb_memory.h"
#include "vdb_numbers.h"
#include "vdb_readers.h"
#include "vdb_simd.h"
#include "vdb_sockets.h"
#include "vdb_streams.h"
#include "vdb_threads.h"
#include "vdb_wakeup.h"
#include "vdb_json.h"
#include "vdb_utf8.h"

#endif
