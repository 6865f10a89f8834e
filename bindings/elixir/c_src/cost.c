/*
 * Where a call runs. An ordinary NIF may use a fifth of a millisecond of its scheduler; what may take longer goes to a
 * dirty one, which costs some microseconds for the hand-over. So estimates are upper ones, and what cannot be estimated
 * counts as long. cost_spent() keeps the longest time an ordinary call took in truth.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is stored is estimated from what was written: asking the library for a count would show as a request in the
 * metrics. Writes are counted for all namespaces together, since each may hold any part of them; a handle stands for
 * one namespace, and the scan of that is measured by every search of one query without a filter.
 */
#include <string.h>

#include "nif.h"

/* Upper guesses, in nanoseconds. */
#define QUERY 1000                /* of a batch */
#define HIT 600                   /* its terms */
#define ITEM 1000                 /* looking an id up, writing a record */
#define LIST_NUMBER 20            /* a list's element into float32 */
#define TEXT_BYTE 20              /* parsing JSON */
#define FILTER_ROW 100            /* looking at one record, */
#define FILTER_ROW_BYTE 4         /* with each byte of the filter */
#define ROW_REBUILT 100           /* a write may have to build the table of ids anew, */
#define ELEMENT_MOVED 1           /* or to move the rows of a chunk */
#define ELEMENT 1                 /* copying or checking four bytes */
#define ELEMENTS_SCANNED 4        /* in one nanosecond */

static uint64_t load(_Atomic uint64_t *number) { return atomic_load_explicit(number, memory_order_relaxed); }

static void store(_Atomic uint64_t *number, uint64_t value) {
  atomic_store_explicit(number, value, memory_order_relaxed);
}

static void add(_Atomic uint64_t *number, uint64_t value) {
  atomic_fetch_add_explicit(number, value, memory_order_relaxed);
}

/** Estimates end here, so that a few of them can be added without wrapping to something small. */
#define MOST (UINT64_MAX / 16)

static uint64_t times(uint64_t a, uint64_t b) {
  uint64_t product;
  return __builtin_mul_overflow(a, b, &product) || product > MOST ? MOST : product;
}

static uint64_t plus(uint64_t a, uint64_t b) {
  uint64_t sum;
  return __builtin_add_overflow(a, b, &sum) || sum > MOST ? MOST : sum;
}

uint64_t now_ns(void) { return (uint64_t)enif_monotonic_time(ERL_NIF_NSEC); }

bool cost_is_heavy(uint64_t estimate_ns) { return estimate_ns > ORDINARY_LIMIT_NS; }

/* ---- waiting ----------------------------------------------------------------------------------------------------- */

/**
 * Backends that answer from this process, and layers that never wait: with others on its way a call may take any time.
 * Retries need somebody who fails, and the cache waits only for the scan of another.
 */
static const char *const prompt_layers[] = {"metrics", "deadline", "cache", "retry", "circuit_breaker", "memory"};

static bool is_layer(const char *name, const char *text, size_t length) {
  return strlen(name) == length && memcmp(name, text, length) == 0;
}

static bool is_prompt(const char *text, size_t length) {
  for (size_t i = 0; i < sizeof prompt_layers / sizeof *prompt_layers; i++) {
    if (is_layer(prompt_layers[i], text, length)) return true;
  }
  return false;
}

void cost_pipeline(shared_state *shared, const vdb_database *handle) {
  /* Until the contrary is read: whatever cannot be read may wait. */
  shared->waits = shared->caches = true;
  char *json = NULL;
  if (vdb_database_describe_json(handle, &json, NULL) != VDB_OK) return;
  /* The library writes it without spaces, and quotes inside a name are escaped. */
  static const char key[] = "\"pipeline\":[\"";
  const char *layer = strstr(json, key), *end;
  if (layer != NULL) {
    shared->waits = shared->caches = false;
    for (layer += sizeof key - 1; (end = strchr(layer, '"')) != NULL; layer = end + 3) {
      size_t length = (size_t)(end - layer);
      if (!is_prompt(layer, length)) shared->waits = true;
      if (is_layer("cache", layer, length)) shared->caches = true;
      if (end[1] != ',' || end[2] != '"') break;
    }
  }
  vdb_string_free(json);
}

