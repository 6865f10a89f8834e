/*
 * Bad input, one case after the other: each has its code and a message of one line that names the value, and after each
 * the database holds exactly what it held before.
 */
#include <math.h>

#include "support.h"

static vdb_database *database;

/* A number that changes when any record does; the order of pages does not matter. */
static uint64_t fingerprint(void) {
  uint64_t sum = 0;
  vdb_page_options options = VDB_PAGE_OPTIONS_INIT;
  vdb_results *results = NULL;
  vdb_columns c = VDB_COLUMNS_INIT;
  options.flags = VDB_INCLUDE_METADATA | VDB_INCLUDE_VECTORS;
  options.limit = 1000;
  EXPECT(VDB_OK, vdb_database_page(database, &options, &results));
  EXPECT(VDB_OK, vdb_results_columns(results, &c));
  for (uint64_t row = 0; row < c.row_count; row++) {
    uint64_t hash = 14695981039346656037u;
#define MIX(from, to, bytes) \
  for (uint64_t i = (from); i < (to); i++) hash = (hash ^ (unsigned char)(bytes)[i]) * 1099511628211u
    MIX(c.id_offsets[row], c.id_offsets[row + 1], c.ids);
    MIX(c.metadata_offsets[row], c.metadata_offsets[row + 1], c.metadata);
    MIX(row * c.dimensions * 4, (row + 1) * c.dimensions * 4, (const char *)c.vectors);
    sum += hash;
  }
  EXPECT(VDB_OK, vdb_results_free(results));
  return sum + count_of(database);
}

/* Runs after each bad call: code, message, and nothing changed. `names` must stand in the message. */
static void refused(const char *what, vdb_status expected, vdb_status got, const char *names) {
  static uint64_t before;
  CHECK(got == expected, "%s: expected %s, got %s", what, vdb_status_name(expected), vdb_status_name(got));
  if (got != VDB_OK) {
    const char *message = vdb_last_error_message();
    CHECK(vdb_last_error_status() == got, "%s: the last error is another", what);
    CHECK(message[0] != 0 && strpbrk(message, "\n\r\t") == NULL, "%s: the message is not one line", what);
    CHECK(strstr(message, names) != NULL, "%s: the message does not name %s", what, names);
    char *json = NULL;
    CHECK(vdb_last_error_json(&json, NULL) == VDB_OK && strstr(json, vdb_status_name(got)), "%s: the JSON error", what);
    vdb_string_free(json);
  }
  const uint64_t now = fingerprint();
  if (before == 0) before = now;
  CHECK(now == before, "%s changed the database", what);
}

static vdb_status upsert_id(const char *id, uint64_t length) {
  static const float row[3] = {1, 2, 3};
  uint64_t offsets[2];
  const vdb_strings ids = one_id(id, offsets, length);
  const vdb_vectors rows = rows_of(row, 1, 3);
  return vdb_database_upsert(database, &ids, &rows, NULL, 0, NULL, NULL);
}

static vdb_status upsert_row(const float *row, uint64_t dimensions) {
  uint64_t offsets[2];
  const vdb_strings ids = one_id("new", offsets, 3);
  const vdb_vectors rows = rows_of(row, 1, dimensions);
  return vdb_database_upsert(database, &ids, &rows, NULL, 0, NULL, NULL);
}

static vdb_status upsert_metadata(const char *json, uint64_t length) {
  static const float row[3] = {1, 2, 3};
  uint64_t offsets[2];
  const vdb_strings ids = one_id("new", offsets, 3);
  const vdb_vectors rows = rows_of(row, 1, 3);
  return vdb_database_upsert(database, &ids, &rows, json, length, NULL, NULL);
}

static vdb_status search_row(const float *query, uint64_t dimensions, const vdb_search_options *options) {
  vdb_results *results = (vdb_results *)1;
  const vdb_status status = vdb_database_search(database, query, dimensions, options, &results);
  CHECK(status == VDB_OK || results == NULL, "out_results is not NULL after a failure");
  if (status == VDB_OK) vdb_results_free(results);
  return status;
}

static vdb_status search_filter(const char *filter, uint64_t length) {
  static const float query[3] = {1, 0, 0};
  vdb_search_options options = VDB_SEARCH_OPTIONS_INIT;
  options.filter = filter;
  options.filter_length = length;
  return search_row(query, 3, &options);
}

