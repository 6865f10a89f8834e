/*
 * Opening and writing.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A write that is small runs where it was called, if nobody else is writing; else it moves to a dirty scheduler, since
 * waiting for the other writer would stop every process of an ordinary one. Where calls wait, it becomes a request.
 */
#include <string.h>

#include "nif.h"

typedef ERL_NIF_TERM (*write_body)(ErlNifEnv *env, database *db, const ERL_NIF_TERM argv[],
                                   const vdb_call_options *call);

/** Always a request, since it may connect; and dirty, since reading the options may load a library of the backend's. */
NIF(nif_open) {
  (void)argc;
  const char *name, *options;
  size_t name_length, options_length;
  vdb_call_options call = VDB_CALL_OPTIONS_INIT;
  ErlNifSInt64 timeout;
  if (!text_get(env, argv[0], &name, &name_length) || !text_get(env, argv[1], &options, &options_length) ||
      !enif_get_int64(env, argv[2], &timeout)) {
    return enif_make_badarg(env);
  }
  call.timeout_ms = timeout;
  ERL_NIF_TERM answer;
  SUBMIT(answer, env, NULL, ANSWER_DATABASE, vdb_database_open_async, name, name_length, options, options_length,
         &call);
  return answer;
}

NIF(nif_namespace) {
  (void)argc;
  database *db;
  const char *name;
  size_t length;
  if (!database_get(env, argv[0], &db) || !text_get(env, argv[1], &name, &length)) return bad_call(env, argv[0]);
  vdb_database *view = NULL;
  vdb_status status = vdb_database_namespace(db->handle, name, length, &view);
  return status == VDB_OK ? database_make(env, view, db->shared) : make_error(env, status);
}

/** Runs a write on a dirty scheduler: behind the writers before it, and cancelled when its caller dies. */
static ERL_NIF_TERM write_dirty(ErlNifEnv *env, const ERL_NIF_TERM argv[], ERL_NIF_TERM flags, ERL_NIF_TERM timeout,
                                write_body body) {
  database *db;
  vdb_call_options call;
  if (!database_get(env, argv[0], &db) || !call_options_get(env, flags, timeout, &call)) return bad_call(env, argv[0]);
  call_guard guard;
  guard_begin(env, db, &guard, true);
  call.cancel = guard.token;
  bool ordered = !db->shared->waits;
  if (ordered) enif_mutex_lock(db->shared->write_gate);
  ERL_NIF_TERM answer = body(env, db, argv, &call);
  if (ordered) enif_mutex_unlock(db->shared->write_gate);
  guard_end(env, &guard);
  return answer;
}

/** Runs or submits a small write here and now and answers true, unless another writer is at work. */
static bool write_here(ErlNifEnv *env, database *db, const ERL_NIF_TERM argv[], ERL_NIF_TERM flags,
                       ERL_NIF_TERM timeout, uint64_t cost, write_body body, ERL_NIF_TERM *answer) {
  vdb_call_options call;
  if (!call_options_get(env, flags, timeout, &call)) {
    *answer = bad_call(env, argv[0]);
    return true;
  }
  bool ordered = !db->shared->waits;
  if (cost_is_heavy(cost + cost_write(db))) return false;
  if (ordered && enif_mutex_trylock(db->shared->write_gate) != 0) return false;
  *answer = body(env, db, argv, &call);
  if (ordered) enif_mutex_unlock(db->shared->write_gate);
  return true;
}

static ERL_NIF_TERM no_flags(ErlNifEnv *env) { return enif_make_uint(env, 0); }

/** Submits a write, or sends it to a dirty scheduler, since it is never small. Its last argument is the timeout. */
static ERL_NIF_TERM write_aside(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[], const char *name,
                                nif_function dirty, write_body body) {
  database *db;
  ERL_NIF_TERM answer;
  if (!database_get(env, argv[0], &db)) return bad_call(env, argv[0]);
  uint64_t cost = cost_text(env, argv[1]);
  if (db->shared->waits && write_here(env, db, argv, no_flags(env), argv[argc - 1], cost, body, &answer)) return answer;
  return schedule_dirty(env, name, dirty, argc, argv);
}

/* ---- upsert(Db, Ids, Vectors, MetadataJSON, Timeout) ------------------------------------------------------------ */