bool cost_was_scan(database *db, const vdb_results *results) {
  if (!db->shared->caches) return true;
  char *json = NULL;
  bool scanned = vdb_results_info_json(results, &json, NULL) == VDB_OK && strstr(json, "\"cached\":false") != NULL;
  vdb_string_free(json);
  return scanned;
}

ERL_NIF_TERM schedule_dirty(ErlNifEnv *env, const char *name, nif_function function, int argc,
                            const ERL_NIF_TERM argv[]) {
  return enif_schedule_nif(env, name, ERL_NIF_DIRTY_JOB_CPU_BOUND, function, argc, argv);
}

/* ---- arguments: what the estimate of a list costs itself is bounded too ------------------------------------------ */

/** Length of a list times `each`; the walk ends where that is heavy. */
static uint64_t cost_list(ErlNifEnv *env, ERL_NIF_TERM list, uint64_t each) {
  ERL_NIF_TERM head;
  uint64_t cost = 0;
  while (!cost_is_heavy(cost) && enif_get_list_cell(env, list, &head, &list)) cost += each;
  return cost;
}

uint64_t cost_ids(ErlNifEnv *env, ERL_NIF_TERM list) { return cost_list(env, list, ITEM); }

uint64_t cost_text(ErlNifEnv *env, ERL_NIF_TERM text) {
  ErlNifBinary binary;
  return enif_inspect_binary(env, text, &binary) ? times(binary.size, TEXT_BYTE) : 0;
}

uint64_t cost_vector(ErlNifEnv *env, ERL_NIF_TERM vector) {
  ErlNifBinary binary;
  if (enif_inspect_binary(env, vector, &binary)) return times(binary.size / sizeof(float), ELEMENT);
  return cost_list(env, vector, LIST_NUMBER);
}

uint64_t cost_vectors(ErlNifEnv *env, ERL_NIF_TERM vectors, uint64_t each) {
  const ERL_NIF_TERM *field;
  int arity;
  ErlNifUInt64 count;
  if (enif_get_tuple(env, vectors, &arity, &field) && arity == 3) {
    if (!enif_get_uint64(env, field[0], &count)) return 0;
    return plus(times(count, each), cost_vector(env, field[2]));
  }
  ERL_NIF_TERM head;
  uint64_t cost = 0;
  while (!cost_is_heavy(cost) && enif_get_list_cell(env, vectors, &head, &vectors)) {
    cost = plus(cost, plus(plus(each, LIST_NUMBER), cost_vector(env, head)));
  }
  return cost;
}

/* ---- what is stored ---------------------------------------------------------------------------------------------- */

uint64_t cost_rows(database *db) {
  uint64_t written = load(&db->shared->written), gone = load(&db->shared->gone);
  return written > gone ? written - gone : 0;
}

void cost_writing(database *db, uint64_t count, uint64_t dimensions, uint64_t metadata_bytes) {
  if (count == 0) return;
  shared_state *shared = db->shared;
  if (dimensions > load(&shared->widest)) store(&shared->widest, dimensions);
  add(&shared->written, count);
  uint64_t each = metadata_bytes / count + 1;
  if (each > load(&shared->record_bytes)) store(&shared->record_bytes, each);
}

void cost_written(shared_state *shared, vdb_status status, uint64_t count, uint64_t dimensions) {
  if (status != VDB_OK && status != VDB_E_PARTIAL) {
    cost_gone(shared, count);
  } else if (count > 0) {
    store(&shared->dimensions, dimensions);
    store(&shared->widest, dimensions);
  }
}

void cost_gone(shared_state *shared, uint64_t count) { add(&shared->gone, count); }

void cost_cleared(database *db) {
  shared_state *shared = db->shared;
  store(&db->scan_ns, 0);
  store(&db->scan_written, load(&shared->written));
  /* What the other namespaces hold is still there. */
  if (!atomic_load(&shared->has_views)) store(&shared->gone, load(&shared->written));
}

uint64_t cost_bytes(database *db) {
  uint64_t row = plus(plus(times(load(&db->shared->widest), sizeof(float)), load(&db->shared->record_bytes)), 64);
  /* Each may be the only one of its namespace, which has room for many more. */
  if (atomic_load(&db->shared->has_views)) row = times(row, 256);
  return times(cost_rows(db), row);
}

