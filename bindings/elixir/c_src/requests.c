/*
 * Calls that wait for something: they are handed to the library, which answers on a thread of its own, and no scheduler
 * stands still for them.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Such a call answers {pending, Request} at once. Its process then asks wait(Request, Tag): `ended`, or `waiting`, and
 * then exactly one message {Tag, ended} comes. answer(Request) tells what the call has told, made into terms in the
 * process that wants them. Deadlines are the library's, so nobody has to stop waiting: that is why no message can be
 * late. When the process dies, the call is cancelled.
 *
 * Two hold a request: its term, and the library until `done` has run, or never will because a cancel was accepted.
 */
#include "nif.h"

/**
 * An asynchronous call. `lock` guards what `done`, the caller and its death touch: `ended` when done has run;
 * `orphaned` when the caller died, maybe before there was a handle; `message` with the pid it is for, when somebody
 * waits.
 * `status` is the call's when it has ended. `handle` is NULL before the call was submitted and once it is answered;
 * `results` were taken and are about to become terms on another scheduler. `written` and `dimensions` are what is to be
 * counted when an upsert has ended.
 */
struct request {
  ErlNifMutex *lock;
  vdb_request *handle;
  ErlNifEnv *message_env;
  ERL_NIF_TERM message;
  ErlNifPid receiver;
  bool ended;
  bool orphaned;
  answer_kind kind;
  uint64_t written;
  uint64_t dimensions;
  vdb_status status;
  vdb_results *results;
  shared_state *shared;
  ErlNifMonitor monitor;
};

static ErlNifResourceType *request_type;

static void request_destroy(ErlNifEnv *env, void *object) {
  (void)env;
  request *own = object;
  vdb_results_free(own->results);
  vdb_request_free(own->handle);
  if (own->message_env != NULL) enif_free_env(own->message_env);
  if (own->shared != NULL) enif_release_resource(own->shared);
  if (own->lock != NULL) enif_mutex_destroy(own->lock);
}

/** Ends a call that nobody waits for. When it was not too late, `done` will not release the request. */
static void call_off(request *own, vdb_request *handle) {
  if (vdb_request_cancel(handle) == VDB_OK) enif_release_resource(own);
}

/** Runs on any thread when the caller died. */
static void request_down(ErlNifEnv *env, void *object, ErlNifPid *pid, ErlNifMonitor *monitor) {
  (void)env, (void)pid, (void)monitor;
  request *own = object;
  enif_mutex_lock(own->lock);
  own->orphaned = true;
  vdb_request *handle = own->ended ? NULL : own->handle;
  if (handle != NULL) enif_keep_resource(own); /* The library may let go of it at any moment. */
  enif_mutex_unlock(own->lock);
  if (handle == NULL) return;
  call_off(own, handle);
  enif_release_resource(own);
}

bool requests_open(ErlNifEnv *env) {
  ErlNifResourceTypeInit functions = {.dtor = request_destroy, .down = request_down};
  ErlNifResourceFlags flags = ERL_NIF_RT_CREATE | ERL_NIF_RT_TAKEOVER;
  request_type = enif_open_resource_type_x(env, "vectordb_request", &functions, flags, NULL);
  return request_type != NULL;
}

/* ---- submitting -------------------------------------------------------------------------------------------------- */

request *request_begin(ErlNifEnv *env, shared_state *shared, answer_kind kind) {
  request *own = enif_alloc_resource(request_type, sizeof *own);
  if (own == NULL) return NULL;
  *own = (request){.kind = kind, .shared = shared, .lock = enif_mutex_create("vectordb_request")};
  if (shared != NULL) enif_keep_resource(shared);
  ErlNifPid self;
  if (own->lock != NULL && enif_self(env, &self) != NULL) {
    /* Fails when the caller is dead already. */
    if (enif_monitor_process(env, own, &self, &own->monitor) != 0) own->orphaned = true;
    /* For the library, until `done`. */
    enif_keep_resource(own);
    return own;
  }
  enif_release_resource(own);
  return NULL;
}

void request_writes(request *own, uint64_t count, uint64_t dimensions) {
  own->written = count;
  own->dimensions = dimensions;
}

void request_done(void *context, vdb_request *handle, vdb_status status) {
  (void)handle;
  request *own = context;
  enif_mutex_lock(own->lock);
  own->ended = true;
  own->status = status;
  ErlNifEnv *message_env = own->message_env;
  own->message_env = NULL;
  enif_mutex_unlock(own->lock);
  if (message_env != NULL) {
    enif_send(NULL, &own->receiver, message_env, own->message);
    enif_free_env(message_env);
  }
  enif_release_resource(own);
}

ERL_NIF_TERM request_submitted(ErlNifEnv *env, request *own, vdb_status status, vdb_request *handle) {
  ERL_NIF_TERM answer;
  if (status == VDB_OK) {
    answer = enif_make_tuple2(env, enif_make_atom(env, "pending"), enif_make_resource(env, own));
    enif_mutex_lock(own->lock);
    own->handle = handle;
    bool orphaned = own->orphaned;
    enif_mutex_unlock(own->lock);
    if (orphaned) call_off(own, handle);
  } else {
    answer = make_error(env, status);
    enif_demonitor_process(env, own, &own->monitor);
    if (own->written > 0) cost_gone(own->shared, own->written);
    /* What `done` would have released. */
    enif_release_resource(own);
  }
  enif_release_resource(own);
  return answer;
}