static vdb_status open_with(const char *options) {
  vdb_database *opened = (vdb_database *)1;
  const vdb_status status = vdb_database_open("bad", 3, options, VDB_NTS, NULL, &opened);
  CHECK(status == VDB_OK || opened == NULL, "out_database is not NULL after a failure");
  if (status == VDB_OK) vdb_database_close(opened);
  return status;
}

static void ids(void) {
  char longest[513];
  memset(longest, 'x', sizeof longest);
  refused("empty id", VDB_E_INVALID_ID, upsert_id("", 0), "0");
  refused("id of 513 bytes", VDB_E_INVALID_ID, upsert_id(longest, 513), "513");
  refused("NUL in an id", VDB_E_INVALID_ID, upsert_id("a\0b", 3), "NUL");
  refused("id that is not UTF-8", VDB_E_INVALID_UTF8, upsert_id("a\xFF", 2), "0");
  refused("id with a surrogate", VDB_E_INVALID_UTF8, upsert_id("\xED\xA0\x80", 3), "0");
  refused("id with an overlong form", VDB_E_INVALID_UTF8, upsert_id("\xC0\x80", 2), "0");
  vdb_results *results = NULL;
  refused("search by an empty id", VDB_E_INVALID_ID, vdb_database_search_by_id(database, "", 0, NULL, &results),
          "empty");
  refused("search by an unknown id", VDB_E_NOT_FOUND,
          vdb_database_search_by_id(database, "nobody", 6, NULL, &results), "nobody");

  /* One bad item refuses the whole batch and is named by its index. */
  const float rows[6] = {1, 2, 3, 4, 5, 6};
  const uint64_t offsets[3] = {0, 1, 1}, falling[3] = {0, 2, 1};
  vdb_strings two = VDB_STRINGS_INIT;
  vdb_vectors vectors = rows_of(rows, 2, 3);
  two.bytes = "ab";
  two.offsets = offsets;
  two.count = 2;
  refused("second id of a batch is empty", VDB_E_INVALID_ID,
          vdb_database_upsert(database, &two, &vectors, NULL, 0, NULL, NULL), "1");
  two.offsets = falling;
  refused("offsets that fall", VDB_E_INVALID_ARGUMENT,
          vdb_database_upsert(database, &two, &vectors, NULL, 0, NULL, NULL), "offsets");
  vectors.count = 1;
  two.offsets = offsets;
  refused("more ids than rows", VDB_E_INVALID_ARGUMENT,
          vdb_database_upsert(database, &two, &vectors, NULL, 0, NULL, NULL), "2");
}

static void vectors(void) {
  const float good[4] = {1, 2, 3, 4}, zero[3] = {0, 0, 0}, nan_row[3] = {1, NAN, 3}, inf_row[3] = {1, 2, -INFINITY},
              huge[3] = {3e38f, 3e38f, 3e38f};
  refused("vector of another dimension", VDB_E_DIMENSION_MISMATCH, upsert_row(good, 4), "4");
  refused("vector without elements", VDB_E_DIMENSION_MISMATCH, upsert_row(good, 0), "0");
  refused("NaN", VDB_E_INVALID_VECTOR, upsert_row(nan_row, 3), "nan");
  refused("infinity", VDB_E_INVALID_VECTOR, upsert_row(inf_row, 3), "inf");
  refused("norm above 1e18", VDB_E_INVALID_VECTOR, upsert_row(huge, 3), "norm");
  refused("zero vector under cosine", VDB_E_INVALID_VECTOR, upsert_row(zero, 3), "zero");
  refused("query of another dimension", VDB_E_DIMENSION_MISMATCH, search_row(good, 4, NULL), "4");
  refused("NaN in a query", VDB_E_INVALID_VECTOR, search_row(nan_row, 3, NULL), "nan");
  refused("zero query under cosine", VDB_E_INVALID_VECTOR, search_row(zero, 3, NULL), "zero");
  refused("query NULL", VDB_E_INVALID_ARGUMENT, search_row(NULL, 3, NULL), "query");
}

