/* The main job on real data: loads the sample of Debian packages, answers questions with and without a filter, and
 * prints the answers, then health and metrics.
 *
 *   cc demo.c $(pkg-config --cflags --libs vectordb) -o demo && ./demo ../../data [answers.tsv]
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <vectordb.h>

#define DIMENSIONS 384
#define ANSWERS 10 /* asked for, and written to the file */
#define SHOWN 3    /* printed */

/* ------------------------------------------------------------------------------------------------- small tools --- */

static void fail(const char *what, const char *why) {
  fprintf(stderr, "demo: %s: %s\n", what, why);
  exit(EXIT_FAILURE);
}

static void check(vdb_status status, const char *what) {
  if (status != VDB_OK) fail(what, vdb_last_error_message());
}

static void *allocate(size_t size) {
  void *memory = malloc(size > 0 ? size : 1);
  if (memory == NULL) fail("malloc", "out of memory");
  return memory;
}

static double milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* A file of the data folder, whole, with a NUL after it. Free it. */
static char *read_file(const char *folder, const char *name, size_t *length) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "rb");
  if (file == NULL) fail(path, strerror(errno));
  if (fseek(file, 0, SEEK_END) != 0) fail(path, strerror(errno));
  long size = ftell(file);
  if (size < 0) fail(path, strerror(errno));
  rewind(file);
  char *bytes = allocate((size_t)size + 1);
  if (fread(bytes, 1, (size_t)size, file) != (size_t)size) fail(path, "cannot be read whole");
  fclose(file);
  bytes[size] = '\0';
  *length = (size_t)size;
  return bytes;
}

/* Copies the text under `key` of a flat JSON object into `out`, cut to fit; empty when there is none. */
static void json_text(const char *object, size_t length, const char *key, char *out, size_t capacity) {
  const char *end = object + length;
  char pattern[64];
  size_t pattern_length = (size_t)snprintf(pattern, sizeof pattern, "\"%s\":", key);
  size_t used = 0;
  for (const char *at = object; at + pattern_length < end; at++) {
    if (memcmp(at, pattern, pattern_length) != 0) continue;
    at += pattern_length;
    while (at < end && *at == ' ') at++;
    if (at == end || *at++ != '"') break;
    while (at < end && *at != '"' && used + 1 < capacity) {
      if (*at == '\\' && at + 1 < end) at++;
      out[used++] = *at++;
    }
    break;
  }
  out[used] = '\0';
}

/* Prints at most `width` columns of a text, counting UTF-8 characters as one each. Returns how many. */
static int print_cut(const char *text, int width) {
  int columns = 0;
  for (; *text != '\0'; text++) {
    if (((unsigned char)*text & 0xC0) != 0x80 && columns++ == width) return width;
    putchar(*text);
  }
  return columns;
}

/* Prints text in exactly `width` columns, cut or padded. */
static void print_cell(const char *text, int width) {
  for (int columns = print_cut(text, width); columns < width; columns++) putchar(' ');
}

/* Prints a JSON text on indented lines of at most 100 columns, broken after commas. */
static void print_wrapped(const char *json) {
  size_t column = 0;
  while (*json != '\0') {
    size_t piece = strcspn(json, ",");
    if (json[piece] == ',') piece++;
    if (column == 0 || column + piece > 100) {
      if (column > 0) putchar('\n');
      fputs("  ", stdout);
      column = 2;
      while (*json == ' ') json++, piece--;
    }
    printf("%.*s", (int)piece, json);
    column += piece;
    json += piece;
  }
  putchar('\n');
}

/* ------------------------------------------------------------------------------------------------------ loading --- */

/* Lines are {"id": "...", "text": ...}: the id comes first and holds no escapes, the rest is the metadata. */
static void load(vdb_database *database, const char *folder) {
  const char *opening = "{\"id\": \"";
  size_t lines_length, vectors_length;
  char *lines = read_file(folder, "packages.jsonl", &lines_length);
  char *rows = read_file(folder, "packages.f32", &vectors_length);

  size_t count = 0;
  for (size_t at = 0; at < lines_length; at++) count += lines[at] == '\n';
  if (vectors_length != count * DIMENSIONS * sizeof(float)) fail(folder, "packages.f32 does not fit packages.jsonl");

  char *id_bytes = allocate(lines_length);
  uint64_t *id_offsets = allocate((count + 1) * sizeof *id_offsets);
  char *metadata = allocate(lines_length + count + 2);
  size_t id_used = 0, metadata_used = 0, row = 0;
  char *line = lines;
  for (char *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
    *end = '\0';
    char *id = line + strlen(opening);
    char *after = strncmp(line, opening, strlen(opening)) == 0 ? strstr(id, "\", ") : NULL;
    if (after == NULL) fail(folder, "packages.jsonl has a line that does not start with an id");
    id_offsets[row++] = id_used;
    memcpy(id_bytes + id_used, id, (size_t)(after - id));
    id_used += (size_t)(after - id);
    metadata_used += (size_t)sprintf(metadata + metadata_used, "%c{%s", row == 1 ? '[' : ',', after + 3);
  }
  id_offsets[row] = id_used;
  metadata[metadata_used++] = ']';

  vdb_strings ids = VDB_STRINGS_INIT;
  ids.bytes = id_bytes;
  ids.offsets = id_offsets;
  ids.count = count;
  vdb_vectors vectors = VDB_VECTORS_INIT;
  vectors.data = rows;
  vectors.count = count;
  vectors.dimensions = DIMENSIONS;

  double start = milliseconds();
  vdb_write_report *report;
  check(vdb_database_upsert(database, &ids, &vectors, metadata, metadata_used, NULL, &report), "upsert");
  double elapsed = milliseconds() - start;
  vdb_write_columns written = VDB_WRITE_COLUMNS_INIT;
  check(vdb_write_report_columns(report, &written), "report");
  printf("%llu packages of %d dimensions written in %.1f ms\n\n", (unsigned long long)written.applied, DIMENSIONS,
         elapsed);

  check(vdb_write_report_free(report), "free");
  free(metadata);
  free(id_offsets);
  free(id_bytes);
  free(rows);
  free(lines);
}

