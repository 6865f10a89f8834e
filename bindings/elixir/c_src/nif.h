/*
 * What the files of this NIF share.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The NIF holds no logic of its own: a call decodes its arguments (arguments.c), decides where to run (cost.c), calls
 * the library (writes.c, reads.c, observe.c) and turns the answer into terms (terms.c). What may wait for something is
 * handed to the library instead (requests.c). Results, write reports and cancel tokens never outlive the call that made
 * them; only databases do, as resources (resources.c).
 *
 * Every function here answers `ok`, `{ok, Value}`, `{pending, Request}` or `{error, Code, Message, DetailsJSON}`. A
 * term of the wrong type that a user can cause is such an error too; `badarg` is left for misuse of VectorDB.Native.
 */
#ifndef VECTORDB_NIF_H
#define VECTORDB_NIF_H

#include <erl_nif.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vectordb.h>

typedef ERL_NIF_TERM (*nif_function)(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[]);

/** enif_free that accepts NULL. */
static inline void memory_free(void *memory) {
  if (memory != NULL) enif_free(memory);
}

/* ---- resources.c ------------------------------------------------------------------------------------------------ */

/**
 * What all handles of one database (its views too) share. `dimensions` is 0 until they are known for certain. For the
 * estimates of cost.c: records written, and of those certainly gone again, since the beginning; the most dimensions of
 * a record there may be, and the most bytes of metadata on average of a batch. `waits` when any call may wait long for
 * other things than its own work (a network, injected faults, limits): then all of them are requests (requests.c).
 * `caches` when searches may be answered without a scan. `write_gate` orders writes before they reach the library's own
 * lock, unless `waits`, so that a small write can see that it would wait (and moves to a dirty scheduler).
 */
typedef struct {
  _Atomic uint64_t written;
  _Atomic uint64_t gone;
  _Atomic uint64_t dimensions;
  _Atomic uint64_t widest;
  _Atomic uint64_t record_bytes;
  atomic_bool has_views;
  bool waits;
  bool caches;
  ErlNifMutex *write_gate;
} shared_state;

/**
 * A database or view as a term. `closed` is set by whoever closes first: close/1 or the garbage collector. `scan_ns` is
 * the measured time of one query's scan of its namespace, and `scan_written` what had been written then.
 */
