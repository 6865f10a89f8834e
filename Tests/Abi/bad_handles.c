/* NULL, garbage, closed and mistaken handles: every function that takes one answers with the right code. */
#include "support.h"

static const float query[3] = {1, 0, 0};
static uint64_t offsets[2];

/* Every call on a database, with whatever is given as one. */
static void every_database_call(vdb_database *d, vdb_status expected, const char *what) {
  const vdb_strings ids = one_id("a", offsets, 1);
  const vdb_vectors rows = rows_of(query, 1, 3);
  vdb_database *view = (vdb_database *)1;
  vdb_results *results = (vdb_results *)1;
  vdb_write_report *report = (vdb_write_report *)1;
  char *json = (char *)1;
  uint64_t count = 77;
  int32_t number = 77;
  printf("%s\n", what);
  EXPECT(expected, vdb_database_namespace(d, "n", 1, &view));
  CHECK(view == NULL, "out_view was left at %p", (void *)view);
  EXPECT(expected, vdb_database_upsert(d, &ids, &rows, NULL, 0, NULL, &report));
  CHECK(report == NULL, "out_report was left at %p", (void *)report);
  EXPECT(expected, vdb_database_update_metadata(d, &ids, "[{}]", 4, NULL, NULL));
  EXPECT(expected, vdb_database_delete(d, &ids, NULL, NULL));
  EXPECT(expected, vdb_database_delete_where(d, "{\"a\":1}", VDB_NTS, NULL, NULL));
  EXPECT(expected, vdb_database_clear(d, NULL));
  EXPECT(expected, vdb_database_drop(d, NULL));
  EXPECT(expected, vdb_database_flush(d, NULL));
  EXPECT(expected, vdb_database_create_index(d, NULL, 0, NULL));
  EXPECT(expected, vdb_database_search(d, query, 3, NULL, &results));
  CHECK(results == NULL, "out_results was left at %p", (void *)results);
  EXPECT(expected, vdb_database_search_batch(d, &rows, NULL, &results));
  EXPECT(expected, vdb_database_search_by_id(d, "a", 1, NULL, &results));
  EXPECT(expected, vdb_database_get(d, &ids, NULL, &results));
  EXPECT(expected, vdb_database_page(d, NULL, &results));
  EXPECT(expected, vdb_database_count(d, NULL, 0, NULL, &count, &number));
  EXPECT(expected, vdb_database_collections_json(d, NULL, &json, NULL));
  CHECK(json == NULL, "out_json was left at %p", (void *)json);
  EXPECT(expected, vdb_database_namespaces_json(d, NULL, &json, NULL));
  EXPECT(expected, vdb_database_health_json(d, NULL, &json, NULL));
  EXPECT(expected, vdb_database_healthy(d, &number));
  EXPECT(expected, vdb_database_metrics_json(d, &json, NULL));
  EXPECT(expected, vdb_database_reset_metrics(d));
  EXPECT(expected, vdb_database_cache_stats_json(d, &json, NULL));
  EXPECT(expected, vdb_database_clear_cache(d));
  EXPECT(expected, vdb_database_breaker_state(d, &number));
  EXPECT(expected, vdb_database_control_breaker(d, VDB_BREAKER_AUTOMATIC));
  EXPECT(expected, vdb_database_capabilities_json(d, &json, NULL));
  EXPECT(expected, vdb_database_describe_json(d, &json, NULL));
  EXPECT(expected, vdb_database_set_credentials(d, "{}", 2));
  CHECK(count == 77 && number == 77, "an output changed on failure");
}

static void every_other_call(void *handle, vdb_status expected, const char *what) {
  vdb_columns columns = VDB_COLUMNS_INIT;
  vdb_write_columns write_columns = VDB_WRITE_COLUMNS_INIT;
  const char *token = "untouched";
  size_t length = 77;
  char *json = NULL;
  printf("%s, as results, report and token\n", what);
  EXPECT(expected, vdb_results_columns(handle, &columns));
  EXPECT(expected, vdb_results_info_json(handle, &json, NULL));
  EXPECT(expected, vdb_results_next_page(handle, &token, &length));
  EXPECT(expected, vdb_write_report_columns(handle, &write_columns));
  EXPECT(expected, vdb_cancel_token_cancel(handle));
  CHECK(columns.row_count == 0 && length == 77, "an output changed on failure");
}

