#include "vdb_interrupts.h"

#include <stddef.h>
#include <time.h>

#include "vdb_gate.h"

static _Thread_local struct {
  int32_t (*check)(void *);
  void *context;
  /* Within a call that asks. */
  int is_asked;
  int said_yes;
  /* The host is answering: what it calls meanwhile is not a call of its own. */
  int is_answering;
} mine;

void vdb_interrupt_set_check(int32_t (*check)(void *), void *context) {
  mine.check = check;
  mine.context = context;
}

void vdb_interrupt_begin(void) {
  if (mine.check == NULL || mine.is_answering) return;
  mine.is_asked = 1;
  mine.said_yes = 0;
}

void vdb_interrupt_end(void) {
  if (!mine.is_answering) mine.is_asked = 0;
}

static int may_ask(void) { return mine.is_asked && !mine.is_answering; }

int vdb_interrupted(void) { return may_ask() && mine.said_yes; }

uint64_t vdb_interrupt_bound(uint64_t deadline, uint32_t piece_ms) {
  if (!may_ask()) return deadline;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  const uint64_t end = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec + piece_ms * UINT64_C(1000000);
  return end < deadline ? end : deadline;
}

int vdb_interrupt_bound_ms(int milliseconds, uint32_t piece_ms) {
  return may_ask() && (milliseconds < 0 || milliseconds > (int)piece_ms) ? (int)piece_ms : milliseconds;
}

void vdb_interrupt_ask(void) {
  if (!may_ask() || mine.said_yes || mine.check == NULL) return;
  mine.is_answering = 1;
  const uint32_t depth = vdb_gate_pause();
  const int32_t answer = mine.check(mine.context);
  vdb_gate_resume(depth);
  mine.is_answering = 0;
  mine.said_yes = answer != 0;
}