/* ------------------------------------------------------------------------------------------------------- asking --- */

static void ask(vdb_database *database, const char *question, const char *text, const float *vector, const char *filter,
                FILE *answers) {
  vdb_search_options options = VDB_SEARCH_OPTIONS_INIT;
  options.k = ANSWERS;
  options.flags = VDB_INCLUDE_METADATA;
  options.filter = filter;
  options.filter_length = filter == NULL ? 0 : VDB_NTS;

  double start = milliseconds();
  vdb_results *results;
  check(vdb_database_search(database, vector, DIMENSIONS, &options, &results), "search");
  double elapsed = milliseconds() - start;
  vdb_columns columns = VDB_COLUMNS_INIT;
  check(vdb_results_columns(results, &columns), "columns");

  if (filter == NULL) {
    print_cell(text, 89);
  } else {
    fputs("  where ", stdout);
    print_cell(filter, 81);
  }
  printf("%8.2f ms\n", elapsed);

  for (uint64_t row = 0; row < columns.row_count; row++) {
    char id[513], section[64], description[512];
    size_t id_length = (size_t)(columns.id_offsets[row + 1] - columns.id_offsets[row]);
    memcpy(id, columns.ids + columns.id_offsets[row], id_length);
    id[id_length] = '\0';
    const char *metadata = columns.metadata + columns.metadata_offsets[row];
    size_t metadata_length = (size_t)(columns.metadata_offsets[row + 1] - columns.metadata_offsets[row]);
    json_text(metadata, metadata_length, "section", section, sizeof section);
    json_text(metadata, metadata_length, "text", description, sizeof description);
    if (row < SHOWN) {
      printf("%4llu  ", (unsigned long long)row + 1);
      print_cell(id, 24);
      printf("  %.4f  ", columns.scores[row]);
      print_cell(section, 11);
      fputs("  ", stdout);
      print_cut(description, 47);
      putchar('\n');
    }
    if (answers != NULL) {
      fprintf(answers, "%s\t%s\t%llu\t%s\t%.9f\n", question, filter == NULL ? "all" : "filtered",
              (unsigned long long)row + 1, id, columns.scores[row]);
    }
  }
  check(vdb_results_free(results), "free");
}

/* Lines are {"id": "q1", "text": "...", "filter": {...}}, in this order and without escapes. */
static void ask_all(vdb_database *database, const char *folder, FILE *answers) {
  size_t lines_length, vectors_length;
  char *lines = read_file(folder, "questions.jsonl", &lines_length);
  char *rows = read_file(folder, "questions.f32", &vectors_length);
  const float *vector = (const float *)(void *)rows; /* malloc aligns for every type */
  const float *vectors_end = vector + vectors_length / sizeof(float);

  for (char *line = strtok(lines, "\n"); line != NULL; line = strtok(NULL, "\n"), vector += DIMENSIONS) {
    char *text = strstr(line, "\", \"text\": \"");
    char *filter = text == NULL ? NULL : strstr(text, "\", \"filter\": ");
    char *last = strrchr(line, '}');
    if (filter == NULL || last == NULL || vector + DIMENSIONS > vectors_end) fail(folder, "questions do not fit");
    *text = *filter = *last = '\0';
    const char *question = line + strlen("{\"id\": \"");
    text += strlen("\", \"text\": \"");
    filter += strlen("\", \"filter\": ");
    ask(database, question, text, vector, NULL, answers);
    ask(database, question, text, vector, filter, answers);
    putchar('\n');
  }
  free(rows);
  free(lines);
}

/* --------------------------------------------------------------------------------------------------------- main --- */

int main(int argc, char **argv) {
  if (argc < 2) fail("usage", "demo DATA_FOLDER [ANSWERS.tsv]");
  FILE *answers = argc > 2 ? fopen(argv[2], "w") : NULL;
  if (argc > 2 && answers == NULL) fail(argv[2], strerror(errno));

  printf("C, libvectordb %s\n", vdb_version());
  vdb_database *database;
  const char *options = "{\"backend\": \"memory\", \"dimensions\": 384, \"metric\": \"cosine\"}";
  check(vdb_database_open("packages", VDB_NTS, options, VDB_NTS, NULL, &database), "open");
  load(database, argv[1]);
  printf("%4s  %-24s  %-6s  %-11s  %-38s %8s\n", "rank", "id", "score", "section", "text", "time");
  puts("----  ------------------------  ------  -----------  -----------------------------------------------");
  ask_all(database, argv[1], answers);

  char *json;
  check(vdb_database_health_json(database, NULL, &json, NULL), "health");
  puts("health");
  print_wrapped(json);
  vdb_string_free(json);
  check(vdb_database_metrics_json(database, &json, NULL), "metrics");
  puts("metrics");
  print_wrapped(json);
  vdb_string_free(json);

  check(vdb_database_close(database), "close");
  if (answers != NULL && fclose(answers) != 0) fail(argv[2], strerror(errno));
  return EXIT_SUCCESS;
}
