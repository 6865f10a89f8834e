/* What the bare programs share: the same searches through the library and without it, in turns, and what each took; and rows
 * written through the library, beside which stand those that the bare program writes.
 *
 * A program gives `bare_open`, `bare_upsert` and `bare_search`; `main` is here.
 *   PROGRAM upsert ADDRESS FILE...                       sends the bytes of the files as they are
 *   PROGRAM load NAME OPTIONS IDS METADATA VECTORS       through the library: an id a line, one JSON array, float32 rows
 *   PROGRAM search ADDRESS FILE QUERIES OPTIONS COUNT    OPTIONS: JSON for vdb_database_open; QUERIES: float32 rows
 * All print one JSON object.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BARE_H
#define BARE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <vectordb.h>

#define DIMENSIONS 384
#define K 10

typedef struct {
  char *bytes;
  size_t length;
} text;

/* A function of its own in the program, so that a profiler can count what runs within. */
#define ALONE __attribute__((noinline, noclone))

static void bare_open(const char *address, const text *first);
static void bare_upsert(const text *body);
/* Asks for the K nearest of one query and reads the whole answer; returns how many hits it holds. */
static int bare_search(const float *query) ALONE;

static void fail(const char *what, const char *why) {
  fprintf(stderr, "%s: %s\n", what, why);
  exit(EXIT_FAILURE);
}

static void check(vdb_status status) {
  if (status != VDB_OK) fail(vdb_status_name(status), vdb_last_error_message());
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double cpu_seconds(void) {
  struct rusage use;
  getrusage(RUSAGE_SELF, &use);
  return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) + (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

static text read_file(const char *path) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) fail(path, "cannot be read");
  fseek(file, 0, SEEK_END);
  text content = {NULL, (size_t)ftell(file)};
  rewind(file);
  content.bytes = malloc(content.length + 1);
  if (content.bytes == NULL || fread(content.bytes, 1, content.length, file) != content.length) fail(path, "is cut");
  content.bytes[content.length] = 0;
  fclose(file);
  return content;
}

static int ascending(const void *a, const void *b) {
  const double left = *(const double *)a, right = *(const double *)b;
  return (left > right) - (left < right);
}

static double median(double *values, int count) {
  qsort(values, (size_t)count, sizeof *values, ascending);
  return values[count / 2];
}

static ALONE int our_search(vdb_database *database, const float *query) {
  vdb_search_options options = VDB_SEARCH_OPTIONS_INIT;
  options.k = K;
  options.flags = VDB_INCLUDE_METADATA;
  vdb_results *results = NULL;
  check(vdb_database_search(database, query, DIMENSIONS, &options, &results));
  vdb_columns columns = VDB_COLUMNS_INIT;
  check(vdb_results_columns(results, &columns));
  const int hits = (int)columns.row_count;
  vdb_results_free(results);
  return hits;
}

static void run_upsert(int count, char **files) {
  text *bodies = calloc((size_t)count, sizeof *bodies);
  for (int i = 0; i < count; i++) bodies[i] = read_file(files[i]);
  const double cpu = cpu_seconds(), start = seconds();
  for (int i = 0; i < count; i++) bare_upsert(&bodies[i]);
  printf("{\"seconds\": %.6f, \"cpu\": %.6f}\n", seconds() - start, cpu_seconds() - cpu);
}

