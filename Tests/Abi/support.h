/*
 * What the C tests share: a check that counts, and short ways to make ids, vectors and databases.
 * Each test is one program: exit status 0 when every check held.
 */
#ifndef ABI_TEST_SUPPORT_H
#define ABI_TEST_SUPPORT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vectordb.h"

static _Atomic int checks_made, checks_failed;

#define CHECK(condition, ...)                                                     \
  do {                                                                            \
    checks_made++;                                                                \
    if (!(condition)) {                                                           \
      checks_failed++;                                                            \
      printf("FAILED %s:%d: %s: ", __FILE__, __LINE__, #condition);               \
      printf(__VA_ARGS__);                                                        \
      printf(" [last error: %s]\n", vdb_last_error_message());                    \
    }                                                                             \
  } while (0)

/* A call that must return a status. */
#define EXPECT(status, call)                                                                        \
  do {                                                                                              \
    const vdb_status got_ = (call);                                                                 \
    CHECK(got_ == (status), "expected %s, got %s", vdb_status_name(status), vdb_status_name(got_)); \
  } while (0)

#define UNUSED __attribute__((unused))

/* Checks that nothing lives any more, says how it went, and gives the exit status of the program. */
static UNUSED int finish(const char *name) {
  static const char *const kinds[] = {"databases", "results", "write reports", "cancel tokens", "requests"};
  for (int kind = 0; kind < 5; kind++) {
    uint64_t live = 1;
    EXPECT(VDB_OK, vdb_live_handles(kind, &live));
    CHECK(live == 0, "%llu %s are still alive", (unsigned long long)live, kinds[kind]);
  }
  printf("%s: %d checks, %d failed\n", name, checks_made, checks_failed);
  return checks_failed == 0 ? 0 : 1;
}

static UNUSED vdb_database *open_database(const char *options) {
  vdb_database *database = NULL;
  EXPECT(VDB_OK, vdb_database_open("test", VDB_NTS, options, VDB_NTS, NULL, &database));
  return database;
}

/* One id; the text and the offsets must outlive the use. */
static UNUSED vdb_strings one_id(const char *id, uint64_t offsets[2], uint64_t length) {
  vdb_strings ids = VDB_STRINGS_INIT;
  offsets[0] = 0;
  offsets[1] = length;
  ids.bytes = id;
  ids.offsets = offsets;
  ids.count = 1;
  return ids;
}

static UNUSED vdb_vectors rows_of(const float *data, uint64_t count, uint64_t dimensions) {
  vdb_vectors vectors = VDB_VECTORS_INIT;
  vectors.data = data;
  vectors.count = count;
  vectors.dimensions = dimensions;
  return vectors;
}

/* Ids "0", "1", ... count - 1 as packed strings in memory of their own. */
typedef struct {
  char *bytes;
  uint64_t *offsets;
  vdb_strings strings;
} numbered_ids;

static UNUSED numbered_ids numbered(uint64_t count) {
  numbered_ids ids = {malloc(count * 20 + 1), malloc((count + 1) * 8), VDB_STRINGS_INIT};
  if (!ids.bytes || !ids.offsets) exit(2);
  ids.offsets[0] = 0;
  for (uint64_t i = 0; i < count; i++) {
    ids.offsets[i + 1] = ids.offsets[i] +
        (uint64_t)snprintf(ids.bytes + ids.offsets[i], 21, "%llu", (unsigned long long)i);
  }
  ids.strings.bytes = ids.bytes;
  ids.strings.offsets = ids.offsets;
  ids.strings.count = count;
  return ids;
}

static UNUSED void free_ids(numbered_ids *ids) {
  free(ids->bytes);
  free(ids->offsets);
}

/* Numbers between -1 and 1, always the same. */
static UNUSED float *some_floats(uint64_t count) {
  float *values = malloc(count * sizeof(float));
  uint64_t state = 42;
  if (!values) exit(2);
  for (uint64_t i = 0; i < count; i++) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    values[i] = (float)(int32_t)(state >> 32) / 2147483648.0f;
  }
  return values;
}

/* Fills a database with `count` records "0", "1", ... of `dimensions`. */
static UNUSED void fill(vdb_database *database, uint64_t count, uint64_t dimensions) {
  numbered_ids ids = numbered(count);
  float *data = some_floats(count * dimensions);
  const vdb_vectors rows = rows_of(data, count, dimensions);
  EXPECT(VDB_OK, vdb_database_upsert(database, &ids.strings, &rows, NULL, 0, NULL, NULL));
  free(data);
  free_ids(&ids);
}

static UNUSED uint64_t count_of(const vdb_database *database) {
  uint64_t count = 0;
  EXPECT(VDB_OK, vdb_database_count(database, NULL, 0, NULL, &count, NULL));
  return count;
}

static UNUSED double resident_mib(void) {
  long pages = 0, resident = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (!file || fscanf(file, "%ld %ld", &pages, &resident) != 2) resident = 0;
  if (file) fclose(file);
  return (double)resident * (double)sysconf(_SC_PAGESIZE) / 1048576.0;
}

#endif
