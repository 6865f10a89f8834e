#include "vdb_readers.h"
#include "blocking.h"
#include "vdb_threads.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <time.h>

#define STRIPES 64u

/* Counter of the readers inside, by phase and stripe; a cache line each. */
typedef struct {
  uint64_t inside;
} __attribute__((aligned(64))) counter;

static counter counters[2][STRIPES];
static uint32_t phase;
/* One writer waits at a time: two would flip the phase under each other. */
static pthread_mutex_t waiting = PTHREAD_MUTEX_INITIALIZER;

uint32_t vdb_readers_enter(void) {
  uint32_t section = __atomic_load_n(&phase, __ATOMIC_SEQ_CST) * STRIPES + vdb_thread_stripe() % STRIPES;
  __atomic_fetch_add(&counters[section / STRIPES][section % STRIPES].inside, 1, __ATOMIC_SEQ_CST);
  return section;
}

void vdb_readers_leave(uint32_t section) {
  __atomic_fetch_sub(&counters[section / STRIPES][section % STRIPES].inside, 1, __ATOMIC_SEQ_CST);
}

/* Waits until each stripe of a phase was seen empty once. A reader comes and goes on one stripe, so that is enough. */
static void drain(uint32_t which) {
  for (uint32_t stripe = 0; stripe < STRIPES; stripe++) {
    for (uint32_t turn = 0; __atomic_load_n(&counters[which][stripe].inside, __ATOMIC_SEQ_CST) != 0; turn++) {
      if (turn < 100) {
        sched_yield();
      } else {
        struct timespec pause = {0, 50000};
        int state = vdb_cancellation_off();
        nanosleep(&pause, NULL);
        vdb_cancellation_restore(state);
      }
    }
  }
}

void vdb_readers_wait(void) {
  lock_outside_gate(&waiting);
  uint32_t current = __atomic_load_n(&phase, __ATOMIC_SEQ_CST);
  drain(1 - current); /* those who read the phase before the last flip and came in after it */
  __atomic_store_n(&phase, 1 - current, __ATOMIC_SEQ_CST);
  drain(current);
  pthread_mutex_unlock(&waiting);
}

void *vdb_readers_load(void *const *cell) { return __atomic_load_n(cell, __ATOMIC_SEQ_CST); }

void *vdb_readers_swap(void **cell, void *value) { return __atomic_exchange_n(cell, value, __ATOMIC_SEQ_CST); }

void vdb_readers_prepare_fork(void) { pthread_mutex_lock(&waiting); }

void vdb_readers_parent_after_fork(void) { pthread_mutex_unlock(&waiting); }

void vdb_readers_child_after_fork(void) {
  memset(counters, 0, sizeof counters);
  pthread_mutex_init(&waiting, NULL);
}
