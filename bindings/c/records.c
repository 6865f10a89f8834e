/* Keeping records: namespaces, reading by id, paging, changing metadata, deleting by filter, and a log callback.
 *
 *   cc records.c $(pkg-config --cflags --libs vectordb) -o records && ./records
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vectordb.h>

#define BOOKS 250

#define EXPECT(condition) \
  ((condition) ? (void)0 \
               : (fprintf(stderr, "records.c:%d: not so: %s; last error: %s\n", __LINE__, #condition, \
                          vdb_last_error_message()), \
                  exit(EXIT_FAILURE)))

/* Ids as the library takes them: one text and where each begins. */
static vdb_strings pack(const char *bytes, const uint64_t *offsets, uint64_t count) {
  vdb_strings strings = VDB_STRINGS_INIT;
  strings.bytes = bytes;
  strings.offsets = offsets;
  strings.count = count;
  return strings;
}

static void fill(vdb_database *database) {
  char bytes[BOOKS * 7 + 1], metadata[BOOKS * 48];
  uint64_t offsets[BOOKS + 1] = {0};
  float rows[BOOKS][2];
  size_t used = 0;
  for (int book = 0; book < BOOKS; book++) {
    snprintf(bytes + book * 7, 8, "book%03d", book);
    offsets[book + 1] = offsets[book] + 7;
    rows[book][0] = (float)book;
    rows[book][1] = 1.0f;
    used += (size_t)snprintf(metadata + used, sizeof metadata - used, "%s{\"year\": %d, \"lang\": \"%s\"}",
                             book ? "," : "[", 1900 + book % 100, book % 2 ? "en" : "fr");
  }
  metadata[used++] = ']';
  vdb_strings ids = pack(bytes, offsets, BOOKS);
  vdb_vectors vectors = VDB_VECTORS_INIT;
  vectors.data = rows;
  vectors.count = BOOKS;
  vectors.dimensions = 2;
  EXPECT(vdb_database_upsert(database, &ids, &vectors, metadata, used, NULL, NULL) == VDB_OK);
}

static uint64_t count(const vdb_database *database, const char *filter) {
  uint64_t records;
  int32_t exact;
  EXPECT(vdb_database_count(database, filter, filter ? VDB_NTS : 0, NULL, &records, &exact) == VDB_OK && exact == 1);
  return records;
}

/* Two tenants in one database do not see each other. */
static void use_namespaces(vdb_database *database) {
  vdb_database *tenant;
  EXPECT(vdb_database_namespace(database, "tenant-1", VDB_NTS, &tenant) == VDB_OK);
  EXPECT(count(tenant, NULL) == 0);
  fill(tenant);
  EXPECT(count(tenant, NULL) == BOOKS && count(database, NULL) == BOOKS);
  char *names;
  EXPECT(vdb_database_namespaces_json(database, NULL, &names, NULL) == VDB_OK);
  printf("namespaces: %s\n", names);
  vdb_string_free(names);
  EXPECT(vdb_database_drop(tenant, NULL) == VDB_E_INVALID_ARGUMENT);
  EXPECT(vdb_database_clear(tenant, NULL) == VDB_OK);
  EXPECT(count(tenant, NULL) == 0 && count(database, NULL) == BOOKS);
  EXPECT(vdb_database_close(tenant) == VDB_OK);
}

static void get_and_change(vdb_database *database) {
  const uint64_t offsets[] = {0, 7, 14};
  vdb_strings ids = pack("book007nothing", offsets, 2);
  vdb_call_options call = VDB_CALL_OPTIONS_INIT;
  call.flags = VDB_INCLUDE_METADATA | VDB_INCLUDE_VECTORS;
  vdb_results *results;
  EXPECT(vdb_database_get(database, &ids, &call, &results) == VDB_OK);
  vdb_columns columns = VDB_COLUMNS_INIT;
  EXPECT(vdb_results_columns(results, &columns) == VDB_OK);
  EXPECT(columns.row_count == 2 && columns.found[0] == 1 && columns.found[1] == 0);
  EXPECT(columns.vectors[0] == 7.0f && columns.vectors[1] == 1.0f);
  EXPECT(columns.metadata_offsets[1] == columns.metadata_offsets[2]);
  EXPECT(vdb_results_free(results) == VDB_OK);

  /* Merging keeps the other keys, null removes one; an id that does not exist changes nothing at all. */
  EXPECT(vdb_database_update_metadata(database, &ids, "[{\"year\": 3000}, {}]", VDB_NTS, NULL, NULL) ==
         VDB_E_NOT_FOUND);
  EXPECT(count(database, "{\"year\": 3000}") == 0);
  ids.count = 1;
  EXPECT(vdb_database_update_metadata(database, &ids, "[{\"year\": 3000, \"lang\": null}]", VDB_NTS, NULL, NULL) ==
         VDB_OK);
  EXPECT(count(database, "{\"year\": 3000, \"lang\": {\"$exists\": false}}") == 1);
}

