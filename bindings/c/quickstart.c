/* The shortest useful program: open a database in memory, write three records, ask for the two nearest.
 *
 *   cc quickstart.c $(pkg-config --cflags --libs vectordb) -o quickstart && ./quickstart
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <vectordb.h>

/* Ends the program with the library's own sentence about what went wrong. */
static void check(vdb_status status) {
  if (status == VDB_OK) return;
  fprintf(stderr, "%s: %s\n", vdb_status_name(status), vdb_last_error_message());
  exit(EXIT_FAILURE);
}

int main(void) {
  vdb_database *database;
  check(vdb_database_open("fruit", VDB_NTS, "{\"dimensions\": 3, \"metric\": \"cosine\"}", VDB_NTS, NULL, &database));

  /* Ids are packed: id i is the bytes from offsets[i] to offsets[i + 1]. */
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

  const char *metadata = "[{\"kind\": \"fruit\"}, {\"kind\": \"fruit\"}, {\"kind\": \"root\"}]";
  check(vdb_database_upsert(database, &ids, &vectors, metadata, VDB_NTS, NULL, NULL));

  vdb_search_options options = VDB_SEARCH_OPTIONS_INIT;
  options.k = 2;
  options.filter = "{\"kind\": \"fruit\"}";
  options.filter_length = VDB_NTS;
  const float query[] = {1.0f, 0.0f, 0.0f};
  vdb_results *results;
  check(vdb_database_search(database, query, 3, &options, &results));

  vdb_columns columns = VDB_COLUMNS_INIT;
  check(vdb_results_columns(results, &columns));
  for (uint64_t row = 0; row < columns.row_count; row++) {
    int length = (int)(columns.id_offsets[row + 1] - columns.id_offsets[row]);
    printf("%-8.*s score %.4f\n", length, columns.ids + columns.id_offsets[row], columns.scores[row]);
  }

  check(vdb_results_free(results));
  check(vdb_database_close(database));
  return EXIT_SUCCESS;
}
