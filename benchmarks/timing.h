/* What the benchmarks in C share: errors that end the program, a clock, the median of the rounds, rows to search.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TIMING_H
#define TIMING_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <vectordb.h>

#define DIMENSIONS 384
#define ROUNDS 9

static inline void check(vdb_status status) {
  if (status == VDB_OK) return;
  fprintf(stderr, "%s: %s\n", vdb_status_name(status), vdb_last_error_message());
  exit(EXIT_FAILURE);
}

static inline double nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static inline int ascending(const void *a, const void *b) {
  const double left = *(const double *)a, right = *(const double *)b;
  return (left > right) - (left < right);
}

/* Of ROUNDS values, which it sorts. */
static inline double median(double *values) {
  qsort(values, ROUNDS, sizeof *values, ascending);
  return values[ROUNDS / 2];
}

/* Writes `rows` vectors under the ids "000000", "000001", .... */
static inline void upsert_rows(vdb_database *database, const float *vectors, uint64_t rows) {
  char *bytes = malloc(rows * 6 + 1);
  uint64_t *offsets = malloc((rows + 1) * sizeof *offsets);
  if (bytes == NULL || offsets == NULL) exit(EXIT_FAILURE);
  for (uint64_t row = 0; row <= rows; row++) offsets[row] = row * 6;
  for (uint64_t row = 0; row < rows; row++) snprintf(bytes + row * 6, 7, "%06u", (unsigned)(row % 1000000));
  vdb_strings ids = VDB_STRINGS_INIT;
  ids.bytes = bytes;
  ids.offsets = offsets;
  ids.count = rows;
  vdb_vectors matrix = VDB_VECTORS_INIT;
  matrix.data = vectors;
  matrix.count = rows;
  matrix.dimensions = DIMENSIONS;
  check(vdb_database_upsert(database, &ids, &matrix, NULL, 0, NULL, NULL));
  free(offsets);
  free(bytes);
}

#endif
