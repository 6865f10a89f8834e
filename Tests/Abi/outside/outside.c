/* A program that knows only the installed header and library: stores two records and finds one. */
#include <stdio.h>
#include <string.h>

#include <vectordb.h>

static int fail(const char *what) {
  fprintf(stderr, "outside: %s: %s\n", what, vdb_last_error_message());
  return 1;
}

int main(int argc, char **argv) {
  const float rows[] = {1, 0, 0, 0, 1, 0};
  const uint64_t offsets[] = {0, 1, 2};
  vdb_database *database = NULL;
  vdb_results *results = NULL;
  vdb_strings ids = VDB_STRINGS_INIT;
  vdb_vectors vectors = VDB_VECTORS_INIT;
  vdb_columns columns = VDB_COLUMNS_INIT;
  ids.bytes = "ab";
  ids.offsets = offsets;
  ids.count = vectors.count = 2;
  vectors.data = rows;
  vectors.dimensions = 3;

  if (argc != 2 || strcmp(argv[1], vdb_version()) != 0) return fail("the library has another version than its files");
  if (vdb_database_open("outside", VDB_NTS, "{\"dimensions\": 3}", VDB_NTS, NULL, &database)) return fail("open");
  if (vdb_database_upsert(database, &ids, &vectors, NULL, 0, NULL, NULL)) return fail("upsert");
  if (vdb_database_search(database, rows + 3, 3, NULL, &results)) return fail("search");
  if (vdb_results_columns(results, &columns)) return fail("columns");
  if (columns.row_count != 2 || columns.ids[0] != 'b') return fail("the nearest record is not b");
  if (vdb_results_free(results) || vdb_database_close(database)) return fail("close");
  return 0;
}