static ERL_NIF_TERM upsert_body(ErlNifEnv *env, database *db, const ERL_NIF_TERM argv[], const vdb_call_options *call) {
  id_list ids;
  vector_rows rows;
  const char *metadata;
  size_t metadata_length;
  ERL_NIF_TERM answer;
  if (!text_get(env, argv[3], &metadata, &metadata_length)) return bad_call(env, argv[0]);
  if (!ids_get(env, argv[1], &ids, &answer)) return answer;
  if (rows_get(env, argv[2], atomic_load(&db->shared->dimensions), &rows, &answer)) {
    uint64_t count = rows.view.count, dimensions = rows.view.dimensions;
    if (metadata_length == 0) metadata = NULL;
    cost_writing(db, count, dimensions, metadata_length);
    if (db->shared->waits) {
      request *pending = request_begin(env, db->shared, ANSWER_REPORT);
      if (pending != NULL) request_writes(pending, count, dimensions);
      SUBMIT_REQUEST(answer, env, pending, vdb_database_upsert_async, db->handle, &ids.view, &rows.view, metadata,
                     metadata_length, call);
    } else {
      vdb_write_report *report = NULL;
      vdb_status status =
          vdb_database_upsert(db->handle, &ids.view, &rows.view, metadata, metadata_length, call, &report);
      cost_written(db->shared, status, count, dimensions);
      answer = make_report(env, db->shared, status, report);
    }
    rows_free(&rows);
  }
  ids_free(&ids);
  return answer;
}

static ERL_NIF_TERM upsert_dirty(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[]) {
  (void)argc;
  return write_dirty(env, argv, no_flags(env), argv[4], upsert_body);
}

NIF(nif_upsert) {
  database *db;
  ERL_NIF_TERM answer;
  if (!database_get(env, argv[0], &db)) return bad_call(env, argv[0]);
  uint64_t cost = cost_ids(env, argv[1]) + cost_vectors(env, argv[2], 0) + cost_text(env, argv[3]);
  if (write_here(env, db, argv, no_flags(env), argv[4], cost, upsert_body, &answer)) return answer;
  return schedule_dirty(env, "upsert", upsert_dirty, argc, argv);
}

/* ---- update_metadata(Db, Ids, MetadataJSON, Flags, Timeout) ----------------------------------------------------- */

static ERL_NIF_TERM update_body(ErlNifEnv *env, database *db, const ERL_NIF_TERM argv[], const vdb_call_options *call) {
  id_list ids;
  const char *metadata;
  size_t length;
  ERL_NIF_TERM answer;
  if (!text_get(env, argv[2], &metadata, &length)) return bad_call(env, argv[0]);
  if (!ids_get(env, argv[1], &ids, &answer)) return answer;
  if (db->shared->waits) {
    SUBMIT(answer, env, db->shared, ANSWER_REPORT, vdb_database_update_metadata_async, db->handle, &ids.view, metadata,
           length, call);
  } else {
    vdb_write_report *report = NULL;
    vdb_status status = vdb_database_update_metadata(db->handle, &ids.view, metadata, length, call, &report);
    answer = make_report(env, db->shared, status, report);
  }
  ids_free(&ids);
  return answer;
}

static ERL_NIF_TERM update_dirty(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[]) {
  (void)argc;
  return write_dirty(env, argv, argv[3], argv[4], update_body);
}

NIF(nif_update_metadata) {
  database *db;
  ERL_NIF_TERM answer;
  if (!database_get(env, argv[0], &db)) return bad_call(env, argv[0]);
  uint64_t cost = cost_ids(env, argv[1]) + cost_text(env, argv[2]);
  if (write_here(env, db, argv, argv[3], argv[4], cost, update_body, &answer)) return answer;
  return schedule_dirty(env, "update_metadata", update_dirty, argc, argv);
}

/* ---- delete(Db, Ids, Timeout) ----------------------------------------------------------------------------------- */

static ERL_NIF_TERM delete_body(ErlNifEnv *env, database *db, const ERL_NIF_TERM argv[], const vdb_call_options *call) {
  id_list ids;
  ERL_NIF_TERM answer;
  if (!ids_get(env, argv[1], &ids, &answer)) return answer;
  if (db->shared->waits) {
    SUBMIT(answer, env, db->shared, ANSWER_REPORT, vdb_database_delete_async, db->handle, &ids.view, call);
  } else {
    vdb_write_report *report = NULL;
    vdb_status status = vdb_database_delete(db->handle, &ids.view, call, &report);
    answer = make_report(env, db->shared, status, report);
  }
  ids_free(&ids);
  return answer;
}

static ERL_NIF_TERM delete_dirty(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[]) {
  (void)argc;
  return write_dirty(env, argv, no_flags(env), argv[2], delete_body);
}

NIF(nif_delete) {
  database *db;
  ERL_NIF_TERM answer;
  if (!database_get(env, argv[0], &db)) return bad_call(env, argv[0]);
  uint64_t cost = cost_ids(env, argv[1]);
  if (write_here(env, db, argv, no_flags(env), argv[2], cost, delete_body, &answer)) return answer;
  return schedule_dirty(env, "delete", delete_dirty, argc, argv);
}

