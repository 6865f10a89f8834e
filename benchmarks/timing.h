/* What the benchmarks in C share: errors that end the program, a clock, the median of the rounds.
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

#endif
