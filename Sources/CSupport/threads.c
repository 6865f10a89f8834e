#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "vdb_threads.h"
#include "vdb_gate.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STACK_BYTES ((size_t)1 << 20)

typedef struct {
  void (*body)(void *);
  void *argument;
  char name[16];
} start;

static void *run(void *opaque) {
  start mine = *(start *)opaque;
  free(opaque);
  if (mine.name[0] != 0) pthread_setname_np(pthread_self(), mine.name);
  vdb_gate_seat *seat = vdb_gate_enter();
  mine.body(mine.argument);
  vdb_gate_leave(seat);
  return NULL;
}

int vdb_thread_start(void (*body)(void *), void *argument, const char *name) {
  start *opaque = calloc(1, sizeof *opaque);
  if (opaque == NULL) return ENOMEM;
  opaque->body = body;
  opaque->argument = argument;
  if (name != NULL) strncpy(opaque->name, name, sizeof opaque->name - 1);

  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, STACK_BYTES);
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  int refused = pthread_create(&thread, &attributes, run, opaque);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  if (refused) free(opaque);
  return refused;
}

uint32_t vdb_usable_processors(void) {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) {
    int count = CPU_COUNT(&allowed);
    if (count > 0) return (uint32_t)count;
  }
  long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? (uint32_t)online : 1;
}

static uint32_t next_stripe;
static _Thread_local uint32_t stripe_plus_one;

uint32_t vdb_thread_stripe(void) {
  if (stripe_plus_one == 0) stripe_plus_one = (__atomic_fetch_add(&next_stripe, 1, __ATOMIC_RELAXED) & 0xffffu) + 1;
  return stripe_plus_one - 1;
}

static _Thread_local int in_task;

int vdb_thread_in_task(void) { return in_task; }

void vdb_thread_set_in_task(int inside) { in_task = inside; }

int vdb_cancellation_off(void) {
  int state = PTHREAD_CANCEL_ENABLE;
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
  return state;
}

void vdb_cancellation_restore(int state) { pthread_setcancelstate(state, NULL); }

/* What vdb_thread_set_value keeps, and how it ends. The key is made as the library is loaded: making it at the first failure
 * would need a lock that a fork could leave taken. */
static pthread_key_t value_key;
static int has_value_key;
static void (*end_of_value)(void *);

static void end_value(void *value) {
  vdb_gate_seat *seat = vdb_gate_enter();
  __atomic_load_n(&end_of_value, __ATOMIC_RELAXED)(value);
  vdb_gate_leave(seat);
}

__attribute__((constructor)) static void make_value_key(void) {
  has_value_key = pthread_key_create(&value_key, end_value) == 0;
}

void *vdb_thread_value(void) { return has_value_key ? pthread_getspecific(value_key) : NULL; }

int vdb_thread_set_value(void *value, void (*end)(void *)) {
  if (!has_value_key) return 0;
  __atomic_store_n(&end_of_value, end, __ATOMIC_RELAXED);
  return pthread_setspecific(value_key, value) == 0;
}