static void counts(void) {
  const float query[3] = {1, 0, 0};
  vdb_search_options options = VDB_SEARCH_OPTIONS_INIT;
  options.k = 0;
  refused("k = 0", VDB_E_INVALID_K, search_row(query, 3, &options), "0");
  for (int i = 0; i < 3; i++) {
    const uint64_t large[] = {4, 1ull << 63, UINT64_MAX};
    vdb_results *results = NULL;
    vdb_columns columns = VDB_COLUMNS_INIT;
    options.k = large[i];
    refused("k above the count", VDB_OK, vdb_database_search(database, query, 3, &options, &results), "");
    EXPECT(VDB_OK, vdb_results_columns(results, &columns));
    CHECK(columns.row_count == 3, "k = %llu gave %llu of 3", (unsigned long long)large[i],
          (unsigned long long)columns.row_count);
    EXPECT(VDB_OK, vdb_results_free(results));
  }
  options.k = 1;
  options.timeout_ms = -2;
  refused("timeout of -2 ms", VDB_E_INVALID_ARGUMENT, search_row(query, 3, &options), "-2");

  uint64_t offsets[2];
  vdb_strings ids = one_id("a", offsets, 1);
  vdb_vectors rows = rows_of(query, 1, 3);
  vdb_results *results = NULL;
#define UPSERT() vdb_database_upsert(database, &ids, &rows, NULL, 0, NULL, NULL)
  rows.stride_bytes = 1ull << 63;
  ids.count = rows.count = 1ull << 61;
  refused("count * stride overflows", VDB_E_TOO_LARGE, UPSERT(), "2305843009213693952");
  ids.count = rows.count = UINT64_MAX;
  refused("count of all ones", VDB_E_TOO_LARGE, UPSERT(), "18446744073709551615");
  rows = rows_of(query, 1, 1ull << 62);
  ids.count = 1;
  refused("dimensions of 2^62", VDB_E_TOO_LARGE, UPSERT(), "4611686018427387904");
  rows = rows_of(query, 1ull << 62, 3);
  refused("2^62 queries", VDB_E_TOO_LARGE, vdb_database_search_batch(database, &rows, NULL, &results),
          "4611686018427387904");
  rows = rows_of(query, 2, 3);
  rows.stride_bytes = 1ull << 61; /* no overflow, but no process has that much */
  refused("rows 2^61 bytes apart", VDB_E_TOO_LARGE, vdb_database_search_batch(database, &rows, NULL, &results),
          "2305843009213693952");
  rows = rows_of(query, 1, 3);
  rows.stride_bytes = 8;
  refused("rows that overlap", VDB_E_INVALID_ARGUMENT, UPSERT(), "8");
  rows = rows_of(query, 1, 3);
  rows.dtype = 7;
  refused("unknown dtype", VDB_E_UNSUPPORTED, UPSERT(), "7");
  rows.dtype = VDB_DTYPE_F32;
  rows.flags = 1u << 30;
  refused("unknown flag", VDB_E_UNSUPPORTED, UPSERT(), "flag");
  rows.flags = 0;
  rows.data = NULL;
  refused("rows NULL", VDB_E_INVALID_ARGUMENT, UPSERT(), "data");

  struct {
    vdb_search_options known;
    uint64_t beyond;
  } newer = {VDB_SEARCH_OPTIONS_INIT, 0};
  newer.known.struct_size = sizeof newer;
  refused("longer struct of zeros", VDB_OK, search_row(query, 3, &newer.known), "");
  newer.beyond = 1;
  refused("longer struct with a value", VDB_E_UNSUPPORTED, search_row(query, 3, &newer.known), "88");
  newer.known.struct_size = 24; /* as far as `ef`: an older caller */
  refused("shorter struct", VDB_OK, search_row(query, 3, &newer.known), "");
  newer.known.struct_size = 0;
  refused("struct without a size", VDB_E_INVALID_ARGUMENT, search_row(query, 3, &newer.known), "struct_size");
  vdb_page_options page = VDB_PAGE_OPTIONS_INIT;
  page.limit = 10001;
  refused("page of 10001", VDB_E_INVALID_ARGUMENT, vdb_database_page(database, &page, &results), "10001");
  page = (vdb_page_options)VDB_PAGE_OPTIONS_INIT;
  page.token = "garbage";
  page.token_length = 7;
  refused("page token from nowhere", VDB_E_INVALID_ARGUMENT, vdb_database_page(database, &page, &results), "token");
}

