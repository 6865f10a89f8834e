/* Signals of the calling thread around code of other libraries. */
#ifndef VDB_SIGNALS_H
#define VDB_SIGNALS_H

#include <signal.h>

/* What `hold` found, for `release`. */
typedef struct {
  sigset_t mask;
  int pipe_was_pending;
  int cancellation;
} vdb_signal_hold;

/* Around a call that may write to a broken connection or start a thread. Blocks what the host handles, so that SIGPIPE ends
 * nobody and threads that start meanwhile run no handler of the host's; `release` takes back a SIGPIPE that the call
 * caused. A pthread_cancel is put off too. Only around what does not wait: a host's Ctrl-C stands still so long. Three system calls for both. */
void vdb_signals_hold(vdb_signal_hold *_Nonnull hold);
void vdb_signals_release(const vdb_signal_hold *_Nonnull hold);

#endif
