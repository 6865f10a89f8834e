/*
 * Searching, getting, paging and counting.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "nif.h"

/* ---- search(Db, Query, Options), search_batch(Db, Queries, Options), search_by_id(Db, Id, Options) --------------- */

/**
 * The call itself, with arguments decoded from argv[1]. False when *answer is what the NIF is to return: an error, or
 * the request that the call has become.
 */
typedef bool (*search_call)(ErlNifEnv *env, database *db, ERL_NIF_TERM what, const vdb_search_options *options,
                            vdb_status *status, vdb_results **results, ERL_NIF_TERM *answer);

static bool search_one(ErlNifEnv *env, database *db, ERL_NIF_TERM what, const vdb_search_options *options,
                       vdb_status *status, vdb_results **results, ERL_NIF_TERM *answer) {
  vector_rows query;
  if (!vector_get(env, what, &query, answer)) return false;
  const float *data = query.view.data;
  bool now = !db->shared->waits;
  if (now) {
    *status = vdb_database_search(db->handle, data, query.view.dimensions, options, results);
  } else {
    SUBMIT(*answer, env, db->shared, ANSWER_MATCHES, vdb_database_search_async, db->handle, data,
           query.view.dimensions, options);
  }
  rows_free(&query);
  return now;
}

static bool search_many(ErlNifEnv *env, database *db, ERL_NIF_TERM what, const vdb_search_options *options,
                        vdb_status *status, vdb_results **results, ERL_NIF_TERM *answer) {
  vector_rows queries;
  if (!rows_get(env, what, atomic_load(&db->shared->dimensions), &queries, answer)) return false;
  bool now = !db->shared->waits;
  if (now) {
    *status = vdb_database_search_batch(db->handle, &queries.view, options, results);
  } else {
    SUBMIT(*answer, env, db->shared, ANSWER_MATCHES_OF_MANY, vdb_database_search_batch_async, db->handle,
           &queries.view, options);
  }
  rows_free(&queries);
  return now;
}

static bool search_id(ErlNifEnv *env, database *db, ERL_NIF_TERM what, const vdb_search_options *options,
                      vdb_status *status, vdb_results **results, ERL_NIF_TERM *answer) {
  const char *id;
  size_t length;
  if (!text_get(env, what, &id, &length)) {
    *answer = make_failure(env, VDB_E_INVALID_ID, "the id is not a binary");
    return false;
  }
  bool now = !db->shared->waits;
  if (now) {
    *status = vdb_database_search_by_id(db->handle, id, length, options, results);
  } else {
    SUBMIT(*answer, env, db->shared, ANSWER_MATCHES, vdb_database_search_by_id_async, db->handle, id, length, options);
  }
  return now;
}

static ERL_NIF_TERM search_run(ErlNifEnv *env, const ERL_NIF_TERM argv[], search_call call, bool dirty) {
  database *db;
  vdb_search_options options;
  if (!database_get(env, argv[0], &db) || !search_options_get(env, argv[2], &options)) return bad_call(env, argv[0]);
  bool single = call != search_many;
  call_guard guard;
  guard_begin(env, db, &guard, dirty);
  options.cancel = guard.token;
  vdb_status status = VDB_OK;
  vdb_results *results = NULL;
  ERL_NIF_TERM answer;
  uint64_t written = cost_search_written(db), start = now_ns();
  if (call(env, db, argv[1], &options, &status, &results, &answer)) {
    uint64_t elapsed = now_ns() - start;
    bool is_typical = status == VDB_OK && single && options.filter_length == 0;
    if (is_typical && cost_was_scan(db, results)) cost_search_measured(db, written, elapsed);
    answer = make_matches(env, status, results, single);
  }
  guard_end(env, &guard);
  return answer;
}

static ERL_NIF_TERM search_dirty(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[]) {
  (void)argc;
  return search_run(env, argv, search_one, true);
}

static ERL_NIF_TERM search_batch_dirty(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[]) {
  (void)argc;
  return search_run(env, argv, search_many, true);
}

static ERL_NIF_TERM search_by_id_dirty(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[]) {
  (void)argc;
  return search_run(env, argv, search_id, true);
}