/* `depth` times open, then 1, then `depth` times close. */
static char *nested(int depth, const char *open, const char *close, const char *before, const char *after) {
  const size_t room = (size_t)depth * (strlen(open) + strlen(close)) + strlen(before) + strlen(after) + 2;
  char *text = malloc(room), *at = text;
  if (!text) exit(2);
  at += sprintf(at, "%s", before);
  for (int i = 0; i < depth; i++) at += sprintf(at, "%s", open);
  at += sprintf(at, "1");
  for (int i = 0; i < depth; i++) at += sprintf(at, "%s", close);
  sprintf(at, "%s", after);
  return text;
}

static void metadata(void) {
  refused("not JSON", VDB_E_INVALID_JSON, upsert_metadata("[{\"a\":}]", VDB_NTS), "6");
  refused("JSON cut off", VDB_E_INVALID_JSON, upsert_metadata("[{\"a\":1", VDB_NTS), "7");
  refused("metadata that is not UTF-8", VDB_E_INVALID_UTF8, upsert_metadata("[{\"a\":\"\xFF\"}]", VDB_NTS), "7");
  refused("no array", VDB_E_INVALID_JSON, upsert_metadata("{\"a\":1}", VDB_NTS), "array");
  refused("two elements for one id", VDB_E_INVALID_METADATA, upsert_metadata("[{},{}]", VDB_NTS),
          "more elements than the 1");
  refused("element that is no object", VDB_E_INVALID_METADATA, upsert_metadata("[7]", VDB_NTS), "object");
  refused("nested value", VDB_E_INVALID_METADATA, upsert_metadata("[{\"outer\":{\"b\":1}}]", VDB_NTS), "outer");
  refused("list of numbers", VDB_E_INVALID_METADATA, upsert_metadata("[{\"list\":[1]}]", VDB_NTS), "list");
  refused("repeated key", VDB_E_INVALID_METADATA, upsert_metadata("[{\"twice\":1,\"twice\":2}]", VDB_NTS), "twice");
  refused("key that starts with $", VDB_E_INVALID_METADATA, upsert_metadata("[{\"$gt\":1}]", VDB_NTS), "$gt");
  refused("reserved key", VDB_E_INVALID_METADATA, upsert_metadata("[{\"_vdb_x\":1}]", VDB_NTS), "_vdb_x");
  refused("integer beyond 2^53", VDB_E_INVALID_METADATA, upsert_metadata("[{\"n\":9007199254740993}]", VDB_NTS),
          "9007199254740993");
  char *deep = nested(10000, "{\"a\":", "}", "[", "]");
  refused("10,000 levels of metadata", VDB_E_INVALID_JSON, upsert_metadata(deep, VDB_NTS), "64");
  free(deep);
  uint64_t offsets[2];
  const vdb_strings ids = one_id("nobody", offsets, 6);
  refused("update of an unknown id", VDB_E_NOT_FOUND,
          vdb_database_update_metadata(database, &ids, "[{\"a\":1}]", VDB_NTS, NULL, NULL), "nobody");
}

static void filters(void) {
  refused("filter that is not JSON", VDB_E_INVALID_JSON, search_filter("{\"a\":", VDB_NTS), "5");
  refused("filter that is no object", VDB_E_INVALID_FILTER, search_filter("[1]", VDB_NTS), "object");
  refused("unknown operator", VDB_E_INVALID_FILTER, search_filter("{\"a\":{\"$near\":1}}", VDB_NTS), "$near");
  refused("unknown operator on top", VDB_E_INVALID_FILTER, search_filter("{\"$xor\":[]}", VDB_NTS), "$xor");
  refused("$in without a list", VDB_E_INVALID_FILTER, search_filter("{\"a\":{\"$in\":3}}", VDB_NTS), "$in");
  refused("$and without a list", VDB_E_INVALID_FILTER, search_filter("{\"$and\":{}}", VDB_NTS), "$and");
  refused("$exists of a number", VDB_E_INVALID_FILTER, search_filter("{\"a\":{\"$exists\":1}}", VDB_NTS), "$exists");
  refused("$gt of a bool", VDB_E_INVALID_FILTER, search_filter("{\"a\":{\"$gt\":true}}", VDB_NTS), "$gt");
  refused("empty filter in delete", VDB_E_INVALID_FILTER,
          vdb_database_delete_where(database, "{}", VDB_NTS, NULL, NULL), "clear");
  refused("NULL filter in delete", VDB_E_INVALID_FILTER, vdb_database_delete_where(database, NULL, 0, NULL, NULL),
          "clear");
  uint64_t count = 0;
  refused("unknown operator in count", VDB_E_INVALID_FILTER,
          vdb_database_count(database, "{\"a\":{\"$near\":1}}", VDB_NTS, NULL, &count, NULL), "$near");
  char *deep = nested(10000, "{\"$not\":", "}", "", "");
  refused("10,000 levels of filter", VDB_E_INVALID_JSON, search_filter(deep, VDB_NTS), "64");
  free(deep);
}

