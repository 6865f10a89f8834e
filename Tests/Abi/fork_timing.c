/*
 * What a fork costs the threads of the parent, and they it: a search of several seconds holds it up for less than 100 ms,
 * threads that fork without end leave room for writers, and a fork meets the log: while the callback runs, while it is
 * being exchanged, and from within.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>

#include "support.h"

enum { RECORDS = 30000, DIMENSIONS = 64, QUERIES = 20000 };

static vdb_database *database;
static float *numbers;
static atomic_int stop, wrong, writes, forks, callbacks, forked_within, slow;

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Whether the database of the parent still answers, and takes a record. */
static int works(void) {
  uint64_t offsets[2];
  vdb_results *results = NULL;
  const vdb_strings ids = one_id("new", offsets, 3);
  const vdb_vectors rows = rows_of(numbers, 1, DIMENSIONS);
  if (vdb_database_upsert(database, &ids, &rows, NULL, 0, NULL, NULL) != VDB_OK) return 0;
  if (vdb_database_search(database, numbers, DIMENSIONS, NULL, &results) != VDB_OK) return 0;
  return vdb_results_free(results) == VDB_OK;
}

/* Forks; how long that took, in milliseconds. The child must work. */
static double fork_once(void) {
  const double start = now_ms();
  const pid_t pid = fork();
  if (pid == 0) {
    alarm(20);
    _exit(works() ? 0 : 1);
  }
  const double took = now_ms() - start;
  int status = 0;
  waitpid(pid, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) wrong++;
  forks++;
  return took;
}

static void *search_long(void *argument) {
  vdb_search_options options = VDB_SEARCH_OPTIONS_INIT;
  const vdb_vectors queries = rows_of(numbers, QUERIES, DIMENSIONS);
  options.cancel = argument;
  while (!stop) {
    vdb_results *results = NULL;
    const vdb_status status = vdb_database_search_batch(database, &queries, &options, &results);
    if (status != VDB_OK && status != VDB_E_CANCELLED) wrong++;
    vdb_results_free(results);
  }
  return NULL;
}

static void *write_on(void *argument) {
  (void)argument;
  while (!stop) {
    if (!works()) wrong++;
    writes++;
  }
  return NULL;
}

static void *fork_on(void *argument) {
  (void)argument;
  while (!stop) fork_once();
  return NULL;
}

static void on_event(void *context, vdb_log_level level, const char *event, size_t length) {
  (void)context, (void)level, (void)event, (void)length;
  callbacks++;
  if (slow) usleep(300000);
  if (forked_within == 0) {
    forked_within = 1;
    fork_once();
    forked_within = 2;
  }
}

static void *exchange_log(void *argument) {
  (void)argument;
  while (!stop) {
    if (vdb_log_set(on_event, NULL, VDB_LOG_DEBUG) != VDB_OK) wrong++;
    vdb_database_close(open_database("{\"dimensions\":3}"));
    if (vdb_log_set(NULL, NULL, VDB_LOG_DEBUG) != VDB_OK) wrong++;
  }
  return NULL;
}

static int ascending(const void *a, const void *b) {
  const double left = *(const double *)a, right = *(const double *)b;
  return (left > right) - (left < right);
}

static void during_a_long_search(void) {
  enum { ROUNDS = 9 };
  double took[ROUNDS];
  pthread_t thread;
  vdb_cancel_token *token = NULL;
  stop = 0;
  EXPECT(VDB_OK, vdb_cancel_token_new(&token));
  pthread_create(&thread, NULL, search_long, token);
  for (int i = 0; i < ROUNDS; i++) {
    usleep(30000);
    took[i] = fork_once();
  }
  stop = 1;
  EXPECT(VDB_OK, vdb_cancel_token_cancel(token));
  pthread_join(thread, NULL);
  EXPECT(VDB_OK, vdb_cancel_token_free(token));
  qsort(took, ROUNDS, sizeof *took, ascending);
  printf("fork during a search: median %.1f ms, longest %.1f ms\n", took[ROUNDS / 2], took[ROUNDS - 1]);
  CHECK(took[ROUNDS / 2] < 100, "a search held the forks up: median %.1f ms", took[ROUNDS / 2]);
}

/* Two threads that fork, one that exchanges the log callback, two that write. */
static void side_by_side(void) {
  pthread_t threads[5];
  stop = writes = forks = 0;
  for (int i = 0; i < 5; i++) {
    pthread_create(&threads[i], NULL, i < 2 ? fork_on : i < 3 ? exchange_log : write_on, NULL);
  }
  for (int i = 0; i < 100 && (forks < 40 || writes < 40); i++) usleep(100000);
  stop = 1;
  for (int i = 0; i < 5; i++) pthread_join(threads[i], NULL);
  printf("side by side: %d forks, %d writes\n", forks, writes);
  CHECK(forks >= 40 && writes >= 40, "%d forks and %d writes in ten seconds", forks, writes);
}

static void with_the_log(void) {
  EXPECT(VDB_OK, vdb_log_set(on_event, NULL, VDB_LOG_DEBUG));
  vdb_database_close(open_database("{\"dimensions\":3}"));
  for (int i = 0; i < 2000 && forked_within < 2; i++) usleep(1000);
  CHECK(forked_within == 2, "the callback could not fork");
  const int before = callbacks;
  slow = 1;
  vdb_database_close(open_database("{\"dimensions\":3}"));
  for (int i = 0; i < 2000 && callbacks == before; i++) usleep(1000);
  const double took = fork_once();
  CHECK(took < 150, "a callback of 300 ms held a fork up for %.1f ms", took);
  slow = 0;
  EXPECT(VDB_OK, vdb_log_set(NULL, NULL, VDB_LOG_DEBUG));
}

int main(void) {
  alarm(120);
  numbers = some_floats(QUERIES * DIMENSIONS);
  database = open_database("{\"dimensions\":64,\"threads\":2}");
  fill(database, RECORDS, DIMENSIONS);
  during_a_long_search();
  with_the_log();
  side_by_side();
  CHECK(wrong == 0, "%d calls or children went wrong", wrong);
  EXPECT(VDB_OK, vdb_database_close(database));
  free(numbers);
  return finish("fork_timing");
}
