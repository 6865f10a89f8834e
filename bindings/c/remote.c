/* One program for every backend, chosen by its options: write, search and wait for the answer while doing something else.
 *
 *   cc remote.c $(pkg-config --cflags --libs vectordb) -lpthread -o remote
 *   ./remote '{"backend": "pgvector", "connection_string": "postgresql://localhost/test", "dimensions": 3}'
 *   ./remote '{"backend": "redis", "url": "redis://localhost:6379", "dimensions": 3}'
 *   ./remote '{"backend": "chroma", "url": "http://localhost:8000", "dimensions": 3}'
 *   ./remote '{"backend": "milvus", "url": "http://localhost:19530", "dimensions": 3}'
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <vectordb.h>

/* Ends the program with all the library knows about what went wrong: backend, HTTP status, attempts, what was applied. */
static void check(vdb_status status) {
  if (status == VDB_OK) return;
  char *details = NULL;
  if (vdb_last_error_json(&details, NULL) != VDB_OK) details = NULL;
  fprintf(stderr, "%s: %s\n%s\n", vdb_status_name(status), vdb_last_error_message(), details ? details : "");
  vdb_string_free(details);
  exit(EXIT_FAILURE);
}

static void write_fruit(vdb_database *database) {
  const uint64_t offsets[] = {0, 5, 9, 15};
  vdb_strings ids = VDB_STRINGS_INIT;
  ids.bytes = "applepearcarrot";
  ids.offsets = offsets;
  ids.count = 3;

  const float rows[] = {0.9f, 0.1f, 0.0f, 0.8f, 0.3f, 0.0f, 0.0f, 0.2f, 0.9f};
  vdb_vectors vectors = VDB_VECTORS_INIT;
  vectors.data = rows;
  vectors.count = 3;
  vectors.dimensions = 3;

  /* A remote write can fail for some of its items: the report says which. */
  vdb_call_options call = VDB_CALL_OPTIONS_INIT;
  call.timeout_ms = 30000;
  const char *metadata = "[{\"kind\": \"fruit\"}, {\"kind\": \"fruit\"}, {\"kind\": \"root\"}]";
  vdb_write_report *report;
  vdb_status status = vdb_database_upsert(database, &ids, &vectors, metadata, VDB_NTS, &call, &report);
  vdb_write_columns written = VDB_WRITE_COLUMNS_INIT;
  if (report && vdb_write_report_columns(report, &written) == VDB_OK)
    printf("%llu written, %llu failed\n", (unsigned long long)written.applied, (unsigned long long)written.failed_count);
  vdb_write_report_free(report);
  check(status);
  check(vdb_database_flush(database, &call));
}

/* Runs on a thread of the library: hands the news on. */
static void done(void *context, vdb_request *request, vdb_status status) {
  (void)request;
  (void)status;
  sem_post(context);
}

static void search(const vdb_database *database) {
  vdb_search_options options = VDB_SEARCH_OPTIONS_INIT;
  options.k = 2;
  options.flags = VDB_INCLUDE_METADATA;
  options.timeout_ms = 30000;
  options.filter = "{\"kind\": \"fruit\"}";
  options.filter_length = VDB_NTS;
  const float query[] = {1.0f, 0.0f, 0.0f};
  sem_t answered;
  sem_init(&answered, 0, 0);
  vdb_request *request;
  check(vdb_database_search_async(database, query, 3, &options, done, &answered, &request));
  /* Here the program could do something else; vdb_request_cancel would end the search. */
  while (sem_wait(&answered) != 0) {
  }
  sem_destroy(&answered);

  /* Fails as the search did, if it did. */
  vdb_results *results;
  check(vdb_request_take_results(request, &results));
  check(vdb_request_free(request));
  vdb_columns columns = VDB_COLUMNS_INIT;
  check(vdb_results_columns(results, &columns));
  for (uint64_t row = 0; row < columns.row_count; row++) {
    int length = (int)(columns.id_offsets[row + 1] - columns.id_offsets[row]);
    printf("%-8.*s score %.4f\n", length, columns.ids + columns.id_offsets[row], columns.scores[row]);
  }
  check(vdb_results_free(results));
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: remote OPTIONS, such as '{\"backend\": \"redis\", \"dimensions\": 3}'\n");
    return EXIT_FAILURE;
  }
  vdb_database *database;
  check(vdb_database_open("fruit_example", VDB_NTS, argv[1], VDB_NTS, NULL, &database));
  write_fruit(database);
  search(database);
  check(vdb_database_drop(database, NULL)); /* it was only an example */
  check(vdb_database_close(database));
  return EXIT_SUCCESS;
}