static void options(void) {
  refused("unknown option", VDB_E_INVALID_OPTION, open_with("{\"dimension\":3}"), "dimensions");
  refused("dimensions 0", VDB_E_INVALID_OPTION, open_with("{\"dimensions\":0}"), "0");
  refused("dimensions 65537", VDB_E_INVALID_OPTION, open_with("{\"dimensions\":65537}"), "65537");
  refused("dimensions as text", VDB_E_INVALID_OPTION, open_with("{\"dimensions\":\"3\"}"), "dimensions");
  refused("unknown metric", VDB_E_INVALID_OPTION, open_with("{\"dimensions\":3,\"metric\":\"taxi\"}"), "taxi");
  refused("unknown backend", VDB_E_INVALID_OPTION, open_with("{\"backend\":\"memmory\",\"dimensions\":3}"), "memory");
  refused("backend of a later version", VDB_E_UNSUPPORTED, open_with("{\"backend\":\"qdrant\",\"dimensions\":3}"),
          "qdrant");
  refused("options that are not JSON", VDB_E_INVALID_JSON, open_with("{"), "1");
  refused("options that are no object", VDB_E_INVALID_OPTION, open_with("[]"), "object");
  vdb_database *opened = NULL;
  refused("empty name", VDB_E_INVALID_ARGUMENT, vdb_database_open("", 0, NULL, 0, NULL, &opened), "name");
  refused("name NULL", VDB_E_INVALID_ARGUMENT, vdb_database_open(NULL, 3, NULL, 0, NULL, &opened), "name");
  refused("name that is not UTF-8", VDB_E_INVALID_UTF8,
          vdb_database_open("\xFF", 1, "{\"dimensions\":3}", VDB_NTS, NULL, &opened), "name");
  refused("out NULL", VDB_E_INVALID_ARGUMENT,
          vdb_database_open("a", 1, "{\"dimensions\":3}", VDB_NTS, NULL, NULL), "out_database");
}

/* Ids that only look alike are different records. */
static void alike(void) {
  static const char *const texts[] = {"id", "ID", "caf\xC3\xA9", "cafe\xCC\x81"};
  vdb_database *d = open_database("{\"dimensions\":1}");
  for (int i = 0; i < 4; i++) {
    uint64_t offsets[2];
    const float row = (float)(i + 1);
    const vdb_strings one = one_id(texts[i], offsets, strlen(texts[i]));
    const vdb_vectors rows = rows_of(&row, 1, 1);
    EXPECT(VDB_OK, vdb_database_upsert(d, &one, &rows, NULL, 0, NULL, NULL));
  }
  CHECK(count_of(d) == 4, "%llu of 4 ids that look alike", (unsigned long long)count_of(d));
  EXPECT(VDB_OK, vdb_database_close(d));
}

int main(void) {
  database = open_database("{\"dimensions\":3,\"metric\":\"cosine\"}");
  numbered_ids three = numbered(3);
  const float rows[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
  const vdb_vectors vectors_ = rows_of(rows, 3, 3);
  const char *texts = "[{\"a\":1},null,{\"a\":\"x\"}]";
  EXPECT(VDB_OK, vdb_database_upsert(database, &three.strings, &vectors_, texts, VDB_NTS, NULL, NULL));
  free_ids(&three);
  ids();
  vectors();
  counts();
  metadata();
  filters();
  options();
  alike();
  EXPECT(VDB_OK, vdb_database_close(database));
  return finish("bad_input");
}
