#include "vdb_gate.h"
#include "vdb_threads.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
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
/* Whether the process ends, and the thread that ends it, which the gate lets pass. */
static uint32_t ending;
static _Thread_local int is_ending;
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

/* Takes `opening`; 0 when the process ends, which keeps it, and has taken so long that somebody seems to wait for this thread. */
static int take_opening(void) {
  for (;;) {
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += VDB_GATE_LAST_WAIT_S;
    if (pthread_mutex_timedlock(&opening, &end) == 0) return 1;
    if (__atomic_load_n(&ending, __ATOMIC_SEQ_CST)) return 0;
  }
}

static __attribute__((noinline)) void wait_and_enter(vdb_gate_seat *seat) {
  if (is_ending) {
    __atomic_fetch_add(counter_of(seat), 1, __ATOMIC_SEQ_CST);
    return;
  }
  __atomic_fetch_add(&kept_out, 1, __ATOMIC_SEQ_CST);
  do {
    if (take_opening()) {
      pthread_mutex_unlock(&opening);
    } else {
      __atomic_store_n(&closed, 0, __ATOMIC_SEQ_CST);
    }
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

/* With `opening` taken: waits, within bounds, until nobody but the calling thread is inside. */
static void close_and_wait(void) {
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

/* Whether the fork that goes on has taken `opening`. */
static int is_closed_by_fork;

void vdb_gate_close(void) {
  if (is_ending || !take_opening()) return;
  is_closed_by_fork = 1;
  close_and_wait();
}

void vdb_gate_open(void) {
  if (!is_closed_by_fork) return;
  is_closed_by_fork = 0;
  __atomic_store_n(&closed, 0, __ATOMIC_SEQ_CST);
  pthread_mutex_unlock(&opening);
}

void vdb_gate_open_in_child(void) {
  memset(counters, 0, sizeof counters);
  if (own_seat.depth > 0) *own_seat.inside = 1;
  kept_out = 0;
  closed = 0;
  is_closed_by_fork = 0;
  ending = 0;
  is_ending = 0;
  pthread_mutex_init(&opening, NULL);
}

static void end_process(void) {
  if (__atomic_load_n(&ending, __ATOMIC_SEQ_CST) || !take_opening()) return;
  is_ending = 1;
  __atomic_store_n(&ending, 1, __ATOMIC_SEQ_CST);
  close_and_wait();
}

void vdb_gate_close_at_exit(void) { atexit(end_process); }
