/* The Swift runtime locks what it makes at a first use with a futex that holds the number of its owner's thread, and keeps that
 * number for each thread. A forked child's thread has another number than in the parent: once two threads of the child met at
 * such a lock, the kernel would not let go of it for a thread it does not know, and both went on for ever. So the child forgets
 * the number, and the runtime asks for it again. */
#include "vdb_host_guard.h"

#include <pthread.h>

/* The runtime's swift::threading_impl::linux::ulock_get_tid()::tid. Should another release of Swift name it otherwise, the
 * library does not link, and forked_first_calls of Tests/Abi tells whether it needs this still. */
extern __thread int swift_thread_number __asm__("_ZZN5swift14threading_impl5linux13ulock_get_tidEvE3tid");

static void forget(void) { swift_thread_number = 0; }

__attribute__((constructor)) static void set_up(void) { pthread_atfork(NULL, NULL, forget); }
