/*
 * Loading, upgrading and unloading, and the table of functions.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "nif.h"

/**
 * The layout of resources and private data. A new version of the module takes over the resources of the old one, so
 * it must understand them: raise this number when `database`, `shared_state` or `request` changes, and the upgrade is
 * refused instead of misreading memory.
 */
#define LAYOUT 4

typedef struct {
  uint32_t layout;
} private_data;

/** Every load and upgrade has its own data and its own unload. */
static int load(ErlNifEnv *env, void **data, ERL_NIF_TERM info) {
  (void)info;
  private_data *own = enif_alloc(sizeof *own);
  if (own == NULL) return 1;
  own->layout = LAYOUT;
  atoms_make(env);
  if (!resources_open(env) || !log_start()) {
    enif_free(own);
    return 1;
  }
  *data = own;
  return 0;
}

static int upgrade(ErlNifEnv *env, void **data, void **old_data, ERL_NIF_TERM info) {
  const private_data *old = *old_data;
  if (old == NULL || old->layout != LAYOUT) return 1;
  return load(env, data, info);
}

static void unload(ErlNifEnv *env, void *data) {
  (void)env;
  log_stop();
  enif_free(data);
}

/**
 * Functions that start on an ordinary scheduler, where the time they take is measured; those that find out that it will
 * be long go on on a dirty one.
 */
#define ORDINARY(FUNCTION) \
  FUNCTION(wait, 2) \
  FUNCTION(answer, 1) \
  FUNCTION(namespace, 2) \
  FUNCTION(close, 1) \
  FUNCTION(upsert, 5) \
  FUNCTION(update_metadata, 5) \
  FUNCTION(delete, 3) \
  FUNCTION(delete_where, 3) \
  FUNCTION(clear, 2) \
  FUNCTION(drop, 2) \
  FUNCTION(flush, 2) \
  FUNCTION(create_index, 3) \
  FUNCTION(search, 3) \
  FUNCTION(search_batch, 3) \
  FUNCTION(search_by_id, 3) \
  FUNCTION(get, 4) \
  FUNCTION(page, 6) \
  FUNCTION(count, 3) \
  FUNCTION(floats, 1) \
  FUNCTION(collections, 1) \
  FUNCTION(namespaces, 1) \
  FUNCTION(health, 2) \
  FUNCTION(healthy, 1) \
  FUNCTION(metrics, 1) \
  FUNCTION(reset_metrics, 1) \
  FUNCTION(cache_stats, 1) \
  FUNCTION(clear_cache, 1) \
  FUNCTION(breaker_state, 1) \
  FUNCTION(control_breaker, 2) \
  FUNCTION(capabilities, 1) \
  FUNCTION(describe, 1) \
  FUNCTION(backends, 0) \
  FUNCTION(cpu_features, 0) \
  FUNCTION(version, 0) \
  FUNCTION(live_handles, 0)

#define DEFINE_MEASURED(name, arity) \
  static NIF(measured_##name) { \
    uint64_t start = now_ns(); \
    ERL_NIF_TERM answer = nif_##name(env, argc, argv); \
    cost_spent(env, now_ns() - start); \
    return answer; \
  }
ORDINARY(DEFINE_MEASURED)

#define ENTRY(name, arity) {#name, arity, measured_##name, 0},

static ErlNifFunc functions[] = {
    ORDINARY(ENTRY)
    {"longest_call", 0, nif_longest_call, 0},
    {"open", 3, nif_open, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"prometheus", 0, nif_prometheus, ERL_NIF_DIRTY_JOB_CPU_BOUND},
    {"set_credentials", 2, nif_set_credentials, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"log_set", 2, nif_log_set, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"log_clear", 0, nif_log_clear, ERL_NIF_DIRTY_JOB_IO_BOUND},
};

ERL_NIF_INIT(Elixir.VectorDB.Native, functions, load, NULL, upgrade, unload)