typedef struct {
  vdb_database *handle;
  shared_state *shared;
  _Atomic uint64_t scan_ns;
  _Atomic uint64_t scan_written;
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
/** Wraps a handle, which it takes over also when it fails. `shared` NULL starts a database of its own. */
ERL_NIF_TERM database_make(ErlNifEnv *env, vdb_database *handle, shared_state *shared);
ERL_NIF_TERM database_close_now(ErlNifEnv *env, database *db);
/** Starts watching the caller when `dirty`: a short call cannot be interrupted and pays nothing, a request does it. */
void guard_begin(ErlNifEnv *env, const database *db, call_guard *guard, bool dirty);
void guard_end(ErlNifEnv *env, call_guard *guard);

/* ---- requests.c ------------------------------------------------------------------------------------------------- */

/** What a request has for an answer, and how it becomes terms. */
typedef enum {
  ANSWER_NOTHING,
  ANSWER_DATABASE,
  ANSWER_MATCHES,
  ANSWER_MATCHES_OF_MANY,
  ANSWER_RECORDS,
  ANSWER_PAGE,
  ANSWER_REPORT,
  ANSWER_COUNT,
  ANSWER_JSON,
} answer_kind;

typedef struct request request;

bool requests_open(ErlNifEnv *env);
/** A request of the process that calls: the context of request_done, for an _async function. NULL without memory. */
request *request_begin(ErlNifEnv *env, shared_state *shared, answer_kind kind);
/** Has the request count rows of an upsert when they were written, as cost_written does. */
void request_writes(request *own, uint64_t count, uint64_t dimensions);
/** What the _async function answered, as {pending, Request} or the error. Takes the request over. */
ERL_NIF_TERM request_submitted(ErlNifEnv *env, request *own, vdb_status status, vdb_request *handle);
void request_done(void *context, vdb_request *handle, vdb_status status);

/** Calls an _async function with its arguments but the last three, and sets `answer` to what the NIF is to return. */
#define SUBMIT(answer, env, shared, kind, function, ...) \
  SUBMIT_REQUEST(answer, env, request_begin(env, shared, kind), function, __VA_ARGS__)
#define SUBMIT_REQUEST(answer, env, request_, function, ...) \
  do { \
    request *pending_ = request_; \
    vdb_request *handle_ = NULL; \
    if (pending_ == NULL) { \
      answer = make_failure(env, VDB_E_OUT_OF_MEMORY, "no memory for a request"); \
    } else { \
      vdb_status status_ = function(__VA_ARGS__, request_done, pending_, &handle_); \
      answer = request_submitted(env, pending_, status_, handle_); \
    } \
  } while (0)

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
/**
 * Result terms; each frees `results`. matches: a list a query; records: {Id, Metadata, Vector} or nil a row. Both come
 * as {ok, {Rows, InfoJSON}}; a page as {ok, {Rows, NextToken}}.
 */
ERL_NIF_TERM make_matches(ErlNifEnv *env, vdb_status status, vdb_results *results, bool single);
ERL_NIF_TERM make_records(ErlNifEnv *env, vdb_status status, vdb_results *results);
ERL_NIF_TERM make_page(ErlNifEnv *env, vdb_status status, vdb_results *results);
/** {Applied, NotAttempted, Deleted | nil, [{Index, Code, Message}]} as {ok, _} or, when partial, {partial, _}. */
ERL_NIF_TERM make_report(ErlNifEnv *env, shared_state *shared, vdb_status status, vdb_write_report *report);
/** {ok, {Count, IsExact}} or the error. */
ERL_NIF_TERM make_count(ErlNifEnv *env, vdb_status status, uint64_t count, bool exact);

/* ---- cost.c ----------------------------------------------------------------------------------------------------- */

/** Work above this goes to a dirty scheduler. */
#define ORDINARY_LIMIT_NS 200000u

bool cost_is_heavy(uint64_t estimate_ns);
/** Sets `waits` and `caches` of a database just opened, by what its calls pass on their way. */
void cost_pipeline(shared_state *shared, const vdb_database *handle);
/** Whether a scan made these results, so that the time of the search tells something about the next. */
bool cost_was_scan(database *db, const vdb_results *results);
/** Part of every call's estimate: heavy for databases whose calls may wait, else nothing. */
/** Goes on on a dirty scheduler. */
ERL_NIF_TERM schedule_dirty(ErlNifEnv *env, const char *name, nif_function function, int argc,
                            const ERL_NIF_TERM argv[]);
uint64_t now_ns(void);

/* Estimates of arguments. Each looks at no more of a list than makes it heavy. */
uint64_t cost_ids(ErlNifEnv *env, ERL_NIF_TERM list);
uint64_t cost_text(ErlNifEnv *env, ERL_NIF_TERM text);
uint64_t cost_vector(ErlNifEnv *env, ERL_NIF_TERM vector);
/** Rows as in rows_get, and `each` for whatever is to be done with each row. */
uint64_t cost_vectors(ErlNifEnv *env, ERL_NIF_TERM vectors, uint64_t each);

/* Estimates of calls, without their arguments. */
uint64_t cost_query(database *db, const vdb_search_options *options);
uint64_t cost_filter(database *db, uint64_t length);
uint64_t cost_get(ErlNifEnv *env, database *db, ERL_NIF_TERM ids, uint32_t flags);
uint64_t cost_page(database *db, uint64_t limit, uint32_t flags);
/** Of making terms of results. */
uint64_t cost_results(const vdb_results *results);
/** Of what any write may set off, however small it is. */
uint64_t cost_write(database *db);

/** Most records there may be, in all namespaces together, and rough bytes of them: closing frees them. */
uint64_t cost_rows(database *db);
uint64_t cost_bytes(database *db);

/* What happened. Records are counted before they are written, so that a search that sees them has counted them. */
void cost_writing(database *db, uint64_t count, uint64_t dimensions, uint64_t metadata_bytes);
/** How they were written: what failed is gone again. */
void cost_written(shared_state *shared, vdb_status status, uint64_t count, uint64_t dimensions);
void cost_gone(shared_state *shared, uint64_t count);
void cost_cleared(database *db);
/** To be asked before a search, and passed to cost_search_measured with the time of one query without a filter. */
uint64_t cost_search_written(database *db);
void cost_search_measured(database *db, uint64_t written, uint64_t elapsed_ns);

/** Tells the scheduler how much of a process's turn an ordinary call used, and remembers the longest. */
void cost_spent(ErlNifEnv *env, uint64_t elapsed_ns);

/* ---- log.c ------------------------------------------------------------------------------------------------------ */

/** Counts a loaded version of the module; the stop of the last one ends the log. */
bool log_start(void);
void log_stop(void);

/* ---- the functions of VectorDB.Native --------------------------------------------------------------------------- */

#define NIF(name) ERL_NIF_TERM name(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[])

NIF(nif_wait);
NIF(nif_answer);
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
NIF(nif_reset_metrics);
NIF(nif_cache_stats);
NIF(nif_clear_cache);
NIF(nif_breaker_state);
NIF(nif_control_breaker);
NIF(nif_capabilities);
NIF(nif_describe);
NIF(nif_set_credentials);
NIF(nif_backends);
NIF(nif_prometheus);
NIF(nif_cpu_features);
NIF(nif_version);
NIF(nif_live_handles);
NIF(nif_longest_call);
NIF(nif_log_set);
NIF(nif_log_clear);

#endif