/* ---- delete_where, clear, drop, create_index, flush: never small ------------------------------------------------ */

static ERL_NIF_TERM delete_where_body(ErlNifEnv *env, database *db, const ERL_NIF_TERM argv[],
                                      const vdb_call_options *call) {
  const char *filter;
  size_t length;
  if (!text_get(env, argv[1], &filter, &length)) return bad_call(env, argv[0]);
  ERL_NIF_TERM answer;
  if (db->shared->waits) {
    SUBMIT(answer, env, db->shared, ANSWER_REPORT, vdb_database_delete_where_async, db->handle, filter, length, call);
    return answer;
  }
  vdb_write_report *report = NULL;
  vdb_status status = vdb_database_delete_where(db->handle, filter, length, call, &report);
  return make_report(env, db->shared, status, report);
}

static ERL_NIF_TERM delete_where_dirty(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[]) {
  (void)argc;
  return write_dirty(env, argv, no_flags(env), argv[2], delete_where_body);
}

NIF(nif_delete_where) { return write_aside(env, argc, argv, "delete_where", delete_where_dirty, delete_where_body); }

typedef vdb_status (*bare_call)(vdb_database *, const vdb_call_options *, vdb_done_callback, void *, vdb_request **);

/** What has neither arguments nor an answer. */
static ERL_NIF_TERM submitted(ErlNifEnv *env, database *db, const vdb_call_options *call, bare_call function) {
  ERL_NIF_TERM answer;
  SUBMIT(answer, env, db->shared, ANSWER_NOTHING, function, db->handle, call);
  return answer;
}

static ERL_NIF_TERM clear_body(ErlNifEnv *env, database *db, const ERL_NIF_TERM argv[], const vdb_call_options *call) {
  (void)argv;
  if (db->shared->waits) return submitted(env, db, call, vdb_database_clear_async);
  vdb_status status = vdb_database_clear(db->handle, call);
  if (status != VDB_OK) return make_error(env, status);
  cost_cleared(db);
  return atom_ok;
}

static ERL_NIF_TERM clear_dirty(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[]) {
  (void)argc;
  return write_dirty(env, argv, no_flags(env), argv[1], clear_body);
}

NIF(nif_clear) { return write_aside(env, argc, argv, "clear", clear_dirty, clear_body); }

static ERL_NIF_TERM drop_body(ErlNifEnv *env, database *db, const ERL_NIF_TERM argv[], const vdb_call_options *call) {
  (void)argv;
  if (db->shared->waits) return submitted(env, db, call, vdb_database_drop_async);
  vdb_status status = vdb_database_drop(db->handle, call);
  if (status != VDB_OK) return make_error(env, status);
  cost_cleared(db);
  return atom_ok;
}

static ERL_NIF_TERM drop_dirty(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[]) {
  (void)argc;
  return write_dirty(env, argv, no_flags(env), argv[1], drop_body);
}

NIF(nif_drop) { return write_aside(env, argc, argv, "drop", drop_dirty, drop_body); }

static ERL_NIF_TERM create_index_body(ErlNifEnv *env, database *db, const ERL_NIF_TERM argv[],
                                      const vdb_call_options *call) {
  const char *index;
  size_t length;
  if (!text_get(env, argv[1], &index, &length)) return bad_call(env, argv[0]);
  if (length == 0) index = NULL;
  if (db->shared->waits) {
    ERL_NIF_TERM answer;
    SUBMIT(answer, env, db->shared, ANSWER_NOTHING, vdb_database_create_index_async, db->handle, index, length, call);
    return answer;
  }
  vdb_status status = vdb_database_create_index(db->handle, index, length, call);
  return status == VDB_OK ? atom_ok : make_error(env, status);
}

static ERL_NIF_TERM create_index_dirty(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[]) {
  (void)argc;
  return write_dirty(env, argv, no_flags(env), argv[2], create_index_body);
}

NIF(nif_create_index) { return write_aside(env, argc, argv, "create_index", create_index_dirty, create_index_body); }

static ERL_NIF_TERM flush_body(ErlNifEnv *env, database *db, const ERL_NIF_TERM argv[], const vdb_call_options *call) {
  (void)argv;
  if (db->shared->waits) return submitted(env, db, call, vdb_database_flush_async);
  vdb_status status = vdb_database_flush(db->handle, call);
  return status == VDB_OK ? atom_ok : make_error(env, status);
}

static ERL_NIF_TERM flush_dirty(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[]) {
  (void)argc;
  return write_dirty(env, argv, no_flags(env), argv[1], flush_body);
}

NIF(nif_flush) { return write_aside(env, argc, argv, "flush", flush_dirty, flush_body); }
