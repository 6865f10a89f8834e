/* What the resilience layer costs from C: a call that does nearly nothing (counting an empty database) through the standard
 * layers and through all of them, a search answered from the cache, the same by many threads, and whether memory grows.
 * Prints one JSON object.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "timing.h"

#define MAX_THREADS 64

static vdb_database *open_with(const char *more) {
  char options[512];
  snprintf(options, sizeof options, "{\"dimensions\": %d, \"threads\": 1%s}", DIMENSIONS, more);
  vdb_database *database;
  check(vdb_database_open("pipeline", VDB_NTS, options, VDB_NTS, NULL, &database));
  return database;
}

static void count(vdb_database *database, int calls) {
  uint64_t number;
  int32_t exact;
  for (int call = 0; call < calls; call++) {
    check(vdb_database_count(database, NULL, 0, NULL, &number, &exact));
  }
}

static const float query[DIMENSIONS] = {1};

static void search(vdb_database *database, int calls) {
  for (int call = 0; call < calls; call++) {
    vdb_results *results;
    vdb_columns columns = VDB_COLUMNS_INIT;
    check(vdb_database_search(database, query, DIMENSIONS, NULL, &results));
    check(vdb_results_columns(results, &columns));
    check(vdb_results_free(results));
  }
}

typedef void work(vdb_database *, int);

/* Nanoseconds of a call. */
static double one_thread(vdb_database *database, work *body, int calls) {
  double rounds[ROUNDS];
  body(database, calls / 10);
  for (int round = 0; round < ROUNDS; round++) {
    double start = nanoseconds();
    body(database, calls);
    rounds[round] = (nanoseconds() - start) / calls;
  }
  return median(rounds);
}

typedef struct {
  vdb_database *database;
  work *body;
  int calls;
} share;

static void *run_share(void *argument) {
  share *mine = argument;
  mine->body(mine->database, mine->calls);
  return NULL;
}

/* Thousand calls a second of all threads together, on one database. */
static double many_threads(vdb_database *database, work *body, int threads, int calls) {
  double rounds[ROUNDS];
  for (int round = 0; round < ROUNDS; round++) {
    pthread_t all[MAX_THREADS];
    share mine = {database, body, calls / threads};
    double start = nanoseconds();
    for (int at = 0; at < threads; at++) pthread_create(&all[at], NULL, run_share, &mine);
    for (int at = 0; at < threads; at++) pthread_join(all[at], NULL);
    rounds[round] = (double)mine.calls * threads / (nanoseconds() - start) * 1e6;
  }
  return median(rounds);
}

static double resident_mib(void) {
  FILE *file = fopen("/proc/self/statm", "r");
  long pages = 0;
  if (file == NULL || fscanf(file, "%*s %ld", &pages) != 1) exit(EXIT_FAILURE);
  fclose(file);
  return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1048576;
}

static void fill(vdb_database *database) {
  enum { ROWS = 1000 };
  float *vectors = calloc((size_t)ROWS * DIMENSIONS, sizeof *vectors);
  if (vectors == NULL) exit(EXIT_FAILURE);
  for (int row = 0; row < ROWS; row++) {
    vectors[row * DIMENSIONS] = 1;
    vectors[row * DIMENSIONS + 1] = (float)row;
  }
  upsert_rows(database, vectors, ROWS);
  free(vectors);
}

int main(void) {
  vdb_database *plain = open_with("");
  vdb_database *full = open_with(
      ", \"cache\": true, \"fault_injection\": {\"seed\": 1}, \"resilience\": {\"rate_limit\": {\"per_second\": 1000000,"
      " \"burst\": 1000000}, \"bulkhead\": {\"max_concurrent\": 1000}, \"slow_call_threshold\": 10}");
  vdb_database *cached = open_with(", \"cache\": true");
  fill(cached);

  printf("{\"count_ns\": %.0f, ", one_thread(plain, count, 200000));
  printf("\"count_all_layers_ns\": %.0f, ", one_thread(full, count, 100000));
  printf("\"cache_hit_ns\": %.0f", one_thread(cached, search, 100000));
  const int threads[] = {1, 8, MAX_THREADS};
  for (int at = 0; at < 3; at++) {
    printf(", \"count_%d_threads_kcalls\": %.0f", threads[at], many_threads(plain, count, threads[at], 400000));
    printf(", \"cache_hit_%d_threads_kcalls\": %.0f", threads[at], many_threads(cached, search, threads[at], 200000));
  }
  double before = resident_mib();
  count(plain, 5 * 1000 * 1000);
  search(cached, 1000 * 1000);
  printf(", \"resident_before_mib\": %.1f, \"resident_after_mib\": %.1f}\n", before, resident_mib());
  check(vdb_database_close(plain));
  check(vdb_database_close(full));
  check(vdb_database_close(cached));
  return EXIT_SUCCESS;
}
