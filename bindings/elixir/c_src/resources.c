/*
 * Databases as resources, and the watch that cancels a call when its caller dies.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <pthread.h>

#include "nif.h"

/** Closing more than this many bytes of vectors leaves the scheduler's thread: giving memory back takes time. */
#define QUICK_CLOSE_BYTES (4u << 20)

typedef struct watch {
  vdb_cancel_token *token;
} watch;

static ErlNifResourceType *database_type;
static ErlNifResourceType *shared_type;
static ErlNifResourceType *watch_type;

static void *close_handle(void *handle) {
  vdb_database_close(handle);
  return NULL;
}

/** A garbage collection must not stop for it, so a large database is closed by a thread of its own. */
static void close_aside(vdb_database *handle) {
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) == 0) {
    pthread_t thread;
    bool started = pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0 &&
                   pthread_create(&thread, &attributes, close_handle, handle) == 0;
    pthread_attr_destroy(&attributes);
    if (started) return;
  }
  close_handle(handle);
}

static void database_destroy(ErlNifEnv *env, void *object) {
  (void)env;
  database *db = object;
  if (!atomic_exchange(&db->closed, true)) {
    if (cost_bytes(db) > QUICK_CLOSE_BYTES) {
      close_aside(db->handle);
    } else {
      close_handle(db->handle);
    }
  }
  enif_release_resource(db->shared);
}

static void shared_destroy(ErlNifEnv *env, void *object) {
  (void)env;
  shared_state *shared = object;
  enif_mutex_destroy(shared->write_gate);
}

/** Runs on any thread when the caller died. The token may be freed already: the library answers that, unharmed. */
static void watch_down(ErlNifEnv *env, void *object, ErlNifPid *pid, ErlNifMonitor *monitor) {
  (void)env, (void)pid, (void)monitor;
  watch *own = object;
  vdb_cancel_token_cancel(own->token);
}

bool resources_open(ErlNifEnv *env) {
  ErlNifResourceFlags flags = ERL_NIF_RT_CREATE | ERL_NIF_RT_TAKEOVER;
  ErlNifResourceTypeInit for_database = {.dtor = database_destroy};
  ErlNifResourceTypeInit for_shared = {.dtor = shared_destroy};
  ErlNifResourceTypeInit for_watch = {.down = watch_down};
  database_type = enif_open_resource_type_x(env, "vectordb_database", &for_database, flags, NULL);
  shared_type = enif_open_resource_type_x(env, "vectordb_shared", &for_shared, flags, NULL);
  watch_type = enif_open_resource_type_x(env, "vectordb_watch", &for_watch, flags, NULL);
  return database_type != NULL && shared_type != NULL && watch_type != NULL && requests_open(env);
}

bool database_get(ErlNifEnv *env, ERL_NIF_TERM term, database **out) {
  void *object;
  if (!enif_get_resource(env, term, database_type, &object)) return false;
  *out = object;
  return true;
}

ERL_NIF_TERM bad_call(ErlNifEnv *env, ERL_NIF_TERM handle) {
  database *db;
  if (database_get(env, handle, &db)) return enif_make_badarg(env);
  return make_failure(env, VDB_E_INVALID_HANDLE, "not the handle of a database");
}

static shared_state *shared_new(void) {
  shared_state *shared = enif_alloc_resource(shared_type, sizeof *shared);
  if (shared == NULL) return NULL;
  atomic_init(&shared->written, 0);
  atomic_init(&shared->gone, 0);
  atomic_init(&shared->dimensions, 0);
  atomic_init(&shared->widest, 0);
  atomic_init(&shared->record_bytes, 0);
  atomic_init(&shared->has_views, false);
  shared->waits = shared->caches = false;
  shared->write_gate = enif_mutex_create("vectordb_write_gate");
  return shared;
}

ERL_NIF_TERM database_make(ErlNifEnv *env, vdb_database *handle, shared_state *shared) {
  if (shared != NULL) {
    atomic_store(&shared->has_views, true);
    enif_keep_resource(shared);
  } else {
    shared = shared_new();
    if (shared != NULL) cost_pipeline(shared, handle);
  }
  database *db = shared == NULL ? NULL : enif_alloc_resource(database_type, sizeof *db);
  if (db == NULL) {
    if (shared != NULL) enif_release_resource(shared);
    vdb_database_close(handle);
    return make_failure(env, VDB_E_OUT_OF_MEMORY, "no memory for a database handle");
  }
  db->handle = handle;
  db->shared = shared;
  atomic_init(&db->scan_ns, 0);
  atomic_init(&db->scan_written, 0);
  atomic_init(&db->closed, false);
  ERL_NIF_TERM term = enif_make_resource(env, db);
  enif_release_resource(db);
  return make_ok(env, term);
}

ERL_NIF_TERM database_close_now(ErlNifEnv *env, database *db) {
  if (atomic_exchange(&db->closed, true)) return make_failure(env, VDB_E_CLOSED, "the database was closed before");
  vdb_status status = vdb_database_close(db->handle);
  return status == VDB_OK ? atom_ok : make_error(env, status);
}

static ERL_NIF_TERM close_dirty(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[]) {
  (void)argc;
  database *db;
  if (!database_get(env, argv[0], &db)) return bad_call(env, argv[0]);
  return database_close_now(env, db);
}

NIF(nif_close) {
  database *db;
  if (!database_get(env, argv[0], &db)) return bad_call(env, argv[0]);
  if (cost_bytes(db) <= QUICK_CLOSE_BYTES) return database_close_now(env, db);
  return enif_schedule_nif(env, "close", ERL_NIF_DIRTY_JOB_CPU_BOUND, close_dirty, argc, argv);
}

void guard_begin(ErlNifEnv *env, const database *db, call_guard *guard, bool dirty) {
  guard->token = NULL;
  guard->watch = NULL;
  ErlNifPid self;
  if (!dirty || db->shared->waits || vdb_cancel_token_new(&guard->token) != VDB_OK) return;
  guard->watch = enif_alloc_resource(watch_type, sizeof *guard->watch);
  if (guard->watch == NULL) return;
  guard->watch->token = guard->token;
  bool watched = enif_self(env, &self) != NULL &&
                 enif_monitor_process(env, guard->watch, &self, &guard->monitor) == 0;
  if (watched) return;
  /* The caller is dead already. */
  enif_release_resource(guard->watch);
  guard->watch = NULL;
  vdb_cancel_token_cancel(guard->token);
}

void guard_end(ErlNifEnv *env, call_guard *guard) {
  if (guard->watch != NULL) {
    enif_demonitor_process(env, guard->watch, &guard->monitor);
    enif_release_resource(guard->watch);
  }
  vdb_cancel_token_free(guard->token);
}
