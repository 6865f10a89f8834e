/*
 * What the files of this NIF share.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The NIF holds no logic of its own: a call decodes its arguments (arguments.c), decides where to run (cost.c), calls
 * the library (writes.c, reads.c, observe.c) and turns the answer into terms (terms.c). Results, write reports and
 * cancel tokens never outlive the call that made them; only databases do, as resources (resources.c).
 *
 * Every function here answers `ok`, `{ok, Value}` or `{error, Code, Message, DetailsJSON}`. A term of the wrong type
 * that a user can cause is such an error too; `badarg` is left for misuse of VectorDB.Native itself.
 */
#ifndef VECTORDB_NIF_H
#define VECTORDB_NIF_H

#include <erl_nif.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vectordb.h>

/** enif_free that accepts NULL. */
static inline void memory_free(void *memory) {
  if (memory != NULL) enif_free(memory);
}

/* ---- resources.c ------------------------------------------------------------------------------------------------ */

/**
 * What all handles of one database (its views too) share. `scan_ns[f]` is the estimated time of one query's scan,
 * f = 1 with a filter: writes raise it, every measured search corrects it. `write_gate` orders writes before they
 * reach the library's own lock, so that a small write can see that it would wait (and moves to a dirty scheduler).
 */
typedef struct {
  _Atomic uint64_t rows;
  _Atomic uint64_t dimensions;
  _Atomic uint64_t scan_ns[2];
  ErlNifMutex *write_gate;
} shared_state;

/** A database or view as a term. `closed` is set by whoever closes first: close/1 or the garbage collector. */
typedef struct {
  vdb_database *handle;
  shared_state *shared;
  atomic_bool closed;
} database;

/** Lets a call on a dirty scheduler be cancelled by the death of its caller. */
typedef struct {
  vdb_cancel_token *token;
  struct watch *watch;
  ErlNifMonitor monitor;
} call_guard;

bool resources_open(ErlNifEnv *env);
bool database_get(ErlNifEnv *env, ERL_NIF_TERM term, database **out);
/** What a call with a wrong term answers: invalid_handle when the handle is it, else badarg. */
ERL_NIF_TERM bad_call(ErlNifEnv *env, ERL_NIF_TERM handle);
/** Wraps a handle, which it takes over also when it fails (memory). `shared` NULL starts a database of its own. */
ERL_NIF_TERM database_make(ErlNifEnv *env, vdb_database *handle, shared_state *shared);
ERL_NIF_TERM database_close_now(ErlNifEnv *env, database *db);
/** Rough bytes of vectors: closing frees them, which takes time. */
uint64_t database_bytes(database *db);
/** Starts watching the caller when `dirty`; a short call cannot be interrupted and pays nothing. */
void guard_begin(ErlNifEnv *env, call_guard *guard, bool dirty);
void guard_end(ErlNifEnv *env, call_guard *guard);

/* ---- arguments.c ------------------------------------------------------------------------------------------------ */

/** Packed ids for one call; free with ids_free. */
typedef struct {
  vdb_strings view;
  char *bytes;
  uint64_t *offsets;
} id_list;

/** A matrix for one call: borrowed from a binary, or converted into `owned`; free with rows_free. */
typedef struct {
  vdb_vectors view;
  float *owned;
} vector_rows;

/* Each answers false after setting *error to the term the NIF is to return. */
bool ids_get(ErlNifEnv *env, ERL_NIF_TERM list, id_list *out, ERL_NIF_TERM *error);
void ids_free(id_list *ids);
bool vector_get(ErlNifEnv *env, ERL_NIF_TERM term, vector_rows *out, ERL_NIF_TERM *error);
/** Rows: a list of vectors, or {Count, Dimensions, Binary}. `expected` is the known dimension or 0. */
bool rows_get(ErlNifEnv *env, ERL_NIF_TERM term, uint64_t expected, vector_rows *out, ERL_NIF_TERM *error);
void rows_free(vector_rows *rows);
/** {K, Ef, Flags, TimeoutMs, Filter, Extra, MaxDistance, MinScore}; the texts stay borrowed from the tuple. */
bool search_options_get(ErlNifEnv *env, ERL_NIF_TERM term, vdb_search_options *out);
bool text_get(ErlNifEnv *env, ERL_NIF_TERM term, const char **bytes, size_t *length);
bool call_options_get(ErlNifEnv *env, ERL_NIF_TERM flags, ERL_NIF_TERM timeout, vdb_call_options *out);

