/* What a call costs from C: an empty one, one that looks its handle up and does nothing else, and a k = 10 search over so few
 * rows that the way in and out is all there is; and, to compare with other hosts, over 1,000 rows; and a count, with the twin
 * of it that comes back on another thread. Prints one JSON object.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "timing.h"

#include <semaphore.h>

/* Nanoseconds of vdb_version_number. */
static double empty_call(void) {
  const int calls = 20 * 1000 * 1000;
  double rounds[ROUNDS];
  volatile uint32_t sink = 0;
  for (int round = 0; round < ROUNDS; round++) {
    double start = nanoseconds();
    for (int call = 0; call < calls; call++) sink = vdb_version_number();
    rounds[round] = (nanoseconds() - start) / calls;
  }
  (void)sink;
  return median(rounds);
}

/* Nanoseconds of vdb_database_clear_cache without a cache, which is the way in, the look-up of the handle, and the way out. */
static double handle_call(void) {
  const int calls = 5 * 1000 * 1000;
  double rounds[ROUNDS];
  vdb_database *database;
  check(vdb_database_open("crossing", VDB_NTS, "{\"dimensions\": 4}", VDB_NTS, NULL, &database));
  for (int round = 0; round < ROUNDS; round++) {
    double start = nanoseconds();
    for (int call = 0; call < calls; call++) check(vdb_database_clear_cache(database));
    rounds[round] = (nanoseconds() - start) / calls;
  }
  check(vdb_database_close(database));
  return median(rounds);
}

static float pseudo_random(uint32_t *state) {
  *state = *state * 1664525u + 1013904223u;
  return (float)(*state >> 8) / 16777216.0f - 0.5f;
}

/* Microseconds of a search with its columns read and its results freed. */
static double search(uint64_t rows) {
  const int calls = rows > 100 ? 5000 : 20000;
  uint32_t state = 7;
  float *vectors = malloc(rows * DIMENSIONS * sizeof *vectors);
  if (vectors == NULL) exit(EXIT_FAILURE);
  for (uint64_t at = 0; at < rows * DIMENSIONS; at++) vectors[at] = pseudo_random(&state);

  vdb_database *database;
  check(vdb_database_open("crossing", VDB_NTS, "{\"dimensions\": 384, \"threads\": 1}", VDB_NTS, NULL, &database));
  upsert_rows(database, vectors, rows);

  double rounds[ROUNDS];
  for (int round = 0; round < ROUNDS; round++) {
    double start = nanoseconds();
    for (int call = 0; call < calls; call++) {
      vdb_results *results;
      vdb_columns columns = VDB_COLUMNS_INIT;
      check(vdb_database_search(database, vectors + (uint64_t)call % rows * DIMENSIONS, DIMENSIONS, NULL, &results));
      check(vdb_results_columns(results, &columns));
      check(vdb_results_free(results));
    }
    rounds[round] = (nanoseconds() - start) / calls / 1e3;
  }
  check(vdb_database_close(database));
  free(vectors);
  return median(rounds);
}

static void post(void *context, vdb_request *request, vdb_status status) {
  (void)request;
  check(status);
  sem_post(context);
}

/* Microseconds of a count of nothing: in this thread, or there and back through a thread of the library with many or just one
 * under way at a time. */
static double count(int at_a_time) {
  const int calls = 20000;
  double rounds[ROUNDS];
  vdb_database *database;
  sem_t ended;
  if (sem_init(&ended, 0, 0) != 0) exit(EXIT_FAILURE);
  check(vdb_database_open("crossing", VDB_NTS, "{\"dimensions\": 4}", VDB_NTS, NULL, &database));
  vdb_request *requests[100];
  for (int round = 0; round < ROUNDS; round++) {
    double start = nanoseconds();
    for (int call = 0; call < calls; call += at_a_time > 0 ? at_a_time : 1) {
      uint64_t number;
      if (at_a_time == 0) check(vdb_database_count(database, NULL, 0, NULL, &number, NULL));
      for (int i = 0; i < at_a_time; i++)
        check(vdb_database_count_async(database, NULL, 0, NULL, post, &ended, &requests[i]));
      for (int i = 0; i < at_a_time; i++) {
        while (sem_wait(&ended) != 0) {}
      }
      for (int i = 0; i < at_a_time; i++) {
        check(vdb_request_take_count(requests[i], &number, NULL));
        check(vdb_request_free(requests[i]));
      }
    }
    rounds[round] = (nanoseconds() - start) / calls / 1e3;
  }
  check(vdb_database_close(database));
  sem_destroy(&ended);
  return median(rounds);
}

int main(void) {
  printf("{\"empty_ns\": %.2f, \"handle_ns\": %.2f, ", empty_call(), handle_call());
  printf("\"search_10_us\": %.2f, \"search_1000_us\": %.2f, ", search(10), search(1000));
  printf("\"count_us\": %.2f, \"async_us\": %.2f, \"async_100_us\": %.2f}\n", count(0), count(1), count(100));
  return EXIT_SUCCESS;
}
