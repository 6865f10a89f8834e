/* Many threads, one database: readers while a writer writes, a long search cancelled from outside, and closing while
 * others are still inside. Every thread has its own last error.
 *
 *   cc threads.c $(pkg-config --cflags --libs vectordb) -lpthread -o threads && ./threads
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <vectordb.h>

#define READERS 3
#define RECORDS 64
#define DIMENSIONS 16
#define GENERATIONS 200

#define EXPECT(condition) \
  ((condition) ? (void)0 \
               : (fprintf(stderr, "threads.c:%d: not so: %s; last error: %s\n", __LINE__, #condition, \
                          vdb_last_error_message()), \
                  exit(EXIT_FAILURE)))

/* Writes every record again, all with the same generation in their metadata, in one batch. */
static vdb_status write_generation(vdb_database *database, int generation) {
  char bytes[RECORDS * 4], metadata[RECORDS * 32];
  uint64_t offsets[RECORDS + 1] = {0};
  float rows[RECORDS][DIMENSIONS];
  size_t used = 0;
  for (int record = 0; record < RECORDS; record++) {
    snprintf(bytes + record * 3, 4, "r%02d", record);
    offsets[record + 1] = offsets[record] + 3;
    used += (size_t)snprintf(metadata + used, sizeof metadata - used, "%s{\"generation\": %d}", record ? "," : "[",
                             generation);
    for (int column = 0; column < DIMENSIONS; column++) rows[record][column] = (float)(record * column % 7 + 1);
  }
  metadata[used++] = ']';

  vdb_strings ids = VDB_STRINGS_INIT;
  ids.bytes = bytes;
  ids.offsets = offsets;
  ids.count = RECORDS;
  vdb_vectors vectors = VDB_VECTORS_INIT;
  vectors.data = rows;
  vectors.count = RECORDS;
  vectors.dimensions = DIMENSIONS;
  return vdb_database_upsert(database, &ids, &vectors, metadata, used, NULL, NULL);
}

/* Searches until the database is closed. A batch must appear at once: never two generations in one answer. */
static void *read_until_closed(void *argument) {
  const vdb_database *database = argument;
  float query[DIMENSIONS];
  for (int column = 0; column < DIMENSIONS; column++) query[column] = 1.0f;
  vdb_search_options options = VDB_SEARCH_OPTIONS_INIT;
  options.k = RECORDS;
  options.flags = VDB_INCLUDE_METADATA;

  for (size_t answers = 0;; answers++) {
    vdb_results *results;
    vdb_status status = vdb_database_search(database, query, DIMENSIONS, &options, &results);
    if (status == VDB_E_CLOSED) {
      EXPECT(results == NULL);
      EXPECT(vdb_last_error_status() == VDB_E_CLOSED);
      return (void *)answers;
    }
    EXPECT(status == VDB_OK);
    vdb_columns columns = VDB_COLUMNS_INIT;
    EXPECT(vdb_results_columns(results, &columns) == VDB_OK);
    EXPECT(columns.row_count == RECORDS);
    size_t length = (size_t)columns.metadata_offsets[1];
    for (uint64_t row = 1; row < RECORDS; row++) {
      EXPECT(columns.metadata_offsets[row + 1] - columns.metadata_offsets[row] == length);
      EXPECT(memcmp(columns.metadata + columns.metadata_offsets[row], columns.metadata, length) == 0);
    }
    EXPECT(vdb_results_free(results) == VDB_OK);
  }
}

static void readers_and_a_writer(void) {
  vdb_database *database;
  EXPECT(vdb_database_open("shared", VDB_NTS, "{\"dimensions\": 16}", VDB_NTS, NULL, &database) == VDB_OK);
  EXPECT(write_generation(database, 0) == VDB_OK);

  pthread_t readers[READERS];
  for (int reader = 0; reader < READERS; reader++) {
    EXPECT(pthread_create(&readers[reader], NULL, read_until_closed, database) == 0);
  }
  for (int generation = 1; generation <= GENERATIONS; generation++) {
    EXPECT(write_generation(database, generation) == VDB_OK);
  }
  uint64_t count;
  EXPECT(vdb_database_count(database, "{\"generation\": 200}", VDB_NTS, NULL, &count, NULL) == VDB_OK);
  EXPECT(count == RECORDS);

  /* The readers are still inside: their calls finish, the next ones are refused. */
  EXPECT(vdb_database_close(database) == VDB_OK);
  for (int reader = 0; reader < READERS; reader++) EXPECT(pthread_join(readers[reader], NULL) == 0);
  EXPECT(vdb_database_close(database) == VDB_E_CLOSED);
  EXPECT(write_generation(database, 0) == VDB_E_CLOSED);
  puts("readers and a writer: every answer showed one generation");
}

/* -------------------------------------------------------------------------------------------------- cancelling --- */

#define LONG_ROWS 20000
#define LONG_QUERIES 20000
#define LONG_DIMENSIONS 256

struct long_search {
  const vdb_database *database;
  vdb_cancel_token *token;
  const float *rows;
  vdb_status status;
};