static ERL_NIF_TERM search_anywhere(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[], search_call call,
                                    const char *name, nif_function dirty) {
  database *db;
  vdb_search_options options;
  if (!database_get(env, argv[0], &db) || !search_options_get(env, argv[2], &options)) return bad_call(env, argv[0]);
  uint64_t query = cost_query(db, &options);
  uint64_t cost = cost_filter(db, options.filter_length) + cost_filter(db, options.extra_json_length);
  cost += call == search_many ? cost_vectors(env, argv[1], query) : query + cost_vector(env, argv[1]);
  if (cost_is_heavy(cost)) return schedule_dirty(env, name, dirty, argc, argv);
  return search_run(env, argv, call, false);
}

NIF(nif_search) { return search_anywhere(env, argc, argv, search_one, "search", search_dirty); }

NIF(nif_search_batch) { return search_anywhere(env, argc, argv, search_many, "search_batch", search_batch_dirty); }

NIF(nif_search_by_id) { return search_anywhere(env, argc, argv, search_id, "search_by_id", search_by_id_dirty); }

/* ---- get(Db, Ids, Flags, Timeout) ------------------------------------------------------------------------------- */

static ERL_NIF_TERM get_run(ErlNifEnv *env, const ERL_NIF_TERM argv[], bool dirty) {
  database *db;
  vdb_call_options call;
  id_list ids;
  ERL_NIF_TERM answer;
  if (!database_get(env, argv[0], &db) || !call_options_get(env, argv[2], argv[3], &call)) {
    return bad_call(env, argv[0]);
  }
  if (!ids_get(env, argv[1], &ids, &answer)) return answer;
  if (db->shared->waits) {
    SUBMIT(answer, env, db->shared, ANSWER_RECORDS, vdb_database_get_async, db->handle, &ids.view, &call);
  } else {
    call_guard guard;
    guard_begin(env, db, &guard, dirty);
    call.cancel = guard.token;
    vdb_results *results = NULL;
    vdb_status status = vdb_database_get(db->handle, &ids.view, &call, &results);
    answer = make_records(env, status, results);
    guard_end(env, &guard);
  }
  ids_free(&ids);
  return answer;
}

static ERL_NIF_TERM get_dirty(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[]) {
  (void)argc;
  return get_run(env, argv, true);
}

NIF(nif_get) {
  database *db;
  unsigned flags;
  if (!database_get(env, argv[0], &db) || !enif_get_uint(env, argv[2], &flags)) return bad_call(env, argv[0]);
  if (!cost_is_heavy(cost_get(env, db, argv[1], flags))) return get_run(env, argv, false);
  return schedule_dirty(env, "get", get_dirty, argc, argv);
}

/* ---- page(Db, Limit, Token, Filter, Flags, Timeout) ------------------------------------------------------------- */

static ERL_NIF_TERM page_run(ErlNifEnv *env, const ERL_NIF_TERM argv[], bool dirty) {
  database *db;
  vdb_page_options options = VDB_PAGE_OPTIONS_INIT;
  ErlNifUInt64 limit;
  ErlNifSInt64 timeout;
  if (!database_get(env, argv[0], &db) || !enif_get_uint64(env, argv[1], &limit) ||
      !text_get(env, argv[2], &options.token, &options.token_length) ||
      !text_get(env, argv[3], &options.filter, &options.filter_length) ||
      !enif_get_uint(env, argv[4], &options.flags) || !enif_get_int64(env, argv[5], &timeout)) {
    return bad_call(env, argv[0]);
  }
  options.limit = limit;
  options.timeout_ms = timeout;
  ERL_NIF_TERM answer;
  if (db->shared->waits) {
    SUBMIT(answer, env, db->shared, ANSWER_PAGE, vdb_database_page_async, db->handle, &options);
    return answer;
  }
  call_guard guard;
  guard_begin(env, db, &guard, dirty);
  options.cancel = guard.token;
  vdb_results *results = NULL;
  vdb_status status = vdb_database_page(db->handle, &options, &results);
  answer = make_page(env, status, results);
  guard_end(env, &guard);
  return answer;
}

static ERL_NIF_TERM page_dirty(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[]) {
  (void)argc;
  return page_run(env, argv, true);
}