/* Reads everything in pages of 100; a record is seen at least once. */
static void page_through(const vdb_database *database) {
  char token[512] = "";
  unsigned char seen[BOOKS] = {0};
  int pages = 0;
  do {
    vdb_page_options options = VDB_PAGE_OPTIONS_INIT;
    options.token = token;
    options.token_length = VDB_NTS;
    vdb_results *page;
    EXPECT(vdb_database_page(database, &options, &page) == VDB_OK);
    vdb_columns columns = VDB_COLUMNS_INIT;
    EXPECT(vdb_results_columns(page, &columns) == VDB_OK);
    for (uint64_t row = 0; row < columns.row_count; row++) {
      /* Borrowed ids are bytes from one offset to the next, without a NUL in between. */
      char id[8] = "";
      EXPECT(columns.id_offsets[row + 1] - columns.id_offsets[row] == 7);
      memcpy(id, columns.ids + columns.id_offsets[row], 7);
      int book = atoi(id + 4);
      EXPECT(memcmp(id, "book", 4) == 0 && book >= 0 && book < BOOKS);
      seen[book] = 1;
    }
    const char *next;
    size_t next_length;
    EXPECT(vdb_results_next_page(page, &next, &next_length) == VDB_OK && next_length < sizeof token);
    memcpy(token, next, next_length);
    token[next_length] = '\0';
    EXPECT(vdb_results_free(page) == VDB_OK);
    pages++;
  } while (token[0] != '\0');
  for (int book = 0; book < BOOKS; book++) EXPECT(seen[book]);
  printf("paged: %d records on %d pages\n", BOOKS, pages);
}

static void delete_some(vdb_database *database) {
  vdb_write_report *report;
  vdb_write_columns written = VDB_WRITE_COLUMNS_INIT;
  EXPECT(vdb_database_delete_where(database, "{\"lang\": \"fr\"}", VDB_NTS, NULL, &report) == VDB_OK);
  EXPECT(vdb_write_report_columns(report, &written) == VDB_OK);
  printf("deleted: %lld of %d\n", (long long)written.deleted, BOOKS);
  EXPECT(written.deleted == 125 && count(database, NULL) == 125);
  EXPECT(vdb_write_report_free(report) == VDB_OK);

  /* Deleting everything has a name of its own: a filter that matches all by accident is refused. */
  EXPECT(vdb_database_delete_where(database, "{}", VDB_NTS, NULL, &report) == VDB_E_INVALID_FILTER);
  EXPECT(report == NULL && count(database, NULL) == 125);

  /* Neighbours of a stored record leave it out. */
  vdb_results *results;
  EXPECT(vdb_database_search_by_id(database, "book101", VDB_NTS, NULL, &results) == VDB_OK);
  vdb_columns columns = VDB_COLUMNS_INIT;
  EXPECT(vdb_results_columns(results, &columns) == VDB_OK);
  EXPECT(columns.row_count == 10);
  printf("beside book101: %.7s, %.4f away\n", columns.ids, columns.distances[0]);
  EXPECT(vdb_results_free(results) == VDB_OK);
}

static void count_event(void *context, vdb_log_level level, const char *event_json, size_t event_length) {
  (void)level;
  if (event_length > 0 && event_json[0] == '{') ++*(int *)context;
}

int main(void) {
  int events = 0;
  EXPECT(vdb_log_set(count_event, &events, VDB_LOG_DEBUG) == VDB_OK);
  vdb_database *database;
  EXPECT(vdb_database_open("books", VDB_NTS, "{\"dimensions\": 2, \"metric\": \"l2\"}", VDB_NTS, NULL, &database) ==
         VDB_OK);
  fill(database);
  use_namespaces(database);
  get_and_change(database);
  page_through(database);
  delete_some(database);
  EXPECT(vdb_database_close(database) == VDB_OK);
  EXPECT(vdb_log_set(NULL, NULL, VDB_LOG_DEBUG) == VDB_OK);
  return EXIT_SUCCESS;
}
