/* Handles that all threads share, so that they close under each other. */
#include <pthread.h>

#include "fuzz.h"

enum { LIVE = 64, STALE = 64 };

static struct {
  handle_entry live[LIVE];
  int count;
  uint64_t stale[STALE];
  int stale_next;
} pools[KIND_COUNT];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static const char *const closers[KIND_COUNT] = {"vdb_database_close", "vdb_results_free", "vdb_write_report_free",
                                                "vdb_cancel_token_free", "vdb_request_free"};

static vdb_status close_token(int kind, uint64_t token) {
  vdb_status (*closer)(uint64_t) = (vdb_status(*)(uint64_t))library_symbol(closers[kind]);
  return closer(token);
}

static void remember_stale(int kind, uint64_t token) {
  pools[kind].stale[pools[kind].stale_next++ % STALE] = token;
}

void pool_add(int kind, handle_entry entry) {
  const int cap = kind == KIND_DATABASE ? 12 : LIVE;
  pthread_mutex_lock(&lock);
  const int full = pools[kind].count >= cap;
  if (!full) pools[kind].live[pools[kind].count++] = entry;
  if (full) remember_stale(kind, entry.token);
  pthread_mutex_unlock(&lock);
  if (full) close_token(kind, entry.token);
}

void pool_remove(int kind, uint64_t token) {
  pthread_mutex_lock(&lock);
  for (int i = 0; i < pools[kind].count; i++) {
    if (pools[kind].live[i].token == token) {
      pools[kind].live[i] = pools[kind].live[--pools[kind].count];
      remember_stale(kind, token);
      break;
    }
  }
  pthread_mutex_unlock(&lock);
}

handle_entry pool_pick(int kind, rng *r) {
  handle_entry picked = {0, 0};
  pthread_mutex_lock(&lock);
  const int count = pools[kind].count;
  /* The newest request is the one that may still be cancelled. */
  if (kind == KIND_REQUEST && count > 0 && rng_chance(r, 30)) picked = pools[kind].live[count - 1];
  else if (count > 0) picked = pools[kind].live[rng_below(r, (uint64_t)count)];
  pthread_mutex_unlock(&lock);
  return picked;
}

uint64_t pool_pick_stale(int kind, rng *r) {
  pthread_mutex_lock(&lock);
  const uint64_t token = pools[kind].stale[rng_below(r, STALE)];
  pthread_mutex_unlock(&lock);
  return token;
}

int pool_size(int kind) {
  pthread_mutex_lock(&lock);
  const int count = pools[kind].count;
  pthread_mutex_unlock(&lock);
  return count;
}

int pool_close_all(void) {
  int failed = 0;
  for (int kind = 0; kind < KIND_COUNT; kind++) {
    for (int i = 0; i < pools[kind].count; i++) {
      if (close_token(kind, pools[kind].live[i].token) != VDB_OK) failed++;
    }
    pools[kind].count = 0;
  }
  return failed;
}