NIF(nif_page) {
  database *db;
  ErlNifUInt64 limit;
  ErlNifBinary filter;
  unsigned flags;
  if (!database_get(env, argv[0], &db) || !enif_get_uint64(env, argv[1], &limit) ||
      !enif_inspect_binary(env, argv[3], &filter) || !enif_get_uint(env, argv[4], &flags)) {
    return bad_call(env, argv[0]);
  }
  uint64_t cost = cost_page(db, limit, flags) + cost_filter(db, filter.size);
  if (!cost_is_heavy(cost)) return page_run(env, argv, false);
  return schedule_dirty(env, "page", page_dirty, argc, argv);
}

/* ---- count(Db, Filter, Timeout) --------------------------------------------------------------------------------- */

static ERL_NIF_TERM count_run(ErlNifEnv *env, const ERL_NIF_TERM argv[], bool dirty) {
  database *db;
  const char *filter;
  size_t length;
  ErlNifSInt64 timeout;
  if (!database_get(env, argv[0], &db) || !text_get(env, argv[1], &filter, &length) ||
      !enif_get_int64(env, argv[2], &timeout)) {
    return bad_call(env, argv[0]);
  }
  vdb_call_options call = VDB_CALL_OPTIONS_INIT;
  call.timeout_ms = timeout;
  if (db->shared->waits) {
    ERL_NIF_TERM answer;
    SUBMIT(answer, env, db->shared, ANSWER_COUNT, vdb_database_count_async, db->handle, filter, length, &call);
    return answer;
  }
  call_guard guard;
  guard_begin(env, db, &guard, dirty);
  call.cancel = guard.token;
  uint64_t count = 0;
  int32_t exact = 0;
  vdb_status status = vdb_database_count(db->handle, filter, length, &call, &count, &exact);
  guard_end(env, &guard);
  return make_count(env, status, count, exact);
}

static ERL_NIF_TERM count_dirty(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[]) {
  (void)argc;
  return count_run(env, argv, true);
}

NIF(nif_count) {
  database *db;
  ErlNifBinary filter;
  if (!database_get(env, argv[0], &db) || !enif_inspect_binary(env, argv[1], &filter)) return bad_call(env, argv[0]);
  if (!cost_is_heavy(cost_filter(db, filter.size))) return count_run(env, argv, false);
  return schedule_dirty(env, "count", count_dirty, argc, argv);
}

/* ---- collections(Db), namespaces(Db): dirty, since there may be any number -------------------------------------- */

typedef vdb_status (*list_names)(const vdb_database *, const vdb_call_options *, char **, size_t *);

static ERL_NIF_TERM names_now(ErlNifEnv *env, ERL_NIF_TERM term, list_names call) {
  database *db;
  if (!database_get(env, term, &db)) return bad_call(env, term);
  vdb_call_options options = VDB_CALL_OPTIONS_INIT;
  call_guard guard;
  guard_begin(env, db, &guard, true);
  options.cancel = guard.token;
  char *json = NULL;
  size_t length = 0;
  vdb_status status = call(db->handle, &options, &json, &length);
  guard_end(env, &guard);
  return make_text(env, status, json, length);
}

static ERL_NIF_TERM collections_dirty(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[]) {
  (void)argc;
  return names_now(env, argv[0], vdb_database_collections_json);
}

static ERL_NIF_TERM namespaces_dirty(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[]) {
  (void)argc;
  return names_now(env, argv[0], vdb_database_namespaces_json);
}

NIF(nif_collections) {
  database *db;
  ERL_NIF_TERM answer;
  if (!database_get(env, argv[0], &db)) return bad_call(env, argv[0]);
  if (!db->shared->waits) return schedule_dirty(env, "collections", collections_dirty, argc, argv);
  SUBMIT(answer, env, db->shared, ANSWER_JSON, vdb_database_collections_json_async, db->handle, NULL);
  return answer;
}

NIF(nif_namespaces) {
  database *db;
  ERL_NIF_TERM answer;
  if (!database_get(env, argv[0], &db)) return bad_call(env, argv[0]);
  if (!db->shared->waits) return schedule_dirty(env, "namespaces", namespaces_dirty, argc, argv);
  SUBMIT(answer, env, db->shared, ANSWER_JSON, vdb_database_namespaces_json_async, db->handle, NULL);
  return answer;
}
