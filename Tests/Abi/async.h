/* What the tests of asynchronous calls share: a receiver that counts, and waiting for it. */
#ifndef ABI_TEST_ASYNC_H
#define ABI_TEST_ASYNC_H

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "support.h"

static UNUSED double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* What is known of one request. */
typedef struct {
  atomic_int runs; /* of done: must end at 1, or at 0 after a cancel */
  _Atomic vdb_status status;
  _Atomic(vdb_request *) handle;
  _Atomic double ended_at;
  _Atomic pthread_t thread;
  atomic_int last_error_differs;
} receiver;

static UNUSED void on_done(void *context, vdb_request *request, vdb_status status) {
  receiver *r = context;
  r->status = status;
  r->handle = request;
  r->ended_at = now_ms();
  r->thread = pthread_self();
  r->last_error_differs |= status != VDB_OK && vdb_last_error_status() != status;
  r->runs++; /* last: whoever waits reads the rest then */
}

/* Waits until done has run, for ten seconds at most. */
static UNUSED int await(receiver *r) {
  const double end = now_ms() + 10000;
  while (r->runs == 0 && now_ms() < end) usleep(200);
  return r->runs != 0;
}

#endif
