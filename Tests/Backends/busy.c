/*
 * Everything at once on one backend: threads read, write, open and close, calls are cancelled and run out of time, asynchronous
 * ones too. Meant for sanitizers (scripts/sanitize servers), which see what is wrong; here only what must hold is checked.
 *
 *   busy [trouble] OPTIONS     those of vdb_database_open without dimensions, an object in JSON
 *
 * In trouble, when somebody cuts its connections all the time, calls may fail as they do then.
 */
#include "async.h"

enum { DIMENSIONS = 8, RECORDS = 600, ROUNDS = 30, READERS = 3, ASKED = 60 };

static char options[8192], name[64];
static float *data;
static int in_trouble;

/* Whether a call ended as one may that is cancelled, late or disturbed by others. */
static void ended_well(vdb_status status, const char *call) {
  const int is_late = status == VDB_E_CANCELLED || status == VDB_E_TIMEOUT || status == VDB_E_PARTIAL;
  const int is_cut = status == VDB_E_UNAVAILABLE || status == VDB_E_CIRCUIT_OPEN;
  CHECK(status == VDB_OK || is_late || (in_trouble && is_cut), "%s ended with %s", call, vdb_status_name(status));
}
#define ENDS_WELL(call) ended_well((call), #call)

/* NULL where that failed. */
static vdb_database *open_it(void) {
  vdb_database *database = NULL;
  ENDS_WELL(vdb_database_open(name, VDB_NTS, options, VDB_NTS, NULL, &database));
  return database;
}

static void write_records(vdb_database *database, uint64_t count) {
  numbered_ids ids = numbered(count);
  char *metadata = malloc(count * 64 + 2), *end = metadata;
  if (metadata == NULL) exit(2);
  for (uint64_t i = 0; i < count; i++) {
    end += sprintf(end, "%c{\"n\":%llu,\"odd\":%s}", i ? ',' : '[', (unsigned long long)i, i % 2 ? "true" : "false");
  }
  strcpy(end, "]");
  const vdb_vectors rows = rows_of(data, count, DIMENSIONS);
  vdb_write_report *report = NULL;
  ENDS_WELL(vdb_database_upsert(database, &ids.strings, &rows, metadata, VDB_NTS, NULL, &report));
  vdb_write_report_free(report);
  free(metadata);
  free_ids(&ids);
}

static void read_all_ways(const vdb_database *database, const vdb_call_options *call) {
  vdb_results *results = NULL;
  vdb_search_options search = VDB_SEARCH_OPTIONS_INIT;
  search.flags = VDB_INCLUDE_METADATA | VDB_INCLUDE_VECTORS;
  search.timeout_ms = call->timeout_ms, search.cancel = call->cancel;
  search.filter = "{\"odd\":true}", search.filter_length = VDB_NTS;
  ENDS_WELL(vdb_database_search(database, data, DIMENSIONS, &search, &results));
  vdb_results_free(results), results = NULL;
  search.filter = NULL, search.filter_length = 0;
  const vdb_vectors queries = rows_of(data, 20, DIMENSIONS);
  ENDS_WELL(vdb_database_search_batch(database, &queries, &search, &results));
  vdb_results_free(results), results = NULL;
  numbered_ids ids = numbered(30);
  ENDS_WELL(vdb_database_get(database, &ids.strings, call, &results));
  vdb_results_free(results), results = NULL;
  free_ids(&ids);
  vdb_page_options page = VDB_PAGE_OPTIONS_INIT;
  page.timeout_ms = call->timeout_ms, page.cancel = call->cancel;
  ENDS_WELL(vdb_database_page(database, &page, &results));
  vdb_results_free(results), results = NULL;
  uint64_t count = 0;
  ENDS_WELL(vdb_database_count(database, "{\"n\":{\"$lt\":100}}", VDB_NTS, call, &count, NULL));
}

static void *reader(void *database) {
  const vdb_call_options call = VDB_CALL_OPTIONS_INIT;
  for (int i = 0; i < ROUNDS; i++) read_all_ways(database, &call);
  return NULL;
}

static void *writer(void *database) {
  uint64_t offsets[2];
  const vdb_strings one = one_id("7", offsets, 1);
  for (int i = 0; i < ROUNDS / 3; i++) {
    vdb_write_report *report = NULL;
    write_records(database, 50);
    vdb_status status = vdb_database_update_metadata(database, &one, "[{\"more\":\"text\"}]", VDB_NTS, NULL, &report);
    if (status != VDB_E_CONFLICT && status != VDB_E_NOT_FOUND) ended_well(status, "update_metadata");
    vdb_write_report_free(report), report = NULL;
    ENDS_WELL(vdb_database_delete_where(database, "{\"n\":{\"$gte\":590}}", VDB_NTS, NULL, &report));
    vdb_write_report_free(report);
  }
  return NULL;
}

static void *opener(void *unused) {
  for (int i = 0; i < ROUNDS / 3; i++) {
    vdb_database *database = open_it();
    uint64_t count = 0;
    if (database == NULL) continue;
    ENDS_WELL(vdb_database_count(database, NULL, 0, NULL, &count, NULL));
    EXPECT(VDB_OK, vdb_database_close(database));
  }
  return unused;
}

