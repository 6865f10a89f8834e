#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "vdb_locks.h"
#include "blocking.h"
#include "vdb_gate.h"
#include "vdb_readers.h"
#include "vdb_threads.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

/* A cache line each: neighbours must not slow each other down. */
struct vdb_lock_slot {
  union {
    pthread_mutex_t mutex;
    pthread_cond_t condition;
  };
  uint32_t slab;
  vdb_lock_slot *next_free;
} __attribute__((aligned(64)));

/* Blocks double in size: block b holds FIRST_BLOCK << b slots. They are never freed, so a slot's address stays valid. */
#define FIRST_BLOCK 16u
#define BLOCKS 26

typedef struct {
  vdb_lock_slot *blocks[BLOCKS];
  uint32_t used; /* slots ever handed out; those in the free list count too */
  vdb_lock_slot *free;
} slab;

#define CONDITIONS VDB_LOCK_LEVELS

static slab slabs[VDB_LOCK_LEVELS + 1];
static vdb_lock_slot first_blocks[VDB_LOCK_LEVELS + 1][FIRST_BLOCK];
/* Guards the slabs. Taken after every lock, and never held while taking one. */
static pthread_mutex_t slabs_mutex = PTHREAD_MUTEX_INITIALIZER;
/* One fork at a time: fork handlers of two threads may run side by side, and what follows is shared. */
static pthread_mutex_t fork_mutex = PTHREAD_MUTEX_INITIALIZER;
static uint64_t epoch;
/* Locks of each level that the running fork holds. Only touched while preparing and after, by the forking thread. */
static uint32_t held[VDB_LOCK_LEVELS];

static vdb_lock_slot *slot_at(const slab *from, uint32_t index) {
  uint32_t block = 31u - (uint32_t)__builtin_clz(index / FIRST_BLOCK + 1u);
  return from->blocks[block] + (index - FIRST_BLOCK * ((1u << block) - 1u));
}

static void condition_init(pthread_cond_t *condition) {
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(condition, &attributes);
  pthread_condattr_destroy(&attributes);
}

static uint32_t used_slots(uint32_t level) {
  pthread_mutex_lock(&slabs_mutex);
  uint32_t used = slabs[level].used;
  pthread_mutex_unlock(&slabs_mutex);
  return used;
}

/* Opens the gate and gives back what was taken before it closed. */
static void give_way(void) {
  vdb_gate_open();
  vdb_readers_parent_after_fork();
  for (uint32_t level = VDB_LOCK_LEVELS; level-- > 0;) {
    for (uint32_t i = held[level]; i-- > 0;) pthread_mutex_unlock(&slot_at(&slabs[level], i)->mutex);
    held[level] = 0;
  }
}

/* Takes the locks made since their level was passed, with slabs_mutex held. They come out of order, so they are only tried:
 * 0 when one is taken by somebody, who may wait for one of ours. */
static int take_late_ones(void) {
  for (uint32_t level = 0; level < VDB_LOCK_LEVELS; level++) {
    for (; held[level] < slabs[level].used; held[level]++) {
      if (pthread_mutex_trylock(&slot_at(&slabs[level], held[level])->mutex) != 0) return 0;
    }
  }
  return 1;
}

/* The gate closes while the slabs are free, for who makes a lock may be in the initialiser of a global, which is no place to
 * meet a fork. Locks made meanwhile are few; somebody who waits at the gate may hold one, and then all begins again. */
static void prepare_fork(void) {
  pthread_mutex_lock(&fork_mutex);
  vdb_gate_let_in();
  for (;;) {
    for (uint32_t level = 0; level < VDB_LOCK_LEVELS; level++) {
      uint32_t used = used_slots(level);
      for (; held[level] < used; held[level]++) pthread_mutex_lock(&slot_at(&slabs[level], held[level])->mutex);
    }
    vdb_readers_prepare_fork();
    vdb_gate_close();
    pthread_mutex_lock(&slabs_mutex);
    if (take_late_ones()) return;
    pthread_mutex_unlock(&slabs_mutex);
    give_way();
  }
}

static void parent_after_fork(void) {
  pthread_mutex_unlock(&slabs_mutex);
  give_way();
  pthread_mutex_unlock(&fork_mutex);
}

static void child_after_fork(void) {
  for (uint32_t level = 0; level < VDB_LOCK_LEVELS; level++) {
    for (uint32_t i = 0; i < slabs[level].used; i++) pthread_mutex_init(&slot_at(&slabs[level], i)->mutex, NULL);
    held[level] = 0;
  }
  for (uint32_t i = 0; i < slabs[CONDITIONS].used; i++) condition_init(&slot_at(&slabs[CONDITIONS], i)->condition);
  vdb_readers_child_after_fork();
  pthread_mutex_init(&slabs_mutex, NULL);
  pthread_mutex_init(&fork_mutex, NULL);
  vdb_gate_open_in_child();
  __atomic_fetch_add(&epoch, 1, __ATOMIC_SEQ_CST);
}

