/*
 * Loading, upgrading and unloading, and the table of functions.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "nif.h"

/**
 * The layout of resources and private data. A new version of the module takes over the resources of the old one, so
 * it must understand them: raise this number when `database` or `shared_state` changes, and the upgrade is refused
 * instead of misreading memory.
 */
#define LAYOUT 1

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

static ErlNifFunc functions[] = {
    {"open", 3, nif_open, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"namespace", 2, nif_namespace, 0},
    {"close", 1, nif_close, 0},
    {"upsert", 5, nif_upsert, 0},
    {"update_metadata", 5, nif_update_metadata, 0},
    {"delete", 3, nif_delete, 0},
    {"delete_where", 3, nif_delete_where, ERL_NIF_DIRTY_JOB_CPU_BOUND},
    {"clear", 2, nif_clear, ERL_NIF_DIRTY_JOB_CPU_BOUND},
    {"drop", 2, nif_drop, ERL_NIF_DIRTY_JOB_CPU_BOUND},
    {"flush", 2, nif_flush, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"create_index", 3, nif_create_index, ERL_NIF_DIRTY_JOB_CPU_BOUND},
    {"search", 3, nif_search, 0},
    {"search_batch", 3, nif_search_batch, 0},
    {"search_by_id", 3, nif_search_by_id, 0},
    {"get", 4, nif_get, 0},
    {"page", 6, nif_page, 0},
    {"count", 3, nif_count, 0},
    {"floats", 1, nif_floats, 0},
    {"collections", 1, nif_collections, 0},
    {"namespaces", 1, nif_namespaces, 0},
    {"health", 2, nif_health, 0},
    {"healthy", 1, nif_healthy, 0},
    {"metrics", 1, nif_metrics, 0},
    {"cache_stats", 1, nif_cache_stats, 0},
    {"clear_cache", 1, nif_clear_cache, 0},
    {"breaker_state", 1, nif_breaker_state, 0},
    {"control_breaker", 2, nif_control_breaker, 0},
    {"capabilities", 1, nif_capabilities, 0},
    {"describe", 1, nif_describe, 0},
    {"set_credentials", 2, nif_set_credentials, 0},
    {"backends", 0, nif_backends, 0},
    {"cpu_features", 0, nif_cpu_features, 0},
    {"version", 0, nif_version, 0},
    {"live_handles", 0, nif_live_handles, 0},
    {"log_set", 2, nif_log_set, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"log_clear", 0, nif_log_clear, ERL_NIF_DIRTY_JOB_IO_BOUND},
};

ERL_NIF_INIT(Elixir.VectorDB.Native, functions, load, NULL, upgrade, unload)
