/* A token cancels a running call from another thread, and every call to come; a deadline ends a call as well. */
#include <pthread.h>
#include <time.h>

#include "support.h"

enum { RECORDS = 100000, DIMENSIONS = 128, QUERIES = 2000 };

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double cancelled_at;

static void *cancel_soon(void *token) {
  usleep(20000);
  cancelled_at = now_ms();
  vdb_cancel_token_cancel(token);
  return NULL;
}

int main(void) {
  vdb_database *database = open_database("{\"dimensions\":128}");
  vdb_cancel_token *token = NULL;
  vdb_results *results = NULL;
  vdb_search_options options = VDB_SEARCH_OPTIONS_INIT;
  float *data = some_floats(QUERIES * DIMENSIONS);
  const vdb_vectors queries = rows_of(data, QUERIES, DIMENSIONS);
  pthread_t canceller;
  fill(database, RECORDS, DIMENSIONS);

  EXPECT(VDB_OK, vdb_cancel_token_new(&token));
  options.cancel = token;
  pthread_create(&canceller, NULL, cancel_soon, token);
  EXPECT(VDB_E_CANCELLED, vdb_database_search_batch(database, &queries, &options, &results));
  const double ended = now_ms();
  pthread_join(canceller, NULL);
  CHECK(results == NULL, "a cancelled search left results");
  CHECK(ended - cancelled_at < 100, "the scan went on for %.1f ms", ended - cancelled_at);
  printf("cancelled after %.2f ms\n", ended - cancelled_at);
  EXPECT(VDB_E_CANCELLED, vdb_database_search(database, data, DIMENSIONS, &options, &results));
  vdb_call_options call = VDB_CALL_OPTIONS_INIT;
  call.cancel = token;
  EXPECT(VDB_E_CANCELLED, vdb_database_clear(database, &call));
  CHECK(count_of(database) == RECORDS, "a cancelled clear removed records");
  EXPECT(VDB_OK, vdb_cancel_token_free(token));
  EXPECT(VDB_E_CLOSED, vdb_database_search(database, data, DIMENSIONS, &options, &results));

  options = (vdb_search_options)VDB_SEARCH_OPTIONS_INIT;
  options.timeout_ms = 20;
  const double start = now_ms();
  EXPECT(VDB_E_TIMEOUT, vdb_database_search_batch(database, &queries, &options, &results));
  CHECK(now_ms() - start < 300, "a deadline of 20 ms ended the call after %.1f ms", now_ms() - start);
  options.timeout_ms = -1;
  EXPECT(VDB_OK, vdb_database_search(database, data, DIMENSIONS, &options, &results));
  EXPECT(VDB_OK, vdb_results_free(results));
  EXPECT(VDB_OK, vdb_database_close(database));
  free(data);
  return finish("cancelling");
}
