/* Every asynchronous call gives what its twin gives; requests are owned, taken and freed as the header says. */
#include "async.h"

static vdb_database *database;

/* Submits, waits, checks that done ran once on another thread with the status; the request is the caller's. */
#define RUN(expected, function, ...)                                                                           \
  ({                                                                                                           \
    receiver r_ = {0};                                                                                         \
    vdb_request *request_ = NULL;                                                                              \
    EXPECT(VDB_OK, function(__VA_ARGS__, on_done, &r_, &request_));                                            \
    CHECK(await(&r_), #function " never ended");                                                               \
    CHECK(r_.runs == 1 && r_.handle == request_, "%d runs, handle %p", r_.runs, (void *)r_.handle);            \
    CHECK(r_.status == (expected), #function " ended with %s", vdb_status_name(r_.status));                    \
    CHECK(!pthread_equal(r_.thread, pthread_self()), "done ran on the thread that submitted");                 \
    CHECK(!r_.last_error_differs, "the failure is not the last error of done");                                \
    EXPECT(expected, vdb_request_status(request_));                                                            \
    if ((expected) != VDB_OK) EXPECT(expected, vdb_last_error_status());                                       \
    request_;                                                                                                  \
  })

static uint64_t rows_in(vdb_request *request) {
  vdb_results *results = NULL;
  vdb_columns columns = VDB_COLUMNS_INIT;
  EXPECT(VDB_OK, vdb_request_take_results(request, &results));
  EXPECT(VDB_OK, vdb_results_columns(results, &columns));
  EXPECT(VDB_OK, vdb_results_free(results));
  EXPECT(VDB_E_NOT_FOUND, vdb_request_take_results(request, &results));
  CHECK(results == NULL, "results were taken twice");
  EXPECT(VDB_OK, vdb_request_free(request));
  return columns.row_count;
}

static int64_t applied_in(vdb_request *request, int64_t *deleted) {
  vdb_write_report *report = NULL;
  vdb_write_columns columns = VDB_WRITE_COLUMNS_INIT;
  EXPECT(VDB_OK, vdb_request_take_report(request, &report));
  EXPECT(VDB_OK, vdb_write_report_columns(report, &columns));
  EXPECT(VDB_OK, vdb_write_report_free(report));
  EXPECT(VDB_OK, vdb_request_free(request));
  if (deleted) *deleted = columns.deleted;
  return (int64_t)columns.applied;
}

static void json_is(vdb_request *request, const char *expected) {
  char *json = NULL;
  size_t length = 0;
  EXPECT(VDB_OK, vdb_request_take_json(request, &json, &length));
  CHECK(json && strlen(json) == length && strstr(json, expected), "%s lacks %s", json, expected);
  vdb_string_free(json);
  EXPECT(VDB_OK, vdb_request_free(request));
}

static void writes_and_reads(void) {
  float rows[] = {1, 0, 0, 1, 1, 1};
  uint64_t offsets[] = {0, 1, 2, 3};
  char bytes[] = "abc", metadata[] = "[{\"n\":1},{\"n\":2},{\"n\":3}]";
  vdb_strings ids = VDB_STRINGS_INIT;
  ids.bytes = bytes, ids.offsets = offsets, ids.count = 3;
  vdb_vectors vectors = rows_of(rows, 3, 2);
  receiver r = {0};
  vdb_request *request = NULL;
  EXPECT(VDB_OK, vdb_database_upsert_async(database, &ids, &vectors, metadata, VDB_NTS, NULL, on_done, &r, &request));
  /* Copied: what becomes of it now is the caller's business. */
  memset(bytes, 'z', 3), memset(rows, 0, sizeof rows), memset(metadata, ' ', sizeof metadata - 1);
  memset(offsets, 0xFF, sizeof offsets);
  CHECK(await(&r) && r.status == VDB_OK, "upsert: %s", vdb_status_name(r.status));
  CHECK(applied_in(request, NULL) == 3, "not three records");

  const float query[] = {1, 0};
  vdb_search_options options = VDB_SEARCH_OPTIONS_INIT;
  vdb_call_options call = VDB_CALL_OPTIONS_INIT;
  options.k = 2;
  CHECK(rows_in(RUN(VDB_OK, vdb_database_search_async, database, query, 2, &options)) == 2, "search");
  vdb_vectors queries = rows_of(query, 1, 2);
  CHECK(rows_in(RUN(VDB_OK, vdb_database_search_batch_async, database, &queries, NULL)) == 3, "search_batch");
  CHECK(rows_in(RUN(VDB_OK, vdb_database_search_by_id_async, database, "a", 1, NULL)) == 2, "search_by_id");
  CHECK(rows_in(RUN(VDB_OK, vdb_database_page_async, database, NULL)) == 3, "page");
  uint64_t one[2];
  const vdb_strings b = one_id("b", one, 1);
  call.flags = VDB_INCLUDE_METADATA;
  CHECK(rows_in(RUN(VDB_OK, vdb_database_get_async, database, &b, &call)) == 1, "get");

  vdb_request *count = RUN(VDB_OK, vdb_database_count_async, database, "{\"n\":{\"$gte\":2}}", VDB_NTS, NULL);
  uint64_t number = 0;
  int32_t exact = 0;
  for (int again = 0; again < 2; again++) EXPECT(VDB_OK, vdb_request_take_count(count, &number, &exact));
  CHECK(number == 2 && exact == 1, "counted %llu", (unsigned long long)number);
  vdb_results *results = NULL;
  EXPECT(VDB_E_INVALID_ARGUMENT, vdb_request_take_results(count, &results));
  EXPECT(VDB_OK, vdb_request_free(count));

  CHECK(applied_in(RUN(VDB_OK, vdb_database_update_metadata_async, database, &b, "[{\"n\":7}]", VDB_NTS, NULL), NULL)
            == 1, "update_metadata");
  int64_t deleted = 0;
  applied_in(RUN(VDB_OK, vdb_database_delete_where_async, database, "{\"n\":7}", VDB_NTS, NULL), &deleted);
  CHECK(deleted == 1, "delete_where deleted %lld", (long long)deleted);
  const vdb_strings a = one_id("a", one, 1);
  applied_in(RUN(VDB_OK, vdb_database_delete_async, database, &a, NULL), &deleted);
  CHECK(deleted == 1, "delete deleted %lld", (long long)deleted);
  json_is(RUN(VDB_OK, vdb_database_collections_json_async, database, NULL), "[\"test\"]");
  json_is(RUN(VDB_OK, vdb_database_namespaces_json_async, database, NULL), "[\"\"]");
  call.flags = VDB_PROBE;
  json_is(RUN(VDB_OK, vdb_database_health_json_async, database, &call), "\"probe\":\"success\"");
  EXPECT(VDB_OK, vdb_request_free(RUN(VDB_OK, vdb_database_flush_async, database, NULL)));
  EXPECT(VDB_OK, vdb_request_free(RUN(VDB_OK, vdb_database_create_index_async, database, NULL, 0, NULL)));
  EXPECT(VDB_OK, vdb_request_free(RUN(VDB_OK, vdb_database_clear_async, database, NULL)));
  CHECK(count_of(database) == 0, "clear left records");
}

static void failures(void) {
  const float query[] = {1, 0, 0};
  receiver r = {0};
  vdb_request *request = (vdb_request *)&r;
  vdb_results *results = NULL;
  EXPECT(VDB_E_INVALID_ARGUMENT, vdb_database_search_async(database, query, 2, NULL, NULL, NULL, &request));
  CHECK(request == NULL, "a request of a call that was refused");
  EXPECT(VDB_E_INVALID_HANDLE, vdb_database_search_async(NULL, query, 2, NULL, on_done, &r, &request));
  EXPECT(VDB_E_INVALID_ARGUMENT, vdb_database_search_async(database, NULL, 2, NULL, on_done, &r, &request));
  EXPECT(VDB_E_INVALID_OPTION, vdb_database_open_async("x", 1, "{\"dimension\":2}", VDB_NTS, NULL, on_done, &r, NULL));
  CHECK(r.runs == 0, "done ran for a call that was refused");

  request = RUN(VDB_E_DIMENSION_MISMATCH, vdb_database_search_async, database, query, 3, NULL);
  EXPECT(VDB_E_DIMENSION_MISMATCH, vdb_request_take_results(request, &results));
  EXPECT(VDB_E_CONFLICT, vdb_request_cancel(request));
  EXPECT(VDB_OK, vdb_request_free(request));
  EXPECT(VDB_E_CLOSED, vdb_request_free(request));
  EXPECT(VDB_E_CLOSED, vdb_request_status(request));
  EXPECT(VDB_OK, vdb_request_free(NULL));
  EXPECT(VDB_E_INVALID_HANDLE, vdb_request_cancel((vdb_request *)database));
  uint64_t offsets[2];
  const vdb_strings nobody = one_id("?", offsets, 1);
  request = RUN(VDB_E_NOT_FOUND, vdb_database_update_metadata_async, database, &nobody, "[{}]", VDB_NTS, NULL);
  EXPECT(VDB_OK, vdb_request_free(request));
}

static void opening(void) {
  vdb_database *opened = NULL, *again = NULL;
  vdb_request *request = RUN(VDB_OK, vdb_database_open_async, "other", VDB_NTS, "{\"dimensions\":2}", VDB_NTS, NULL);
  EXPECT(VDB_OK, vdb_request_take_database(request, &opened));
  EXPECT(VDB_E_NOT_FOUND, vdb_request_take_database(request, &again));
  EXPECT(VDB_OK, vdb_request_free(request));
  fill(opened, 4, 2);
  CHECK(count_of(opened) == 4, "not a database");
  EXPECT(VDB_OK, vdb_request_free(RUN(VDB_OK, vdb_database_drop_async, opened, NULL)));
  EXPECT(VDB_OK, vdb_database_close(opened));
  /* Never taken: it goes with the request. */
  EXPECT(VDB_OK, vdb_request_free(RUN(VDB_OK, vdb_database_open_async, "o", 1, "{\"dimensions\":2}", VDB_NTS, NULL)));
}

/* A write that fails in part has a report, and a status that says so. */
static void partial(void) {
  vdb_database *faulty = open_database(
      "{\"dimensions\":2,\"resilience\":{\"retry\":false},\"fault_injection\":{\"seed\":3,\"partial_rate\":1}}");
  numbered_ids ids = numbered(8);
  float *data = some_floats(16);
  const vdb_vectors rows = rows_of(data, 8, 2);
  vdb_write_report *report = NULL;
  vdb_write_columns columns = VDB_WRITE_COLUMNS_INIT;
  vdb_request *request = RUN(VDB_E_PARTIAL, vdb_database_upsert_async, faulty, &ids.strings, &rows, NULL, 0, NULL);
  EXPECT(VDB_E_PARTIAL, vdb_request_take_report(request, &report));
  EXPECT(VDB_OK, vdb_write_report_columns(report, &columns));
  CHECK(columns.failed_count > 0 && columns.applied + columns.failed_count == 8, "%llu failed",
        (unsigned long long)columns.failed_count);
  EXPECT(VDB_OK, vdb_write_report_free(report));
  EXPECT(VDB_E_PARTIAL, vdb_request_status(request));
  EXPECT(VDB_OK, vdb_request_free(request));
  EXPECT(VDB_OK, vdb_database_close(faulty));
  free(data);
  free_ids(&ids);
}

/* Done may do anything: take and free, call and submit, close. */
static void chain(void *context, vdb_request *request, vdb_status status) {
  receiver *r = context;
  uint64_t count = 99;
  vdb_database *own = NULL;
  r->last_error_differs |= status != VDB_OK || vdb_request_take_database(request, &own) != VDB_OK;
  r->last_error_differs |= vdb_request_free(request) != VDB_OK;
  r->last_error_differs |= vdb_database_count(own, NULL, 0, NULL, &count, NULL) != VDB_OK || count != 0;
  r->last_error_differs |= vdb_database_flush_async(own, NULL, on_done, r, NULL) != VDB_OK;
  r->last_error_differs |= vdb_database_close(own) != VDB_OK;
}

static void within_done(void) {
  receiver r = {0};
  EXPECT(VDB_OK, vdb_database_open_async("c", 1, "{\"dimensions\":2}", VDB_NTS, NULL, chain, &r, NULL));
  CHECK(await(&r) && r.status == VDB_OK && !r.last_error_differs, "a step of done failed: %s",
        vdb_status_name(r.status));
  EXPECT(VDB_OK, vdb_request_free(r.handle));
}

/* Freed before its end: done runs all the same. Closed before its end: the call finishes. */
static void ends_before_the_end(void) {
  vdb_database *slow = open_database("{\"dimensions\":2,\"fault_injection\":{\"latency_ms\":50,\"latency_jitter\":0}}");
  receiver first = {0}, second = {0};
  vdb_request *freed = NULL, *kept = NULL;
  const float query[] = {1, 0};
  EXPECT(VDB_OK, vdb_database_search_async(slow, query, 2, NULL, on_done, &first, &freed));
  EXPECT(VDB_OK, vdb_database_search_async(slow, query, 2, NULL, on_done, &second, &kept));
  vdb_results *results = NULL;
  EXPECT(VDB_E_INVALID_ARGUMENT, vdb_request_take_results(kept, &results));
  EXPECT(VDB_OK, vdb_request_free(freed));
  EXPECT(VDB_OK, vdb_database_close(slow));
  CHECK(await(&first) && first.status == VDB_OK && first.handle == freed, "a request that was freed");
  EXPECT(VDB_E_CLOSED, vdb_request_status(freed));
  CHECK(await(&second) && second.status == VDB_OK, "a database that was closed");
  CHECK(rows_in(kept) == 0, "no records, and yet results");
}

int main(void) {
  database = open_database("{\"dimensions\":2,\"metric\":\"l2\"}");
  writes_and_reads();
  failures();
  opening();
  partial();
  within_done();
  ends_before_the_end();
  EXPECT(VDB_OK, vdb_database_close(database));
  return finish("async");
}
