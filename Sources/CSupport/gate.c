#include "vdb_gate.h"
#include "vdb_threads.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <time.h>

#define STRIPES 64u
/* Longest time that a fork waits for those whom the last one kept out. */
#define COURTESY_MS 10

/* Counter of the threads inside, in stripes: a cache line each. */
typedef struct {
  uint64_t inside;
} __attribute__((aligned(64))) counter;

static counter counters[STRIPES];
/* Whether a fork waits or goes on. Raised only while the fork holds the locks of the library, so that hardly anybody who has
 * one meets it. */
static uint32_t closed;
/* Held while the gate is closed; who waits for it to open waits for this. */
static pthread_mutex_t opening = PTHREAD_MUTEX_INITIALIZER;
/* Threads that met the closed gate and are not inside yet. */
static uint32_t kept_out;

struct vdb_gate_seat {
  uint64_t *inside; /* the counter of this thread's stripe, NULL before the first use */
  uint32_t depth;   /* how often this thread has entered and not left */
};

static _Thread_local vdb_gate_seat own_seat;

static uint64_t *counter_of(vdb_gate_seat *seat) {
  if (seat->inside == NULL) seat->inside = &counters[vdb_thread_stripe() % STRIPES].inside;
  return seat->inside;
}

static void leave(vdb_gate_seat *seat) { __atomic_fetch_sub(seat->inside, 1, __ATOMIC_RELEASE); }

/* 0 when the gate is closed. Counted first and looked then, while a fork closes first and looks then: one of them sees the
 * other. */
static int try_to_enter(vdb_gate_seat *seat) {
  __atomic_fetch_add(counter_of(seat), 1, __ATOMIC_SEQ_CST);
  if (!__atomic_load_n(&closed, __ATOMIC_SEQ_CST)) return 1;
  leave(seat);
  return 0;
}

static __attribute__((noinline)) void wait_and_enter(vdb_gate_seat *seat) {
  __atomic_fetch_add(&kept_out, 1, __ATOMIC_SEQ_CST);
  do {
    pthread_mutex_lock(&opening);
    pthread_mutex_unlock(&opening);
  } while (!try_to_enter(seat));
  __atomic_fetch_sub(&kept_out, 1, __ATOMIC_SEQ_CST);
}

vdb_gate_seat *vdb_gate_enter(void) {
  vdb_gate_seat *seat = &own_seat;
  if (seat->depth++ == 0 && !try_to_enter(seat)) wait_and_enter(seat);
  return seat;
}

void vdb_gate_leave(vdb_gate_seat *seat) {
  if (--seat->depth == 0) leave(seat);
}

void vdb_gate_safe_point(void) {
  if (__atomic_load_n(&closed, __ATOMIC_RELAXED)) vdb_gate_resume(vdb_gate_pause());
}

uint32_t vdb_gate_pause(void) {
  vdb_gate_seat *seat = &own_seat;
  uint32_t before = seat->depth;
  seat->depth = 0;
  if (before > 0) leave(seat);
  return before;
}

void vdb_gate_resume(uint32_t before) {
  vdb_gate_seat *seat = &own_seat;
  if (before > 0 && !try_to_enter(seat)) wait_and_enter(seat);
  seat->depth = before;
}

static uint64_t milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Lets others run, and sleeps when that was not enough. */
static void wait_a_little(uint32_t turn) {
  if (turn < 100) {
    sched_yield();
    return;
  }
  struct timespec pause = {0, 50000};
  int state = vdb_cancellation_off();
  nanosleep(&pause, NULL);
  vdb_cancellation_restore(state);
}

void vdb_gate_let_in(void) {
  uint64_t end = milliseconds() + COURTESY_MS;
  for (uint32_t turn = 0; __atomic_load_n(&kept_out, __ATOMIC_SEQ_CST) != 0 && milliseconds() < end; turn++) {
    wait_a_little(turn);
  }
}

void vdb_gate_close(void) {
  pthread_mutex_lock(&opening);
  __atomic_store_n(&closed, 1, __ATOMIC_SEQ_CST);
  uint64_t end = milliseconds() + VDB_GATE_PATIENCE_MS;
  const uint64_t *own = own_seat.depth > 0 ? own_seat.inside : NULL;
  for (uint32_t stripe = 0; stripe < STRIPES; stripe++) {
    uint64_t *inside = &counters[stripe].inside;
    /* A host may fork where the library called it. */
    uint64_t allowed = inside == own ? 1 : 0;
    for (uint32_t turn = 0; __atomic_load_n(inside, __ATOMIC_SEQ_CST) > allowed; turn++) {
      if (milliseconds() >= end) return;
      wait_a_little(turn);
    }
  }
}

void vdb_gate_open(void) {
  __atomic_store_n(&closed, 0, __ATOMIC_SEQ_CST);
  pthread_mutex_unlock(&opening);
}

void vdb_gate_open_in_child(void) {
  memset(counters, 0, sizeof counters);
  if (own_seat.depth > 0) *own_seat.inside = 1;
  kept_out = 0;
  closed = 0;
  pthread_mutex_init(&opening, NULL);
}