/* ---- terms.c ---------------------------------------------------------------------------------------------------- */

extern ERL_NIF_TERM atom_ok, atom_error, atom_nil, atom_true, atom_false;

void atoms_make(ErlNifEnv *env);
ERL_NIF_TERM make_ok(ErlNifEnv *env, ERL_NIF_TERM value);
ERL_NIF_TERM make_bytes(ErlNifEnv *env, const char *bytes, size_t length);
/** The last failure of the library in this thread. */
ERL_NIF_TERM make_error(ErlNifEnv *env, vdb_status status);
/** A failure found here, with the library's code for it. */
ERL_NIF_TERM make_failure(ErlNifEnv *env, vdb_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** {ok, Text} or the error; frees the text. */
ERL_NIF_TERM make_text(ErlNifEnv *env, vdb_status status, char *text, size_t length);
/** Result terms; each frees `results`. matches: a list a query; records: {Id, Metadata, Vector} or nil a row. */
ERL_NIF_TERM make_matches(ErlNifEnv *env, vdb_status status, vdb_results *results, bool single);
ERL_NIF_TERM make_records(ErlNifEnv *env, vdb_status status, vdb_results *results);
ERL_NIF_TERM make_page(ErlNifEnv *env, vdb_status status, vdb_results *results);
/** {Applied, NotAttempted, Deleted | nil, [{Index, Code, Message}]} as {ok, _} or, when partial, {partial, _}. */
ERL_NIF_TERM make_report(ErlNifEnv *env, vdb_status status, vdb_write_report *report);

/* ---- cost.c ----------------------------------------------------------------------------------------------------- */

/** Work above this goes to a dirty scheduler. */
#define ORDINARY_LIMIT_NS 200000u

uint64_t cost_search(database *db, uint64_t queries, const vdb_search_options *options);
void cost_search_measured(database *db, uint64_t queries, bool filtered, uint64_t elapsed_ns);
uint64_t cost_records(database *db, uint64_t count);
uint64_t cost_upsert(uint64_t count, uint64_t dimensions, size_t metadata_bytes);
void cost_upserted(database *db, uint64_t count, uint64_t dimensions);
/** Forgets the estimate: nothing is stored. A view cleared alone is corrected by the next search. */
void cost_cleared(database *db);
bool cost_is_heavy(uint64_t estimate_ns);
/** Tells the scheduler how much of a process's turn an ordinary call used. */
void cost_charge(ErlNifEnv *env, uint64_t estimate_ns);
uint64_t now_ns(void);

/* ---- log.c ------------------------------------------------------------------------------------------------------ */

/** Counts a loaded version of the module; the stop of the last one ends the log. */
bool log_start(void);
void log_stop(void);

/* ---- the functions of VectorDB.Native --------------------------------------------------------------------------- */

#define NIF(name) ERL_NIF_TERM name(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[])

NIF(nif_open);
NIF(nif_namespace);
NIF(nif_close);
NIF(nif_upsert);
NIF(nif_update_metadata);
NIF(nif_delete);
NIF(nif_delete_where);
NIF(nif_clear);
NIF(nif_drop);
NIF(nif_flush);
NIF(nif_create_index);
NIF(nif_search);
NIF(nif_search_batch);
NIF(nif_search_by_id);
NIF(nif_get);
NIF(nif_page);
NIF(nif_count);
NIF(nif_floats);
NIF(nif_collections);
NIF(nif_namespaces);
NIF(nif_health);
NIF(nif_healthy);
NIF(nif_metrics);
NIF(nif_cache_stats);
NIF(nif_clear_cache);
NIF(nif_breaker_state);
NIF(nif_control_breaker);
NIF(nif_capabilities);
NIF(nif_describe);
NIF(nif_set_credentials);
NIF(nif_backends);
NIF(nif_cpu_features);
NIF(nif_version);
NIF(nif_live_handles);
NIF(nif_log_set);
NIF(nif_log_clear);

#endif
