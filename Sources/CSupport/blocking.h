/* Waiting for a mutex outside the gate: a fork need not wait for a thread that does nothing. */
#ifndef VDB_BLOCKING_H
#define VDB_BLOCKING_H

#include "vdb_gate.h"

#include <pthread.h>

static inline void lock_outside_gate(pthread_mutex_t *mutex) {
  if (pthread_mutex_trylock(mutex) == 0) return;
  uint32_t depth = vdb_gate_pause();
  pthread_mutex_lock(mutex);
  vdb_gate_resume(depth);
}

#endif