static void *search_long(void *argument) {
  struct long_search *search = argument;
  vdb_vectors queries = VDB_VECTORS_INIT;
  queries.data = search->rows;
  queries.count = LONG_QUERIES;
  queries.dimensions = LONG_DIMENSIONS;
  vdb_search_options options = VDB_SEARCH_OPTIONS_INIT;
  options.cancel = search->token;
  vdb_results *results;
  search->status = vdb_database_search_batch(search->database, &queries, &options, &results);
  EXPECT((search->status == VDB_OK) == (results != NULL));
  EXPECT(vdb_results_free(results) == VDB_OK);
  return NULL;
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void cancel_from_outside(void) {
  float *rows = malloc(sizeof(float) * LONG_ROWS * LONG_DIMENSIONS);
  char *bytes = malloc(LONG_ROWS * 6);
  uint64_t *offsets = malloc(sizeof(uint64_t) * (LONG_ROWS + 1));
  EXPECT(rows != NULL && bytes != NULL && offsets != NULL);
  uint32_t random = 1;
  for (size_t at = 0; at < (size_t)LONG_ROWS * LONG_DIMENSIONS; at++) {
    random = random * 1664525u + 1013904223u;
    rows[at] = (float)(random >> 8) / 16777216.0f - 0.5f;
  }
  for (uint64_t row = 0; row < LONG_ROWS; row++) {
    char id[8];
    snprintf(id, sizeof id, "%06u", (unsigned)(row % 1000000));
    memcpy(bytes + row * 6, id, 6);
    offsets[row] = row * 6;
  }
  offsets[LONG_ROWS] = (uint64_t)LONG_ROWS * 6;

  vdb_database *database;
  EXPECT(vdb_database_open("large", VDB_NTS, "{\"dimensions\": 256}", VDB_NTS, NULL, &database) == VDB_OK);
  vdb_strings ids = VDB_STRINGS_INIT;
  ids.bytes = bytes;
  ids.offsets = offsets;
  ids.count = LONG_ROWS;
  vdb_vectors vectors = VDB_VECTORS_INIT;
  vectors.data = rows;
  vectors.count = LONG_ROWS;
  vectors.dimensions = LONG_DIMENSIONS;
  EXPECT(vdb_database_upsert(database, &ids, &vectors, NULL, 0, NULL, NULL) == VDB_OK);

  struct long_search search = {database, NULL, rows, VDB_OK};
  EXPECT(vdb_cancel_token_new(&search.token) == VDB_OK);
  pthread_t thread;
  EXPECT(pthread_create(&thread, NULL, search_long, &search) == 0);
  const struct timespec pause = {0, 20 * 1000 * 1000};
  nanosleep(&pause, NULL);
  double start = seconds();
  EXPECT(vdb_cancel_token_cancel(search.token) == VDB_OK);
  EXPECT(pthread_join(thread, NULL) == 0);
  double waited = seconds() - start;
  EXPECT(search.status == VDB_E_CANCELLED);
  printf("cancelled: 20,000 x 20,000 search ended by VDB_E_CANCELLED\n");
  fprintf(stderr, "the cancelled search returned after %.2f ms\n", waited * 1e3);

  /* A token stays cancelled: calls yet to come end as well. Without it the database works on. */
  search_long(&search);
  EXPECT(search.status == VDB_E_CANCELLED);
  vdb_results *results;
  EXPECT(vdb_database_search(database, rows, LONG_DIMENSIONS, NULL, &results) == VDB_OK);
  EXPECT(vdb_results_free(results) == VDB_OK);

  /* A deadline ends a call in the same way. */
  vdb_search_options hurried = VDB_SEARCH_OPTIONS_INIT;
  hurried.timeout_ms = 1;
  vectors.count = LONG_QUERIES;
  EXPECT(vdb_database_search_batch(database, &vectors, &hurried, &results) == VDB_E_TIMEOUT);
  puts("timed out: the same search ended by VDB_E_TIMEOUT");

  EXPECT(vdb_cancel_token_free(search.token) == VDB_OK);
  EXPECT(vdb_database_close(database) == VDB_OK);
  free(offsets);
  free(bytes);
  free(rows);
}

/* ------------------------------------------------------------------------------------------------ errors by thread */

static void *fail_in_own_way(void *argument) {
  vdb_database *database = argument;
  EXPECT(vdb_last_error_status() == VDB_OK && vdb_last_error_message()[0] == '\0');
  for (int round = 0; round < 1000; round++) {
    const float query[3] = {1, 0, 0};
    vdb_results *results;
    EXPECT(vdb_database_search(database, query, 3, NULL, &results) == VDB_E_DIMENSION_MISMATCH);
    EXPECT(vdb_last_error_status() == VDB_E_DIMENSION_MISMATCH);
  }
  return NULL;
}

static void errors_stay_in_their_thread(void) {
  vdb_database *database;
  EXPECT(vdb_database_open("errors", VDB_NTS, "{\"dimensions\": 2}", VDB_NTS, NULL, &database) == VDB_OK);
  pthread_t thread;
  EXPECT(pthread_create(&thread, NULL, fail_in_own_way, database) == 0);
  vdb_search_options none = VDB_SEARCH_OPTIONS_INIT;
  none.k = 0;
  for (int round = 0; round < 1000; round++) {
    const float query[2] = {1, 0};
    vdb_results *results;
    EXPECT(vdb_database_search(database, query, 2, &none, &results) == VDB_E_INVALID_K);
    EXPECT(vdb_last_error_status() == VDB_E_INVALID_K);
  }
  EXPECT(pthread_join(thread, NULL) == 0);
  EXPECT(vdb_database_close(database) == VDB_OK);
  puts("errors: each thread saw its own");
}

int main(void) {
  readers_and_a_writer();
  cancel_from_outside();
  errors_stay_in_their_thread();
  for (vdb_handle_kind kind = VDB_HANDLE_DATABASE; kind <= VDB_HANDLE_CANCEL_TOKEN; kind++) {
    uint64_t live;
    EXPECT(vdb_live_handles(kind, &live) == VDB_OK && live == 0);
  }
  puts("no handle is left");
  return EXIT_SUCCESS;
}