int main(void) {
  vdb_database *open = open_database("{\"dimensions\":3}"), *closed = open_database("{\"dimensions\":3}");
  vdb_database *view = NULL;
  vdb_results *results = NULL;
  vdb_write_report *report = NULL;
  vdb_cancel_token *token = NULL;
  const vdb_strings ids = one_id("a", offsets, 1);
  const vdb_vectors rows = rows_of(query, 1, 3);
  EXPECT(VDB_OK, vdb_database_upsert(open, &ids, &rows, NULL, 0, NULL, &report));
  EXPECT(VDB_OK, vdb_database_search(open, query, 3, NULL, &results));
  EXPECT(VDB_OK, vdb_cancel_token_new(&token));
  EXPECT(VDB_OK, vdb_database_close(closed));

  every_database_call(NULL, VDB_E_INVALID_HANDLE, "NULL");
  every_database_call((vdb_database *)0xDEADBEEF, VDB_E_INVALID_HANDLE, "garbage");
  every_database_call((vdb_database *)~0ull, VDB_E_INVALID_HANDLE, "all ones");
  every_database_call((vdb_database *)(void *)&offsets, VDB_E_INVALID_HANDLE, "an address");
  every_database_call((vdb_database *)results, VDB_E_INVALID_HANDLE, "results as a database");
  every_database_call((vdb_database *)token, VDB_E_INVALID_HANDLE, "a token as a database");
  every_database_call(closed, VDB_E_CLOSED, "a closed database");
  every_other_call(NULL, VDB_E_INVALID_HANDLE, "NULL");
  every_other_call((void *)0xDEADBEEF, VDB_E_INVALID_HANDLE, "garbage");
  every_other_call(open, VDB_E_INVALID_HANDLE, "a database");

  /* Ending: NULL is fine, garbage and the second time are not, and the last error is left alone. */
  vdb_results *none = NULL;
  vdb_search_options zero = VDB_SEARCH_OPTIONS_INIT;
  zero.k = 0;
  EXPECT(VDB_E_INVALID_K, vdb_database_search(open, query, 3, &zero, &none));
  EXPECT(VDB_OK, vdb_database_close(NULL));
  EXPECT(VDB_OK, vdb_results_free(NULL));
  EXPECT(VDB_OK, vdb_write_report_free(NULL));
  EXPECT(VDB_OK, vdb_cancel_token_free(NULL));
  vdb_string_free(NULL);
  EXPECT(VDB_E_INVALID_HANDLE, vdb_database_close((vdb_database *)12345));
  EXPECT(VDB_E_INVALID_HANDLE, vdb_results_free((vdb_results *)open));
  EXPECT(VDB_E_CLOSED, vdb_database_close(closed));
  EXPECT(VDB_E_INVALID_K, vdb_last_error_status());

  /* A view keeps its database alive; each is closed once. */
  EXPECT(VDB_OK, vdb_database_namespace(open, "n", 1, &view));
  EXPECT(VDB_OK, vdb_database_close(open));
  EXPECT(VDB_E_CLOSED, vdb_database_close(open));
  CHECK(count_of(view) == 0, "the view of an empty namespace holds records");
  EXPECT(VDB_OK, vdb_database_close(view));
  EXPECT(VDB_E_CLOSED, vdb_database_close(view));

  /* Results and reports outlive the database. */
  vdb_columns columns = VDB_COLUMNS_INIT;
  EXPECT(VDB_OK, vdb_results_columns(results, &columns));
  CHECK(columns.row_count == 1 && columns.ids[0] == 'a', "the answer is gone with its database");
  EXPECT(VDB_OK, vdb_results_free(results));
  EXPECT(VDB_E_CLOSED, vdb_results_free(results));
  EXPECT(VDB_E_CLOSED, vdb_results_columns(results, &columns));
  EXPECT(VDB_OK, vdb_write_report_free(report));
  EXPECT(VDB_E_CLOSED, vdb_write_report_free(report));
  EXPECT(VDB_OK, vdb_cancel_token_free(token));
  EXPECT(VDB_E_CLOSED, vdb_cancel_token_free(token));
  EXPECT(VDB_E_CLOSED, vdb_cancel_token_cancel(token));
  return finish("bad_handles");
}
