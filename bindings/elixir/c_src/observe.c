/*
 * Health, metrics, breaker, description, and what concerns the library as a whole.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "nif.h"

typedef vdb_status (*describe_database)(const vdb_database *, char **, size_t *);
typedef vdb_status (*describe_library)(char **, size_t *);

static ERL_NIF_TERM about_database(ErlNifEnv *env, ERL_NIF_TERM term, describe_database call) {
  database *db;
  if (!database_get(env, term, &db)) return bad_call(env, term);
  char *json = NULL;
  size_t length = 0;
  vdb_status status = call(db->handle, &json, &length);
  return make_text(env, status, json, length);
}

static ERL_NIF_TERM about_library(ErlNifEnv *env, describe_library call) {
  char *json = NULL;
  size_t length = 0;
  vdb_status status = call(&json, &length);
  return make_text(env, status, json, length);
}

/* ---- health(Db, Flags) ------------------------------------------------------------------------------------------ */

static ERL_NIF_TERM health_run(ErlNifEnv *env, const ERL_NIF_TERM argv[], bool dirty) {
  database *db;
  vdb_call_options options = VDB_CALL_OPTIONS_INIT;
  if (!database_get(env, argv[0], &db) || !enif_get_uint(env, argv[1], &options.flags)) return bad_call(env, argv[0]);
  call_guard guard;
  guard_begin(env, db, &guard, dirty);
  options.cancel = guard.token;
  char *json = NULL;
  size_t length = 0;
  vdb_status status = vdb_database_health_json(db->handle, &options, &json, &length);
  guard_end(env, &guard);
  return make_text(env, status, json, length);
}

static ERL_NIF_TERM health_probe(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[]) {
  (void)argc;
  return health_run(env, argv, true);
}

NIF(nif_health) {
  database *db;
  vdb_call_options options = VDB_CALL_OPTIONS_INIT;
  if (!database_get(env, argv[0], &db) || !enif_get_uint(env, argv[1], &options.flags)) return bad_call(env, argv[0]);
  if (!(options.flags & VDB_PROBE)) return health_run(env, argv, false);
  if (!db->shared->waits) return schedule_dirty(env, "health", health_probe, argc, argv);
  ERL_NIF_TERM answer;
  SUBMIT(answer, env, db->shared, ANSWER_JSON, vdb_database_health_json_async, db->handle, &options);
  return answer;
}

NIF(nif_healthy) {
  (void)argc;
  database *db;
  int32_t healthy = 0;
  if (!database_get(env, argv[0], &db)) return bad_call(env, argv[0]);
  vdb_status status = vdb_database_healthy(db->handle, &healthy);
  if (status != VDB_OK) return make_error(env, status);
  return make_ok(env, healthy ? atom_true : atom_false);
}

NIF(nif_metrics) {
  (void)argc;
  return about_database(env, argv[0], vdb_database_metrics_json);
}

NIF(nif_reset_metrics) {
  (void)argc;
  database *db;
  if (!database_get(env, argv[0], &db)) return bad_call(env, argv[0]);
  vdb_status status = vdb_database_reset_metrics(db->handle);
  return status == VDB_OK ? atom_ok : make_error(env, status);
}

NIF(nif_cache_stats) {
  (void)argc;
  return about_database(env, argv[0], vdb_database_cache_stats_json);
}

NIF(nif_capabilities) {
  (void)argc;
  return about_database(env, argv[0], vdb_database_capabilities_json);
}

NIF(nif_describe) {
  (void)argc;
  return about_database(env, argv[0], vdb_database_describe_json);
}

NIF(nif_clear_cache) {
  (void)argc;
  database *db;
  if (!database_get(env, argv[0], &db)) return bad_call(env, argv[0]);
  vdb_status status = vdb_database_clear_cache(db->handle);
  return status == VDB_OK ? atom_ok : make_error(env, status);
}

NIF(nif_breaker_state) {
  (void)argc;
  database *db;
  vdb_breaker_state state = VDB_BREAKER_CLOSED;
  if (!database_get(env, argv[0], &db)) return bad_call(env, argv[0]);
  vdb_status status = vdb_database_breaker_state(db->handle, &state);
  return status == VDB_OK ? make_ok(env, enif_make_int(env, state)) : make_error(env, status);
}

NIF(nif_control_breaker) {
  (void)argc;
  database *db;
  vdb_breaker_action action;
  if (!database_get(env, argv[0], &db) || !enif_get_int(env, argv[1], &action)) return bad_call(env, argv[0]);
  vdb_status status = vdb_database_control_breaker(db->handle, action);
  return status == VDB_OK ? atom_ok : make_error(env, status);
}

NIF(nif_set_credentials) {
  (void)argc;
  database *db;
  const char *json;
  size_t length;
  if (!database_get(env, argv[0], &db) || !text_get(env, argv[1], &json, &length)) return bad_call(env, argv[0]);
  vdb_status status = vdb_database_set_credentials(db->handle, json, length);
  return status == VDB_OK ? atom_ok : make_error(env, status);
}

/* ---- the library ------------------------------------------------------------------------------------------------ */

NIF(nif_backends) {
  (void)argc, (void)argv;
  return about_library(env, vdb_backends_json);
}

NIF(nif_cpu_features) {
  (void)argc, (void)argv;
  return about_library(env, vdb_cpu_features_json);
}

/** Dirty: there may be any number of databases. */
NIF(nif_prometheus) {
  (void)argc, (void)argv;
  return about_library(env, vdb_prometheus_text);
}

NIF(nif_version) {
  (void)argc, (void)argv;
  const char *version = vdb_version();
  size_t length = 0;
  while (version[length] != 0) length++;
  return make_bytes(env, version, length);
}

/** {Databases, Results, WriteReports, CancelTokens, Requests}. */
NIF(nif_live_handles) {
  (void)argc, (void)argv;
  ERL_NIF_TERM counts[5];
  for (vdb_handle_kind kind = VDB_HANDLE_DATABASE; kind <= VDB_HANDLE_REQUEST; kind++) {
    uint64_t count = 0;
    vdb_status status = vdb_live_handles(kind, &count);
    if (status != VDB_OK) return make_error(env, status);
    counts[kind] = enif_make_uint64(env, count);
  }
  return enif_make_tuple_from_array(env, counts, 5);
}