static void slot_init(vdb_lock_slot *slot, uint32_t which) {
  slot->slab = which;
  if (which == CONDITIONS) {
    condition_init(&slot->condition);
  } else {
    pthread_mutex_init(&slot->mutex, NULL);
  }
}

/* As the library is loaded: before any thread can be inside. Slot 0 of each slab is what everybody shares for whom there was
 * no memory. */
__attribute__((constructor)) static void set_up(void) {
  for (uint32_t which = 0; which <= CONDITIONS; which++) {
    slabs[which].blocks[0] = first_blocks[which];
    slot_init(slot_at(&slabs[which], 0), which);
    slabs[which].used = 1;
  }
  pthread_atfork(prepare_fork, parent_after_fork, child_after_fork);
}

static vdb_lock_slot *slot_new(uint32_t which) {
  pthread_mutex_lock(&slabs_mutex);
  slab *from = &slabs[which];
  vdb_lock_slot *slot = from->free;
  if (slot != NULL) {
    from->free = slot->next_free;
  } else {
    uint32_t block = 31u - (uint32_t)__builtin_clz(from->used / FIRST_BLOCK + 1u);
    if (block < BLOCKS && from->blocks[block] == NULL) {
      size_t bytes = ((size_t)FIRST_BLOCK << block) * sizeof(vdb_lock_slot);
      from->blocks[block] = aligned_alloc(_Alignof(vdb_lock_slot), bytes);
    }
    if (block < BLOCKS && from->blocks[block] != NULL) {
      slot = slot_at(from, from->used);
      slot_init(slot, which);
      from->used++;
    }
  }
  if (slot == NULL) slot = slot_at(from, 0);
  pthread_mutex_unlock(&slabs_mutex);
  return slot;
}

vdb_lock_slot *vdb_lock_new(uint32_t level) { return slot_new(level % VDB_LOCK_LEVELS); }

vdb_lock_slot *vdb_condition_new(void) { return slot_new(CONDITIONS); }

void vdb_lock_free(vdb_lock_slot *slot) {
  if (slot == slot_at(&slabs[slot->slab], 0)) return;
  pthread_mutex_lock(&slabs_mutex);
  slot->next_free = slabs[slot->slab].free;
  slabs[slot->slab].free = slot;
  pthread_mutex_unlock(&slabs_mutex);
}

void vdb_lock_take(vdb_lock_slot *lock) { lock_outside_gate(&lock->mutex); }

int vdb_lock_take_within(vdb_lock_slot *lock, uint32_t nanoseconds) {
  if (pthread_mutex_trylock(&lock->mutex) == 0) return 1;
  struct timespec when;
  clock_gettime(CLOCK_MONOTONIC, &when);
  long end = when.tv_nsec + (long)nanoseconds;
  when.tv_sec += end / 1000000000;
  when.tv_nsec = end % 1000000000;
  return pthread_mutex_clocklock(&lock->mutex, CLOCK_MONOTONIC, &when) == 0;
}

void vdb_lock_give(vdb_lock_slot *lock) { pthread_mutex_unlock(&lock->mutex); }

void vdb_condition_wait(vdb_lock_slot *condition, vdb_lock_slot *lock) {
  int state = vdb_cancellation_off();
  uint32_t depth = vdb_gate_pause();
  pthread_cond_wait(&condition->condition, &lock->mutex);
  vdb_gate_resume(depth);
  vdb_cancellation_restore(state);
}

int vdb_condition_wait_until(vdb_lock_slot *condition, vdb_lock_slot *lock, uint64_t deadline) {
  struct timespec when = {(time_t)(deadline / 1000000000u), (long)(deadline % 1000000000u)};
  int state = vdb_cancellation_off();
  uint32_t depth = vdb_gate_pause();
  int woken = pthread_cond_timedwait(&condition->condition, &lock->mutex, &when) == 0;
  vdb_gate_resume(depth);
  vdb_cancellation_restore(state);
  return woken;
}

void vdb_condition_signal(vdb_lock_slot *condition) { pthread_cond_signal(&condition->condition); }

void vdb_condition_broadcast(vdb_lock_slot *condition) { pthread_cond_broadcast(&condition->condition); }

uint64_t vdb_process_epoch(void) { return __atomic_load_n(&epoch, __ATOMIC_ACQUIRE); }
