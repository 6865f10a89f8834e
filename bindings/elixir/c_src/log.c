/*
 * Log events as messages to one process: {'Elixir.VectorDB.Log', Level, JSON}.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The library runs the callback on a thread of its own, so it may send but not look at any term of a caller. The
 * receiver lives in a heap cell that is freed only after vdb_log_set returned: from then on no callback reads it.
 */
#include "nif.h"

static ErlNifMutex *lock;
static ErlNifPid *receiver;
/** Versions of the module that are loaded; the VM loads and unloads one at a time. */
static unsigned users;

bool log_start(void) {
  if (lock == NULL) lock = enif_mutex_create("vectordb_log");
  if (lock == NULL) return false;
  users += 1;
  return true;
}

static const char *level_name(vdb_log_level level) {
  switch (level) {
    case VDB_LOG_DEBUG: return "debug";
    case VDB_LOG_INFO: return "info";
    case VDB_LOG_WARNING: return "warning";
    default: return "error";
  }
}

static void on_event(void *context, vdb_log_level level, const char *json, size_t length) {
  ErlNifEnv *env = enif_alloc_env();
  if (env == NULL) return;
  ERL_NIF_TERM message = enif_make_tuple3(env, enif_make_atom(env, "Elixir.VectorDB.Log"),
                                          enif_make_atom(env, level_name(level)), make_bytes(env, json, length));
  enif_send(NULL, context, env, message);
  enif_free_env(env);
}

/** Replaces the receiver; NULL turns the log off. Takes `next` over, also when it fails. */
static vdb_status replace(ErlNifPid *next, vdb_log_level level) {
  enif_mutex_lock(lock);
  vdb_status status = vdb_log_set(next == NULL ? NULL : on_event, next, level);
  if (status == VDB_OK) {
    memory_free(receiver);
    receiver = next;
  } else {
    memory_free(next);
  }
  enif_mutex_unlock(lock);
  return status;
}

void log_stop(void) {
  users -= 1;
  if (users > 0) return;
  replace(NULL, VDB_LOG_ERROR);
  enif_mutex_destroy(lock);
  lock = NULL;
}

/** log_set(Pid, Level) */
NIF(nif_log_set) {
  (void)argc;
  vdb_log_level level;
  ErlNifPid pid;
  if (!enif_get_local_pid(env, argv[0], &pid) || !enif_get_int(env, argv[1], &level)) return enif_make_badarg(env);
  ErlNifPid *next = enif_alloc(sizeof *next);
  if (next == NULL) return make_failure(env, VDB_E_OUT_OF_MEMORY, "no memory for the log's receiver");
  *next = pid;
  vdb_status status = replace(next, level);
  return status == VDB_OK ? atom_ok : make_error(env, status);
}

NIF(nif_log_clear) {
  (void)argc, (void)argv;
  vdb_status status = replace(NULL, VDB_LOG_ERROR);
  return status == VDB_OK ? atom_ok : make_error(env, status);
}