/* Calls that are cancelled at any moment, and calls whose time is up at any moment. */
static void *cancel_soon(void *token) {
  usleep(1500);
  vdb_cancel_token_cancel(token);
  return NULL;
}

static void *hasty(void *database) {
  for (int i = 0; i < ROUNDS / 2; i++) {
    vdb_call_options call = VDB_CALL_OPTIONS_INIT;
    pthread_t canceller;
    EXPECT(VDB_OK, vdb_cancel_token_new(&call.cancel));
    pthread_create(&canceller, NULL, cancel_soon, call.cancel);
    read_all_ways(database, &call);
    pthread_join(canceller, NULL);
    vdb_cancel_token_free(call.cancel);
    call.cancel = NULL;
    call.timeout_ms = 1 + i % 4;
    read_all_ways(database, &call);
  }
  return NULL;
}

/* Asynchronous searches: all are asked, some are cancelled, all end once. */
static void *asker(void *database) {
  static receiver receivers[ASKED];
  vdb_request *requests[ASKED];
  for (int i = 0; i < ASKED; i++) {
    EXPECT(VDB_OK, vdb_database_search_async(database, data + i, DIMENSIONS, NULL, on_done, &receivers[i], &requests[i]));
  }
  for (int i = 0; i < ASKED; i++) {
    const int was_cancelled = i % 3 == 0 && vdb_request_cancel(requests[i]) == VDB_OK;
    if (!was_cancelled) CHECK(await(&receivers[i]), "a search never ended");
    ended_well(was_cancelled ? VDB_OK : receivers[i].status, "search_async");
    vdb_results *results = NULL;
    if (!was_cancelled && i % 2 == 0 && vdb_request_take_results(requests[i], &results) == VDB_OK) {
      EXPECT(VDB_OK, vdb_results_free(results));
    }
    EXPECT(VDB_OK, vdb_request_free(requests[i]));
  }
  return NULL;
}

/* Where nobody listens. */
static void cannot_open(void) {
  char unreachable[512], backend[32] = "";
  vdb_database *database = NULL;
  const char *found = strstr(options, "\"backend\": \"");
  if (found) sscanf(found + 12, "%31[a-z]", backend);
  snprintf(unreachable, sizeof unreachable,
           "{\"backend\":\"%s\",\"host\":\"127.0.0.1\",\"port\":1,\"dimensions\":2,\"timeout\":1}", backend);
  for (int i = 0; i < 3; i++) {
    const vdb_status status = vdb_database_open("nowhere", VDB_NTS, unreachable, VDB_NTS, NULL, &database);
    CHECK(status == VDB_E_UNAVAILABLE || status == VDB_E_TIMEOUT || status == VDB_E_CIRCUIT_OPEN, "opened: %s",
          vdb_status_name(status));
    CHECK(database == NULL, "a database that was not opened");
  }
}

int main(int argc, char **argv) {
  const char *given = argv[argc - 1];
  in_trouble = argc == 3 && strcmp(argv[1], "trouble") == 0;
  if (argc != 2 + in_trouble || given[0] != '{' || strlen(given) > sizeof options - 100) return 2;
  snprintf(options, sizeof options, "{\"dimensions\":%d,\"metric\":\"l2\",%s", DIMENSIONS, given + 1);
  snprintf(name, sizeof name, "busy_%d", (int)getpid());
  data = some_floats(RECORDS * DIMENSIONS);
  vdb_database *database = open_it();
  /* Each try may be cut. */
  for (int i = 0; in_trouble && database == NULL && i < 50; i++) {
    usleep(100000);
    database = open_it();
  }
  if (database == NULL) {
    fprintf(stderr, "busy: the database cannot be opened\n");
    return 1;
  }
  write_records(database, RECORDS);
  pthread_t threads[READERS + 4];
  for (int i = 0; i < READERS; i++) pthread_create(&threads[i], NULL, reader, database);
  pthread_create(&threads[READERS], NULL, writer, database);
  pthread_create(&threads[READERS + 1], NULL, opener, NULL);
  pthread_create(&threads[READERS + 2], NULL, hasty, database);
  pthread_create(&threads[READERS + 3], NULL, asker, database);
  for (int i = 0; i < READERS + 4; i++) pthread_join(threads[i], NULL);
  cannot_open();
  char *text = NULL;
  EXPECT(VDB_OK, vdb_database_describe_json(database, &text, NULL));
  vdb_string_free(text);
  vdb_status status = vdb_database_drop(database, NULL);
  /* Milvus Lite may find that its own indexing has just moved what it is about to delete (docs/backends/milvus.md). */
  if (status == VDB_E_BACKEND && strstr(options, "milvus")) status = vdb_database_drop(database, NULL);
  ended_well(status, "drop");
  EXPECT(VDB_OK, vdb_database_close(database));
  free(data);
  return finish("busy");
}
