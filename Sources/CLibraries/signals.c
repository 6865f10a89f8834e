#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "vdb_signals.h"

#include "CSupport.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

static int pipe_is_pending(void) {
  sigset_t pending;
  return sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
}

void vdb_signals_hold(vdb_signal_hold *hold) {
  int kept = errno;
  sigset_t blocked;
  sigfillset(&blocked);
  /* Those say that this thread itself went wrong: blocking them would end the process without its handler. */
  sigdelset(&blocked, SIGSEGV);
  sigdelset(&blocked, SIGBUS);
  sigdelset(&blocked, SIGFPE);
  sigdelset(&blocked, SIGILL);
  sigdelset(&blocked, SIGTRAP);
  sigdelset(&blocked, SIGABRT);
  hold->cancellation = vdb_cancellation_off();
  pthread_sigmask(SIG_SETMASK, &blocked, &hold->mask);
  /* It can only be pending already where the host blocks it. */
  hold->pipe_was_pending = sigismember(&hold->mask, SIGPIPE) == 1 && pipe_is_pending();
  errno = kept;
}

void vdb_signals_release(const vdb_signal_hold *hold) {
  int kept = errno;
  if (!hold->pipe_was_pending && pipe_is_pending()) {
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    struct timespec now = {0, 0};
    while (sigtimedwait(&pipe, NULL, &now) == -1 && errno == EINTR) {
    }
  }
  pthread_sigmask(SIG_SETMASK, &hold->mask, NULL);
  vdb_cancellation_restore(hold->cancellation);
  errno = kept;
}