/* ---- calls: a request costs its caller nothing but its arguments ------------------------------------------------- */

/** Terms of one record. */
static uint64_t cost_record(database *db, uint32_t flags) {
  uint64_t cost = HIT;
  if (flags & VDB_INCLUDE_VECTORS) cost = plus(cost, times(load(&db->shared->widest), ELEMENT));
  if (flags & VDB_INCLUDE_METADATA) cost = plus(cost, load(&db->shared->record_bytes));
  return cost;
}

uint64_t cost_filter(database *db, uint64_t length) {
  if (length == 0 || db->shared->waits) return times(length, TEXT_BYTE);
  uint64_t row = plus(FILTER_ROW, times(length, FILTER_ROW_BYTE));
  return plus(times(length, TEXT_BYTE), times(cost_rows(db), row));
}

static uint64_t cost_scan(database *db) {
  uint64_t written = load(&db->shared->written), before = load(&db->scan_written);
  uint64_t since = written > before ? written - before : 0;
  return plus(load(&db->scan_ns), times(since, load(&db->shared->widest)) / ELEMENTS_SCANNED);
}

uint64_t cost_query(database *db, const vdb_search_options *options) {
  if (db->shared->waits) return 0;
  uint64_t rows = cost_rows(db);
  uint64_t hits = options->k < rows ? options->k : rows;
  return plus(QUERY, plus(cost_scan(db), times(hits, cost_record(db, options->flags))));
}

uint64_t cost_search_written(database *db) { return load(&db->shared->written); }

void cost_search_measured(database *db, uint64_t written, uint64_t elapsed_ns) {
  uint64_t before = cost_scan(db);
  /* Slowly up, since one slow call is often the machine's fault; quickly down. */
  store(&db->scan_ns, elapsed_ns > before ? before + (elapsed_ns - before) / 4 : before - (before - elapsed_ns) / 2);
  store(&db->scan_written, written);
}

uint64_t cost_get(ErlNifEnv *env, database *db, ERL_NIF_TERM ids, uint32_t flags) {
  return cost_list(env, ids, plus(ITEM, db->shared->waits ? 0 : cost_record(db, flags)));
}

uint64_t cost_page(database *db, uint64_t limit, uint32_t flags) {
  if (db->shared->waits) return 0;
  uint64_t rows = cost_rows(db);
  /* A page passes over deleted rows, of which there may be as many as there are others. */
  return plus(times(limit < rows ? limit : rows, cost_record(db, flags)), times(rows, 2));
}

uint64_t cost_write(database *db) {
  if (db->shared->waits) return 0;
  return times(cost_rows(db), plus(ROW_REBUILT, times(load(&db->shared->widest), ELEMENT_MOVED)));
}

uint64_t cost_results(const vdb_results *results) {
  vdb_columns columns = VDB_COLUMNS_INIT;
  if (vdb_results_columns(results, &columns) != VDB_OK) return 0;
  uint64_t row = HIT;
  if (columns.vectors != NULL) row = plus(row, times(columns.dimensions, ELEMENT));
  uint64_t cost = plus(times(columns.query_count, QUERY), times(columns.row_count, row));
  if (columns.metadata_offsets != NULL) cost = plus(cost, columns.metadata_offsets[columns.row_count]);
  return cost;
}

/* ---- the truth --------------------------------------------------------------------------------------------------- */

static _Atomic uint64_t longest_ns;

void cost_spent(ErlNifEnv *env, uint64_t elapsed_ns) {
  uint64_t longest = load(&longest_ns);
  while (elapsed_ns > longest && !atomic_compare_exchange_weak(&longest_ns, &longest, elapsed_ns)) {
  }
  uint64_t percent = elapsed_ns / 10000; /* of a turn of one millisecond */
  enif_consume_timeslice(env, percent < 1 ? 1 : percent > 100 ? 100 : (int)percent);
}

NIF(nif_longest_call) {
  (void)argc, (void)argv;
  return enif_make_uint64(env, atomic_exchange(&longest_ns, 0));
}
