/* Asynchronous calls: an event loop of a few lines asks two databases many questions at a time. One of them hangs, which
 * the other does not notice; what waits for it is cancelled or runs out of time.
 *
 *   cc async.c $(pkg-config --cflags --libs vectordb) -lpthread -o async && ./async
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vectordb.h>

#define QUESTIONS 100
#define DIMENSIONS 4

/* Ends the program with the library's own sentence about what went wrong. */
static void check(vdb_status status) {
  if (status == VDB_OK) return;
  fprintf(stderr, "%s: %s\n", vdb_status_name(status), vdb_last_error_message());
  exit(EXIT_FAILURE);
}

/* ---- the loop: threads of the library put requests that have ended in, this thread takes them out ------------------- */

static struct {
  pthread_mutex_t lock;
  pthread_cond_t came;
  vdb_request *ended[2 * QUESTIONS + 4];
  int count;
} loop = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, {NULL}, 0};

/* Hands the news on and returns: the answer waits in the request. */
static void on_done(void *context, vdb_request *request, vdb_status status) {
  (void)context, (void)status;
  pthread_mutex_lock(&loop.lock);
  loop.ended[loop.count++] = request;
  pthread_cond_signal(&loop.came);
  pthread_mutex_unlock(&loop.lock);
}

/* The next request that has ended. */
static vdb_request *next(void) {
  pthread_mutex_lock(&loop.lock);
  while (loop.count == 0) pthread_cond_wait(&loop.came, &loop.lock);
  vdb_request *request = loop.ended[--loop.count];
  pthread_mutex_unlock(&loop.lock);
  return request;
}

/* ---- databases ------------------------------------------------------------------------------------------------------ */

/* Both are opened at the same time. */
static void open_both(vdb_database **healthy, vdb_database **hanging) {
  const char *plain = "{\"dimensions\": 4, \"metric\": \"l2\"}";
  const char *faulty = "{\"dimensions\": 4, \"metric\": \"l2\", \"fault_injection\": {\"stall_rate\": 1}}";
  vdb_request *requests[2];
  check(vdb_database_open_async("healthy", VDB_NTS, plain, VDB_NTS, NULL, on_done, NULL, &requests[0]));
  check(vdb_database_open_async("hanging", VDB_NTS, faulty, VDB_NTS, NULL, on_done, NULL, &requests[1]));
  next(), next();
  check(vdb_request_take_database(requests[0], healthy));
  check(vdb_request_take_database(requests[1], hanging));
  check(vdb_request_free(requests[0]));
  check(vdb_request_free(requests[1]));
}

/* Ten records on a line. What was handed over may go as soon as the function has returned. */
static void write_records(vdb_database *database) {
  char bytes[11] = "0123456789";
  uint64_t offsets[11];
  float rows[10][DIMENSIONS] = {{0}};
  for (int record = 0; record <= 10; record++) {
    offsets[record] = (uint64_t)record;
    if (record < 10) rows[record][0] = (float)record;
  }
  vdb_strings ids = VDB_STRINGS_INIT;
  ids.bytes = bytes;
  ids.offsets = offsets;
  ids.count = 10;
  vdb_vectors vectors = VDB_VECTORS_INIT;
  vectors.data = rows;
  vectors.count = 10;
  vectors.dimensions = DIMENSIONS;
  check(vdb_database_upsert_async(database, &ids, &vectors, NULL, 0, NULL, on_done, NULL, NULL));
  memset(bytes, 'x', sizeof bytes - 1);
  memset(rows, 0, sizeof rows);

  vdb_request *request = next();
  vdb_write_report *report;
  vdb_write_columns columns = VDB_WRITE_COLUMNS_INIT;
  check(vdb_request_take_report(request, &report));
  check(vdb_write_report_columns(report, &columns));
  printf("wrote %llu records\n", (unsigned long long)columns.applied);
  check(vdb_write_report_free(report));
  check(vdb_request_free(request));
}

static vdb_request *ask(vdb_database *database, float x, int64_t timeout_ms) {
  const float query[DIMENSIONS] = {x, 0, 0, 0};
  vdb_search_options options = VDB_SEARCH_OPTIONS_INIT;
  options.k = 1;
  options.timeout_ms = timeout_ms;
  vdb_request *request;
  check(vdb_database_search_async(database, query, DIMENSIONS, &options, on_done, NULL, &request));
  return request;
}

int main(void) {
  vdb_database *healthy, *hanging;
  open_both(&healthy, &hanging);
  write_records(healthy);

  vdb_request *stuck[QUESTIONS];
  for (int i = 0; i < QUESTIONS; i++) stuck[i] = ask(hanging, 0, -1);
  for (int i = 0; i < QUESTIONS; i++) ask(healthy, (float)(i % 10), 0);

  /* The answers of the healthy one, in whatever order they come. */
  int hits[10] = {0};
  for (int i = 0; i < QUESTIONS; i++) {
    vdb_request *request = next();
    vdb_results *results;
    vdb_columns columns = VDB_COLUMNS_INIT;
    check(vdb_request_take_results(request, &results));
    check(vdb_results_columns(results, &columns));
    if (columns.row_count == 1 && columns.distances[0] == 0) hits[columns.ids[0] - '0']++;
    check(vdb_results_free(results));
    check(vdb_request_free(request));
  }
  for (int record = 0; record < 10; record++) printf("record %d: %d hits\n", record, hits[record]);

  /* Behind a hundred calls that hang, a call with a deadline ends in time. */
  vdb_request *late = ask(hanging, 0, 20);
  if (next() != late) return EXIT_FAILURE;
  printf("the late one: %s\n", vdb_status_name(vdb_request_status(late)));
  check(vdb_request_free(late));

  /* Cancelled, their done never runs: nothing of ours is used any more. */
  int cancelled = 0;
  for (int i = 0; i < QUESTIONS; i++) {
    cancelled += vdb_request_cancel(stuck[i]) == VDB_OK;
    check(vdb_request_free(stuck[i]));
  }
  printf("%d cancelled, %d ended in between\n", cancelled, loop.count);

  check(vdb_database_close(healthy));
  check(vdb_database_close(hanging));
  return EXIT_SUCCESS;
}
