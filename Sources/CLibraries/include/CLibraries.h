/* The C libraries that network backends stand on: one header per library, and what they share.
 *
 * Their headers are included for types alone. A direct call of one of their functions would make the library unloadable
 * where they are missing: only the functions declared here may be called, which go through tables that are filled when a
 * backend first needs them. */
#ifndef CLIBRARIES_H
#define CLIBRARIES_H

#include "vdb_curl.h"
#include "vdb_library.h"
#include "vdb_libpq.h"
#include "vdb_redis.h"
#include "vdb_signals.h"

#endif
