/* cycles [N [MIB]]: N times (a million) open, write, search, close; memory must not grow by MIB (4). */
#include "support.h"

int main(int argc, char **argv) {
  const long wanted = argc > 1 ? atol(argv[1]) : 1000000;
  const float row[4] = {1, 2, 3, 4};
  const vdb_vectors rows = rows_of(row, 1, 4);
  uint64_t offsets[2];
  const vdb_strings ids = one_id("a", offsets, 1);
  const double growth = argc > 2 ? atof(argv[2]) : 4;
  double early = 0;
  for (long i = 0; i < wanted; i++) {
    vdb_database *database = NULL;
    vdb_results *results = NULL;
    vdb_status status = vdb_database_open("c", 1, "{\"dimensions\":4}", 16, NULL, &database);
    if (status == VDB_OK) status = vdb_database_upsert(database, &ids, &rows, "[{\"a\":1}]", 9, NULL, NULL);
    if (status == VDB_OK) status = vdb_database_search(database, row, 4, NULL, &results);
    if (status == VDB_OK) status = vdb_results_free(results);
    if (status == VDB_OK) status = vdb_database_close(database);
    if (status != VDB_OK) {
      CHECK(0, "cycle %ld: %s", i, vdb_status_name(status));
      break;
    }
    if (i == wanted / 10) early = resident_mib();
  }
  const double late = resident_mib();
  CHECK(late < early + growth, "memory grew from %.1f to %.1f MiB", early, late);
  printf("%ld cycles, resident %.1f then %.1f MiB\n", wanted, early, late);
  return finish("cycles");
}