/* ---- wait(Request, Tag), answer(Request) ------------------------------------------------------------------------- */

static bool request_get(ErlNifEnv *env, ERL_NIF_TERM term, request **out) {
  void *object;
  if (!enif_get_resource(env, term, request_type, &object)) return false;
  *out = object;
  return true;
}

NIF(nif_wait) {
  (void)argc;
  request *own;
  ErlNifPid self;
  if (!request_get(env, argv[0], &own) || enif_self(env, &self) == NULL) return enif_make_badarg(env);
  ErlNifEnv *message_env = enif_alloc_env();
  if (message_env == NULL) return enif_make_badarg(env);
  ERL_NIF_TERM tag = enif_make_copy(message_env, argv[1]);
  ERL_NIF_TERM message = enif_make_tuple2(message_env, tag, enif_make_atom(message_env, "ended"));
  enif_mutex_lock(own->lock);
  bool ended = own->ended, waits = !ended && own->message_env == NULL;
  if (waits) {
    own->receiver = self;
    own->message = message;
    own->message_env = message_env;
  }
  enif_mutex_unlock(own->lock);
  if (!waits) enif_free_env(message_env);
  if (ended) return enif_make_atom(env, "ended");
  return waits ? enif_make_atom(env, "waiting") : enif_make_badarg(env);
}

/** Makes terms of the results that were taken out of the request. */
static ERL_NIF_TERM answer_taken(ErlNifEnv *env, request *own) {
  vdb_results *results = own->results;
  own->results = NULL;
  switch (own->kind) {
    case ANSWER_MATCHES: return make_matches(env, VDB_OK, results, true);
    case ANSWER_MATCHES_OF_MANY: return make_matches(env, VDB_OK, results, false);
    case ANSWER_PAGE: return make_page(env, VDB_OK, results);
    default: return make_records(env, VDB_OK, results);
  }
}

static ERL_NIF_TERM answer_taken_dirty(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[]) {
  (void)argc;
  request *own;
  return request_get(env, argv[0], &own) ? answer_taken(env, own) : enif_make_badarg(env);
}

static ERL_NIF_TERM answer_rows(ErlNifEnv *env, request *own, vdb_request *handle, int argc,
                                const ERL_NIF_TERM argv[]) {
  vdb_status status = vdb_request_take_results(handle, &own->results);
  if (status != VDB_OK) return make_error(env, status);
  if (!cost_is_heavy(cost_results(own->results))) return answer_taken(env, own);
  return schedule_dirty(env, "answer", answer_taken_dirty, argc, argv);
}

static ERL_NIF_TERM answer_report(ErlNifEnv *env, request *own, vdb_request *handle) {
  vdb_write_report *report = NULL;
  vdb_status status = vdb_request_take_report(handle, &report);
  if (own->written > 0) cost_written(own->shared, status, own->written, own->dimensions);
  return make_report(env, own->shared, status, report);
}

static ERL_NIF_TERM answer_count(ErlNifEnv *env, vdb_request *handle) {
  uint64_t count = 0;
  int32_t exact = 0;
  vdb_status status = vdb_request_take_count(handle, &count, &exact);
  return make_count(env, status, count, exact);
}

static ERL_NIF_TERM answer_json(ErlNifEnv *env, vdb_request *handle) {
  char *json = NULL;
  size_t length = 0;
  vdb_status status = vdb_request_take_json(handle, &json, &length);
  return make_text(env, status, json, length);
}

static ERL_NIF_TERM answer_database(ErlNifEnv *env, vdb_request *handle) {
  vdb_database *opened = NULL;
  vdb_status status = vdb_request_take_database(handle, &opened);
  return status == VDB_OK ? database_make(env, opened, NULL) : make_error(env, status);
}

static ERL_NIF_TERM answer_nothing(ErlNifEnv *env, vdb_request *handle) {
  vdb_status status = vdb_request_status(handle);
  return status == VDB_OK ? atom_ok : make_error(env, status);
}

static ERL_NIF_TERM answer_here(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[]) {
  request *own;
  if (!request_get(env, argv[0], &own)) return enif_make_badarg(env);
  enif_mutex_lock(own->lock);
  vdb_request *handle = own->ended ? own->handle : NULL;
  if (handle != NULL) own->handle = NULL;
  enif_mutex_unlock(own->lock);
  if (handle == NULL) return enif_make_badarg(env);
  enif_demonitor_process(env, own, &own->monitor);
  ERL_NIF_TERM answer;
  switch (own->kind) {
    case ANSWER_DATABASE: answer = answer_database(env, handle); break;
    case ANSWER_NOTHING: answer = answer_nothing(env, handle); break;
    case ANSWER_REPORT: answer = answer_report(env, own, handle); break;
    case ANSWER_COUNT: answer = answer_count(env, handle); break;
    case ANSWER_JSON: answer = answer_json(env, handle); break;
    default: answer = answer_rows(env, own, handle, argc, argv); break;
  }
  /* Not left to the garbage collector: handles are counted. */
  vdb_request_free(handle);
  return answer;
}

NIF(nif_answer) {
  request *own;
  if (!request_get(env, argv[0], &own)) return enif_make_badarg(env);
  enif_mutex_lock(own->lock);
  bool partial = own->ended && own->status == VDB_E_PARTIAL;
  enif_mutex_unlock(own->lock);
  /* There may be many failures, of which each is told. */
  if (partial) return schedule_dirty(env, "answer", answer_here, argc, argv);
  return answer_here(env, argc, argv);
}