static void run_load(const char *name, const char *options, const char *const files[3]) {
  const text ids = read_file(files[0]), metadata = read_file(files[1]), rows = read_file(files[2]);
  const uint64_t count = rows.length / (DIMENSIONS * sizeof(float));
  uint64_t *offsets = calloc(count + 1, sizeof *offsets), found = 0;
  /* The ids are packed where they lie, without the ends of their lines. */
  size_t length = 0;
  for (size_t at = 0; at < ids.length && found < count; at++) {
    if (ids.bytes[at] != '\n') ids.bytes[length++] = ids.bytes[at];
    else offsets[++found] = length;
  }
  if (found != count) fail(files[0], "has another number of rows");
  vdb_strings packed = VDB_STRINGS_INIT;
  packed.bytes = ids.bytes;
  packed.offsets = offsets;
  packed.count = count;
  vdb_vectors vectors = VDB_VECTORS_INIT;
  vectors.data = rows.bytes;
  vectors.count = count;
  vectors.dimensions = DIMENSIONS;
  vdb_database *database = NULL;
  check(vdb_database_open(name, VDB_NTS, options, VDB_NTS, NULL, &database));
  const double cpu = cpu_seconds(), start = seconds();
  check(vdb_database_upsert(database, &packed, &vectors, metadata.bytes, metadata.length, NULL, NULL));
  printf("{\"seconds\": %.6f, \"cpu\": %.6f}\n", seconds() - start, cpu_seconds() - cpu);
  check(vdb_database_close(database));
}

static void run_search(const char *queries_path, const char *options, int count) {
  const text rows = read_file(queries_path);
  const float *queries = (const float *)(void *)rows.bytes;
  const int available = (int)(rows.length / (DIMENSIONS * sizeof(float)));
  vdb_database *database = NULL;
  check(vdb_database_open("bench", VDB_NTS, options, VDB_NTS, NULL, &database));
  double *ours = calloc((size_t)count, sizeof *ours), *bare = calloc((size_t)count, sizeof *bare);
  int our_hits = 0, bare_hits = 0;
  for (int i = -20; i < count; i++) { /* the first ones warm up */
    /* Never the same query twice in a row: the second one would find the server's caches filled by the first. */
    const float *query = queries + (size_t)((i + 20) % available) * DIMENSIONS;
    const float *other = queries + (size_t)((i + 20 + available / 2) % available) * DIMENSIONS;
    /* Nor always the same one first. */
    const int is_ours_first = i & 1;
    int hits = 0, others = 0;
    const double start = seconds();
    if (is_ours_first) hits = our_search(database, query);
    else others = bare_search(other);
    const double middle = seconds();
    if (is_ours_first) others = bare_search(other);
    else hits = our_search(database, query);
    const double end = seconds();
    if (i < 0) continue;
    ours[i] = is_ours_first ? middle - start : end - middle;
    bare[i] = is_ours_first ? end - middle : middle - start;
    our_hits += hits;
    bare_hits += others;
  }
  const double cpu = cpu_seconds();
  for (int i = 0; i < count; i++) our_search(database, queries + (size_t)(i % available) * DIMENSIONS);
  const double our_cpu = (cpu_seconds() - cpu) / count, bare_start = cpu_seconds();
  for (int i = 0; i < count; i++) bare_search(queries + (size_t)(i % available) * DIMENSIONS);
  const double bare_cpu = (cpu_seconds() - bare_start) / count;
  printf("{\"ours_p50_ms\": %.4f, \"bare_p50_ms\": %.4f, \"our_cpu_us\": %.2f, \"bare_cpu_us\": %.2f, \"hits\": [%d, %d]}\n",
         median(ours, count) * 1e3, median(bare, count) * 1e3, our_cpu * 1e6, bare_cpu * 1e6, our_hits, bare_hits);
  check(vdb_database_close(database));
}

int main(int argc, char **argv) {
  if (argc < 4) fail(argv[0], "wants upsert or search, an address and files, or load");
  if (argc == 7 && strcmp(argv[1], "load") == 0) {
    run_load(argv[2], argv[3], (const char *const[]){argv[4], argv[5], argv[6]});
    return 0;
  }
  const text first = read_file(argv[3]);
  bare_open(argv[2], &first);
  if (strcmp(argv[1], "upsert") == 0) {
    run_upsert(argc - 3, argv + 3);
  } else if (argc == 7) {
    run_search(argv[4], argv[5], atoi(argv[6]));
  } else {
    fail(argv[0], "search wants ADDRESS FILE QUERIES OPTIONS COUNT");
  }
  return 0;
}

#endif
