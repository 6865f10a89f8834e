/*
 * vectordb.h - one C interface to ten vector databases.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * How to read this file
 *   It is the contract, and the reference manual. It goes from what everybody needs (errors, opening, writing, searching)
 *   to what few need (observation, capabilities). Later versions only add to it.
 *
 * Rules that hold for every function
 *   Status     A function that can fail returns `vdb_status`: VDB_OK (0) or a negative VDB_E_* code. The text of the last
 *              failure in this thread is vdb_last_error_message(); success leaves it alone, `free` and `close` never touch it.
 *   Handles    vdb_database, vdb_results, vdb_write_report, vdb_cancel_token and vdb_request are opaque. Their pointer value
 *              is a token, never an address: a closed, freed or invented handle is VDB_E_CLOSED or VDB_E_INVALID_HANDLE, not
 *              a crash.
 *              `close` and `free` accept NULL and return VDB_OK for it.
 *   Ownership  open/close: things with I/O. new/free: memory. No verb: borrowed until the parent is freed.
 *              copy_: into your buffer. _json: an owned string, freed with vdb_string_free.
 *   Text       Pointer and length in bytes, UTF-8. VDB_NTS as length means "NUL-terminated". Owned strings are
 *              NUL-terminated as well, so they can be read either way.
 *   Structs    Every input struct starts with struct_size and flags. Use the INIT macro or the _init function. A shorter
 *              struct (an older caller) gets defaults; a longer one with non-zero bytes beyond what this library knows,
 *              or an unknown flag, is VDB_E_UNSUPPORTED. Zero is the default everywhere unless a field says otherwise.
 *   Outputs    An out handle, and an out string, is set to NULL on entry. Other outputs change only on VDB_OK (except the
 *              needed size on VDB_E_BUFFER_TOO_SMALL, and the write report on VDB_E_PARTIAL). Inputs are copied before return:
 *              nothing of yours is kept.
 *   Threads    Unless a function says otherwise any thread may call it at any time, also on a handle in use elsewhere;
 *              closing waits for nobody: calls inside finish, later ones get VDB_E_CLOSED. `const` on a handle means that
 *              the call does not change the contents. Results and reports do not change and may be read by many threads;
 *              their borrowed columns end with the free call, like memory from malloc.
 *   Fork       After fork a child may go on using memory databases. No thread, lock or handle of the parent is harmed.
 *              A fork waits until running writes have ended, and up to 100 ms for other calls to come to a good place.
 *   Process    The library installs no signal handler, prints nothing, and starts threads only for parallel scans, the log
 *              callback, _async calls, and where options ask for hedged reads or periodic probes.
 *
 * Tags in the comments are read by scripts/abi-manifest: @param NAME DIRECTION[, nullable][, length NAME][, count NAME]
 * [, owned FREE_FUNCTION][, borrowed OWNER], @returns KIND, @threads RULE, @since VERSION.
 */
#ifndef VECTORDB_H
#define VECTORDB_H

#include <stddef.h>
#include <stdint.h>

#if UINTPTR_MAX != 0xFFFFFFFFFFFFFFFFu
#error "libvectordb supports 64-bit platforms only"
#endif
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "libvectordb supports little-endian platforms only"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------------------------------------------------------------
 * Version
 * ------------------------------------------------------------------------------------------------------------------ */

#define VDB_VERSION_MAJOR 0
#define VDB_VERSION_MINOR 1
#define VDB_VERSION_PATCH 0

/** Length that says "this text ends at its first NUL byte". */
#define VDB_NTS SIZE_MAX

/**
 * Version of the loaded library as text, "0.1.0".
 * @returns borrowed-text process
 * @threads any
 * @since 0.1
 */
const char *vdb_version(void);

/**
 * Version of the loaded library as a number: major * 1000000 + minor * 1000 + patch. The cheapest call there is.
 * @returns value
 * @threads any
 * @since 0.1
 */
uint32_t vdb_version_number(void);

/* ---------------------------------------------------------------------------------------------------------------------
 * Status and errors
 * ------------------------------------------------------------------------------------------------------------------ */

/**
 * Outcome of a call: VDB_OK or one of the negative codes below. Codes are never reused. The hundreds are families:
 * -1xx the call is wrong and will fail again unchanged; -2xx the state of the database refuses it; -3xx the call was
 * ended before it finished; -4xx the backend or the way to it failed; -5xx the machine or this library failed.
 */
typedef int32_t vdb_status;

#define VDB_OK 0

#define VDB_E_INVALID_ARGUMENT (-100)   /* an argument outside its documented range */
#define VDB_E_INVALID_HANDLE (-101)     /* NULL, garbage, or a handle of another type */
#define VDB_E_CLOSED (-102)             /* the handle was closed or freed before */
#define VDB_E_INVALID_ID (-103)         /* empty, longer than 512 bytes, or with a NUL byte */
#define VDB_E_INVALID_UTF8 (-104)       /* text that is not UTF-8 */
#define VDB_E_INVALID_JSON (-105)       /* text that is not JSON, or nested deeper than 64 */
#define VDB_E_INVALID_METADATA (-106)   /* a metadata key or value outside the model */
#define VDB_E_INVALID_FILTER (-107)     /* unknown operator, wrong operand type, too large */
#define VDB_E_INVALID_OPTION (-108)     /* unknown option, or a value outside its range */
#define VDB_E_INVALID_VECTOR (-109)     /* NaN, infinity, norm above 1e18, zero vector under cosine */
#define VDB_E_DIMENSION_MISMATCH (-110) /* vector or query of another dimension than the database's */
#define VDB_E_INVALID_K (-111)          /* k = 0, or above the backend's cap */
#define VDB_E_TOO_LARGE (-112)          /* sizes that overflow or exceed a documented limit */
#define VDB_E_BUFFER_TOO_SMALL (-113)   /* nothing written; the needed size is reported */
#define VDB_E_UNSUPPORTED (-114)        /* this backend, build or version cannot do it; the message names both */

#define VDB_E_NOT_FOUND (-200)      /* the record, collection or page does not exist */
#define VDB_E_ALREADY_EXISTS (-201) /* mode "create" and it is there */
#define VDB_E_CONFLICT (-202)       /* exists with another dimension or metric; or changed underneath */
#define VDB_E_READ_ONLY (-203)      /* opened or turned read-only */
#define VDB_E_FORKED (-204)         /* a handle that does not survive fork, used in the child */

#define VDB_E_CANCELLED (-300) /* by its cancel token */
#define VDB_E_TIMEOUT (-301)   /* the deadline passed */
#define VDB_E_PARTIAL (-302)   /* some items of a batch failed; the write report says which */

#define VDB_E_UNAVAILABLE (-400)       /* the backend cannot be reached or does not answer properly */
#define VDB_E_CIRCUIT_OPEN (-401)      /* refused without trying: the circuit breaker is open */
#define VDB_E_THROTTLED (-402)         /* the backend asks to slow down */
#define VDB_E_OVERLOADED (-403)        /* an own queue or pool is full */
#define VDB_E_UNAUTHENTICATED (-404)   /* credentials missing or refused */
#define VDB_E_PERMISSION_DENIED (-405) /* credentials do not allow it */
#define VDB_E_PROTOCOL (-406)          /* an answer that cannot be understood */
#define VDB_E_BACKEND (-407)           /* the backend refused the request for a reason of its own */

#define VDB_E_OUT_OF_MEMORY (-500)
#define VDB_E_IO (-501)              /* the file system failed */
#define VDB_E_CORRUPT (-502)         /* stored data fails its checks */
#define VDB_E_MISSING_LIBRARY (-503) /* an optional shared library is not installed; the message names its package */
#define VDB_E_INTERNAL (-504)        /* a defect of this library: please report it */

/**
 * Name of a status, "VDB_E_TIMEOUT"; "VDB_E_UNKNOWN" for a number that is none.
 * @param status in
 * @returns borrowed-text process
 * @threads any
 * @since 0.1
 */
const char *vdb_status_name(vdb_status status);

/**
 * Status of the last failed call in this thread, VDB_OK when none failed yet.
 * @returns value
 * @threads any
 * @since 0.1
 */
vdb_status vdb_last_error_status(void);

/**
 * One line about the last failed call in this thread: what, with which value, what was expected. Never a secret, never
 * NULL; empty when no call failed. Valid until the next failing call in this thread.
 * @returns borrowed-text thread
 * @threads any
 * @since 0.1
 */
const char *vdb_last_error_message(void);

/**
 * The last failed call in this thread as a JSON object: status, code, message, and where known backend, operation,
 * index, http_status, attempts, retry_after_ms, request_id, applied ("no" | "unknown" | "partly"). `{}` when none failed.
 * @param out_json out, owned vdb_string_free
 * @param out_length out, nullable
 * @returns status
 * @threads any
 * @since 0.1
 */
vdb_status vdb_last_error_json(char **out_json, size_t *out_length);

/**
 * Frees a string that a function of this library handed out as owned. NULL is fine.
 * @param string in, nullable
 * @returns nothing
 * @threads any
 * @since 0.1
 */
void vdb_string_free(char *string);

/* ---------------------------------------------------------------------------------------------------------------------
 * Types
 * ------------------------------------------------------------------------------------------------------------------ */

/** An open database, or a view of one of its namespaces. */
typedef struct vdb_database vdb_database;
/** The answer of a read: rows in columns. */
typedef struct vdb_results vdb_results;
/** What a write did to each item. */
typedef struct vdb_write_report vdb_write_report;
/** Ends running calls from another thread. */
typedef struct vdb_cancel_token vdb_cancel_token;
/** An _async call: under way, or with its answer. */
typedef struct vdb_request vdb_request;

/** Element type of vectors. */
typedef int32_t vdb_dtype;
#define VDB_DTYPE_F32 0 /* IEEE float32 in machine order */

/**
 * A matrix of vectors: `count` rows of `dimensions` elements, a row every `stride_bytes` (0 = densely packed).
 * Rows need no alignment. `name` is for backends with several vectors a record and must be NULL today.
 */
typedef struct vdb_vectors {
  uint32_t struct_size;
  uint32_t flags;
  vdb_dtype dtype;
  uint32_t reserved;
  const void *data;
  uint64_t count;
  uint64_t dimensions;
  uint64_t stride_bytes;
  const char *name;
  size_t name_length;
} vdb_vectors;
#define VDB_VECTORS_INIT {sizeof(vdb_vectors), 0, VDB_DTYPE_F32, 0, NULL, 0, 0, 0, NULL, 0}

/**
 * Packed strings: string i is bytes[offsets[i] ..< offsets[i + 1]]. `offsets` has count + 1 entries, ascending.
 */
typedef struct vdb_strings {
  uint32_t struct_size;
  uint32_t flags;
  const char *bytes;
  const uint64_t *offsets;
  uint64_t count;
} vdb_strings;
#define VDB_STRINGS_INIT {sizeof(vdb_strings), 0, NULL, NULL, 0}

/* Flags of vdb_call_options and vdb_search_options. A flag that does not fit the call is VDB_E_INVALID_ARGUMENT. */
#define VDB_INCLUDE_METADATA 0x1u /* get, search, page: fill the metadata column */
#define VDB_INCLUDE_VECTORS 0x2u  /* get, search, page: fill the vectors column */
#define VDB_REPLACE 0x4u          /* update_metadata: replace the whole object instead of merging */
#define VDB_PROBE 0x8u            /* health: ask the backend instead of reporting recent traffic */
#define VDB_EXACT 0x10u           /* search: exact neighbours, whatever index exists */
#define VDB_HAS_MAX_DISTANCE 0x20u /* search: max_distance counts */
#define VDB_HAS_MIN_SCORE 0x40u    /* search: min_score counts */

/**
 * What any call that can wait understands. Pass NULL for the defaults.
 *   timeout_ms        bound on the call in milliseconds; 0 = the database's default, -1 = none, other negatives are refused
 *   cancel            ends the call with VDB_E_CANCELLED; NULL = cannot be cancelled
 *   extra_json        options of one backend alone, a JSON object; NULL = none
 */
typedef struct vdb_call_options {
  uint32_t struct_size;
  uint32_t flags;
  int64_t timeout_ms;
  vdb_cancel_token *cancel;
  const char *extra_json;
  size_t extra_json_length;
} vdb_call_options;
#define VDB_CALL_OPTIONS_INIT {sizeof(vdb_call_options), 0, 0, NULL, NULL, 0}

/**
 * How to search. Pass NULL for the defaults (k = 10, everything else zero).
 *   k                 neighbours a query, at least 1: zero is VDB_E_INVALID_K. More than there are gives what there is
 *   ef                size of the candidate list of an approximate index; 0 = chosen for recall >= 0.99
 *   filter            a filter in JSON (docs/filters.md); NULL, empty or {} = none
 *   max_distance      with VDB_HAS_MAX_DISTANCE: drop hits farther than this
 *   min_score         with VDB_HAS_MIN_SCORE: drop hits scoring lower than this
 * The rest as in vdb_call_options.
 */
typedef struct vdb_search_options {
  uint32_t struct_size;
  uint32_t flags;
  uint64_t k;
  uint32_t ef;
  uint32_t reserved;
  int64_t timeout_ms;
  vdb_cancel_token *cancel;
  const char *filter;
  size_t filter_length;
  const char *extra_json;
  size_t extra_json_length;
  double max_distance;
  double min_score;
} vdb_search_options;
#define VDB_SEARCH_OPTIONS_INIT {sizeof(vdb_search_options), 0, 10, 0, 0, 0, NULL, NULL, 0, NULL, 0, 0.0, 0.0}

/**
 * How to page through records. Pass NULL for the defaults (the first 100 records).
 *   limit             records a page, 1 to 10000; INIT sets 100
 *   token             where to go on, from vdb_results_next_page; NULL or empty = from the start
 *   filter            only records that match; NULL, empty or {} = all
 * The rest as in vdb_call_options.
 */
typedef struct vdb_page_options {
  uint32_t struct_size;
  uint32_t flags;
  uint64_t limit;
  int64_t timeout_ms;
  vdb_cancel_token *cancel;
  const char *token;
  size_t token_length;
  const char *filter;
  size_t filter_length;
  const char *extra_json;
  size_t extra_json_length;
} vdb_page_options;
#define VDB_PAGE_OPTIONS_INIT {sizeof(vdb_page_options), 0, 100, 0, NULL, NULL, 0, NULL, 0, NULL, 0}

/**
 * A borrowed view of the columns of a vdb_results. Set struct_size, the rest is filled. Columns that were not asked for
 * are NULL. Offsets arrays have one entry more than what they divide.
 *   query_count, row_offsets   rows of query q are row_offsets[q] ..< row_offsets[q + 1]; get and page count as one query
 *   ids, id_offsets            id of row r is ids[id_offsets[r] ..< id_offsets[r + 1]]
 *   distances, scores          search only: distance is smaller = closer, score is larger = closer (docs/c-api.md)
 *   metadata, metadata_offsets JSON object of row r; an empty range for a row that was not found
 *   vectors, dimensions        row r starts at vectors + r * dimensions, as it was written; zeros where not found
 *   found                      get only: 1 or 0 for each id, in the order asked
 */
typedef struct vdb_columns {
  uint32_t struct_size;
  uint32_t flags;
  uint64_t query_count;
  uint64_t row_count;
  const uint64_t *row_offsets;
  const char *ids;
  const uint64_t *id_offsets;
  const float *distances;
  const float *scores;
  const char *metadata;
  const uint64_t *metadata_offsets;
  const float *vectors;
  uint64_t dimensions;
  const uint8_t *found;
} vdb_columns;
#define VDB_COLUMNS_INIT {sizeof(vdb_columns), 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL}

/**
 * A borrowed view of a vdb_write_report. Set struct_size, the rest is filled.
 *   applied, failed_count, not_attempted   number of items of the batch in each state; they add up to the batch
 *   deleted                                records deleted, -1 where the backend does not say or nothing was to be deleted
 *   failed_indexes, failed_statuses        for failure f: index in the batch, and its VDB_E_* code
 *   messages, message_offsets              message of failure f is messages[message_offsets[f] ..< message_offsets[f + 1]]
 */
typedef struct vdb_write_columns {
  uint32_t struct_size;
  uint32_t flags;
  uint64_t applied;
  uint64_t failed_count;
  uint64_t not_attempted;
  int64_t deleted;
  const uint64_t *failed_indexes;
  const vdb_status *failed_statuses;
  const char *messages;
  const uint64_t *message_offsets;
} vdb_write_columns;
#define VDB_WRITE_COLUMNS_INIT {sizeof(vdb_write_columns), 0, 0, 0, 0, 0, NULL, NULL, NULL, NULL}

/**
 * Sets *options to its defaults: what the INIT macro does, for hosts without macros.
 * @param options out
 * @param struct_size in: sizeof the caller's struct; at most that many bytes are written
 * @returns status
 * @threads any
 * @since 0.1
 */
vdb_status vdb_vectors_init(vdb_vectors *options, uint32_t struct_size);
/** As vdb_vectors_init. @param options out @param struct_size in @returns status @threads any @since 0.1 */
vdb_status vdb_strings_init(vdb_strings *options, uint32_t struct_size);
/** As vdb_vectors_init. @param options out @param struct_size in @returns status @threads any @since 0.1 */
vdb_status vdb_call_options_init(vdb_call_options *options, uint32_t struct_size);
/** As vdb_vectors_init. @param options out @param struct_size in @returns status @threads any @since 0.1 */
vdb_status vdb_search_options_init(vdb_search_options *options, uint32_t struct_size);
/** As vdb_vectors_init. @param options out @param struct_size in @returns status @threads any @since 0.1 */
vdb_status vdb_page_options_init(vdb_page_options *options, uint32_t struct_size);

/* ---------------------------------------------------------------------------------------------------------------------
 * Opening and closing
 * ------------------------------------------------------------------------------------------------------------------ */

/**
 * Opens the database `name`, creating it when it is absent (option "mode"). Opening an existing one only reads.
 * @param name in, length name_length: label in metrics, and default collection, table or index name; 1 to 255 bytes
 * @param name_length in
 * @param options_json in, nullable, length options_length: a JSON object, {"backend": "memory", "dimensions": 384, "metric":
 *        "cosine", ...} (docs/options.md); unknown options are VDB_E_INVALID_OPTION naming the nearest known one
 * @param options_length in
 * @param call in, nullable
 * @param out_database out, owned vdb_database_close
 * @returns status: VDB_E_INVALID_OPTION, VDB_E_UNSUPPORTED (a backend this build does not hold), VDB_E_CONFLICT, ...
 * @threads any
 * @since 0.1
 */
vdb_status vdb_database_open(const char *name, size_t name_length, const char *options_json, size_t options_length,
                             const vdb_call_options *call, vdb_database **out_database);

/**
 * A view of one namespace of the same database. A record belongs to exactly one namespace; the empty name is the default
 * one. Views are cheap, are closed like databases, and keep the database alive. Its namespace replaces the database's.
 * @param database in
 * @param name in, length name_length: 0 to 255 bytes without NUL
 * @param name_length in
 * @param out_view out, owned vdb_database_close
 * @returns status
 * @threads any
 * @since 0.1
 */
vdb_status vdb_database_namespace(const vdb_database *database, const char *name, size_t name_length,
                                  vdb_database **out_view);

/**
 * Closes a database or a view. Calls inside other threads finish; the last one out frees it. Never waits for a network.
 * @param database in, nullable
 * @returns status: VDB_E_CLOSED for the second close, VDB_E_INVALID_HANDLE for garbage
 * @threads any
 * @since 0.1
 */
vdb_status vdb_database_close(vdb_database *database);

/* ---------------------------------------------------------------------------------------------------------------------
 * Writing
 * ------------------------------------------------------------------------------------------------------------------ */

/**
 * Writes records, replacing those whose id exists. The batch is checked whole first: one bad item refuses the call,
 * names its index and changes nothing. A repeated id in one batch: the last wins.
 * @param database in
 * @param ids in: n ids of 1 to 512 bytes without NUL
 * @param vectors in: n rows of the database's dimension
 * @param metadata_json in, nullable, length metadata_length: a JSON array of n elements, each an object or null
 * @param metadata_length in
 * @param call in, nullable
 * @param out_report out, nullable, owned vdb_write_report_free: also set on VDB_E_PARTIAL
 * @returns status: VDB_E_PARTIAL when some items failed after the check
 * @threads any
 * @since 0.1
 */
vdb_status vdb_database_upsert(vdb_database *database, const vdb_strings *ids, const vdb_vectors *vectors,
                               const char *metadata_json, size_t metadata_length, const vdb_call_options *call,
                               vdb_write_report **out_report);

/**
 * Changes the metadata of existing records: merges (null removes a key), or replaces it with VDB_REPLACE. The batch is
 * checked whole first; a missing id is VDB_E_NOT_FOUND and is never created. A repeated id: applied in order.
 * @param database in
 * @param ids in
 * @param metadata_json in, length metadata_length: a JSON array, one object an id
 * @param metadata_length in
 * @param call in, nullable
 * @param out_report out, nullable, owned vdb_write_report_free
 * @returns status
 * @threads any
 * @since 0.1
 */
vdb_status vdb_database_update_metadata(vdb_database *database, const vdb_strings *ids, const char *metadata_json,
                                        size_t metadata_length, const vdb_call_options *call,
                                        vdb_write_report **out_report);

/**
 * Deletes records by id. Unknown ids are no error.
 * @param database in
 * @param ids in
 * @param call in, nullable
 * @param out_report out, nullable, owned vdb_write_report_free
 * @returns status
 * @threads any
 * @since 0.1
 */
vdb_status vdb_database_delete(vdb_database *database, const vdb_strings *ids, const vdb_call_options *call,
                               vdb_write_report **out_report);

/**
 * Deletes every record of the namespace that matches a filter. An empty filter is VDB_E_INVALID_FILTER: use
 * vdb_database_clear.
 * @param database in
 * @param filter in, length filter_length
 * @param filter_length in
 * @param call in, nullable
 * @param out_report out, nullable, owned vdb_write_report_free
 * @returns status
 * @threads any
 * @since 0.1
 */
vdb_status vdb_database_delete_where(vdb_database *database, const char *filter, size_t filter_length,
                                     const vdb_call_options *call, vdb_write_report **out_report);

/**
 * Deletes every record of this namespace.
 * @param database in
 * @param call in, nullable
 * @returns status
 * @threads any
 * @since 0.1
 */
vdb_status vdb_database_clear(vdb_database *database, const vdb_call_options *call);

/**
 * Deletes the collection itself, with all namespaces. The handle stays open but every later call on it is
 * VDB_E_NOT_FOUND. Refused from a view (VDB_E_INVALID_ARGUMENT).
 * @param database in
 * @param call in, nullable
 * @returns status
 * @threads any
 * @since 0.1
 */
vdb_status vdb_database_drop(vdb_database *database, const vdb_call_options *call);

/**
 * Returns when everything written before is durable and visible, as far as the backend can promise (capability
 * read_your_writes).
 * @param database in
 * @param call in, nullable
 * @returns status
 * @threads any
 * @since 0.1
 */
vdb_status vdb_database_flush(vdb_database *database, const vdb_call_options *call);

/**
 * Builds an index over what is stored.
 * @param database in
 * @param index_json in, nullable, length index_length: {"index": "hnsw", ...} as at opening
 * @param index_length in
 * @param call in, nullable
 * @returns status: VDB_E_UNSUPPORTED naming backend and kind
 * @threads any
 * @since 0.1
 */
vdb_status vdb_database_create_index(vdb_database *database, const char *index_json, size_t index_length,
                                     const vdb_call_options *call);

/* ---------------------------------------------------------------------------------------------------------------------
 * Reading
 * ------------------------------------------------------------------------------------------------------------------ */

/**
 * The k nearest records of one query, by (distance, id bytes) ascending.
 * @param database in
 * @param query in, count dimensions: float32, needs no alignment
 * @param dimensions in
 * @param options in, nullable
 * @param out_results out, owned vdb_results_free
 * @returns status
 * @threads any
 * @since 0.1
 */
vdb_status vdb_database_search(const vdb_database *database, const float *query, uint64_t dimensions,
                               const vdb_search_options *options, vdb_results **out_results);

/**
 * The k nearest records of each of many queries: one pass over the data, several times faster than one by one.
 * @param database in
 * @param queries in: q rows
 * @param options in, nullable
 * @param out_results out, owned vdb_results_free: row_offsets divides it by query
 * @returns status
 * @threads any
 * @since 0.1
 */
vdb_status vdb_database_search_batch(const vdb_database *database, const vdb_vectors *queries,
                                     const vdb_search_options *options, vdb_results **out_results);

/**
 * The k nearest records of a stored record, which is left out of the answer itself.
 * @param database in
 * @param id in, length id_length
 * @param id_length in
 * @param options in, nullable
 * @param out_results out, owned vdb_results_free
 * @returns status: VDB_E_NOT_FOUND when there is no such record
 * @threads any
 * @since 0.1
 */
vdb_status vdb_database_search_by_id(const vdb_database *database, const char *id, size_t id_length,
                                     const vdb_search_options *options, vdb_results **out_results);

/**
 * Records by id, in the order asked; `found` says which exist.
 * @param database in
 * @param ids in
 * @param call in, nullable: flags VDB_INCLUDE_METADATA, VDB_INCLUDE_VECTORS
 * @param out_results out, owned vdb_results_free
 * @returns status
 * @threads any
 * @since 0.1
 */
vdb_status vdb_database_get(const vdb_database *database, const vdb_strings *ids, const vdb_call_options *call,
                            vdb_results **out_results);

/**
 * One page of the records of this namespace, in no promised order; a record is seen at least once if it is there all the
 * time. vdb_results_next_page says where to go on.
 * @param database in
 * @param options in, nullable
 * @param out_results out, owned vdb_results_free
 * @returns status
 * @threads any
 * @since 0.1
 */
vdb_status vdb_database_page(const vdb_database *database, const vdb_page_options *options, vdb_results **out_results);

/**
 * Number of records in this namespace, or of those that match a filter.
 * @param database in
 * @param filter in, nullable, length filter_length: NULL, empty or {} = all
 * @param filter_length in
 * @param call in, nullable
 * @param out_count out
 * @param out_exact out, nullable: 1 when exact, 0 when the backend only estimates
 * @returns status
 * @threads any
 * @since 0.1
 */
vdb_status vdb_database_count(const vdb_database *database, const char *filter, size_t filter_length,
                              const vdb_call_options *call, uint64_t *out_count, int32_t *out_exact);

/**
 * Names of the collections the backend holds, a JSON array. A memory database knows its own only.
 * @param database in
 * @param call in, nullable
 * @param out_json out, owned vdb_string_free
 * @param out_length out, nullable
 * @returns status
 * @threads any
 * @since 0.1
 */
vdb_status vdb_database_collections_json(const vdb_database *database, const vdb_call_options *call, char **out_json,
                                         size_t *out_length);

/**
 * Names of the namespaces that hold records, a JSON array sorted by bytes; "" is the default one.
 * @param database in
 * @param call in, nullable
 * @param out_json out, owned vdb_string_free
 * @param out_length out, nullable
 * @returns status
 * @threads any
 * @since 0.1
 */
vdb_status vdb_database_namespaces_json(const vdb_database *database, const vdb_call_options *call, char **out_json,
                                        size_t *out_length);

/* ---------------------------------------------------------------------------------------------------------------------
 * Results and write reports
 * ------------------------------------------------------------------------------------------------------------------ */

/**
 * Fills a view of all columns in one call.
 * @param results in
 * @param out_columns inout, borrowed results: struct_size set by the caller
 * @returns status
 * @threads any
 * @since 0.1
 */
vdb_status vdb_results_columns(const vdb_results *results, vdb_columns *out_columns);

/**
 * How the answer was made: {"exact": true, "index": "flat", "stale": false, "age_ms": 0, "cached": false, "attempts": 1}.
 * @param results in
 * @param out_json out, owned vdb_string_free
 * @param out_length out, nullable
 * @returns status
 * @threads any
 * @since 0.1
 */
vdb_status vdb_results_info_json(const vdb_results *results, char **out_json, size_t *out_length);

/**
 * Where the next page starts. Empty text and length 0 after the last page, and for results that are no page.
 * @param results in
 * @param out_token out, borrowed results
 * @param out_length out
 * @returns status
 * @threads any
 * @since 0.1
 */
vdb_status vdb_results_next_page(const vdb_results *results, const char **out_token, size_t *out_length);

/**
 * Frees results and every borrowed column. NULL is fine.
 * @param results in, nullable
 * @returns status
 * @threads any
 * @since 0.1
 */
vdb_status vdb_results_free(vdb_results *results);

/**
 * Fills a view of a write report in one call.
 * @param report in
 * @param out_columns inout, borrowed report: struct_size set by the caller
 * @returns status
 * @threads any
 * @since 0.1
 */
vdb_status vdb_write_report_columns(const vdb_write_report *report, vdb_write_columns *out_columns);

/**
 * Frees a write report. NULL is fine.
 * @param report in, nullable
 * @returns status
 * @threads any
 * @since 0.1
 */
vdb_status vdb_write_report_free(vdb_write_report *report);

/* ---------------------------------------------------------------------------------------------------------------------
 * Cancelling
 * ------------------------------------------------------------------------------------------------------------------ */

/**
 * A token to name in the options of calls.
 * @param out_token out, owned vdb_cancel_token_free
 * @returns status
 * @threads any
 * @since 0.1
 */
vdb_status vdb_cancel_token_new(vdb_cancel_token **out_token);

/**
 * Ends every call that names the token, running or yet to come, with VDB_E_CANCELLED. Scans notice within a millisecond.
 * @param token in
 * @returns status
 * @threads any
 * @since 0.1
 */
vdb_status vdb_cancel_token_cancel(vdb_cancel_token *token);

/**
 * Asks whether to end the call that waits on this thread: non-zero ends it with VDB_E_CANCELLED, 0 lets it go on. No lock is
 * held meanwhile, and the call does nothing: a long answer delays it, beyond its timeout too. May call the library; such
 * calls ask nothing themselves.
 */
typedef int32_t (*vdb_interrupt_callback)(void *context);

/**
 * Sets what calls of the calling thread ask while they wait for a backend, or clears it with NULL: at once when a signal was
 * handled on the thread, otherwise every 0.2 seconds. For hosts whose own signal handlers run on a thread that is inside the
 * call, between two steps of an interpreter. Threads of the library ask nothing, nor does what an _async call waits for.
 * @param callback in, nullable
 * @param context in, nullable: handed back untouched; it and the callback stay valid until they are replaced or the thread ends
 * @returns status
 * @threads any; counts for the calling one alone
 * @since 0.1
 */
vdb_status vdb_interrupt_set(vdb_interrupt_callback callback, void *context);

/**
 * Frees a token; calls that still name it go on uncancelled. NULL is fine.
 * @param token in, nullable
 * @returns status
 * @threads any
 * @since 0.1
 */
vdb_status vdb_cancel_token_free(vdb_cancel_token *token);

/* ---------------------------------------------------------------------------------------------------------------------
 * Asynchronous calls
 *
 * Every call that can wait has a twin named _async. It takes the same arguments and options, and instead of out parameters
 * `done`, `context` and `out_request`. It copies its inputs, queues the call and returns at once, never waiting for a network:
 *
 *   VDB_OK        `done` runs exactly once, on a thread of the library, unless vdb_request_cancel returns VDB_OK first: then
 *                 it never runs. It may run before the _async function has returned.
 *   anything else nothing was queued, and `done` will never run. That is what is wrong with an argument at first sight (NULL,
 *                 flags, lengths; for open its options), VDB_E_OUT_OF_MEMORY, and VDB_E_OVERLOADED for a full queue. What
 *                 is wrong inside the data is told by the request, as what the backend refuses.
 *
 * The answer is in the request. vdb_request_status says how the call ended, and a vdb_request_take_ function hands out what
 * the call has for an answer: both do exactly what the twin without _async does when it returns, last error included, on
 * whatever thread they are called. Within `done` they are safe to call, as any other function; after `done` too.
 *
 *   open                                          vdb_request_take_database
 *   upsert update_metadata delete delete_where    vdb_request_take_report
 *   clear drop flush create_index                 vdb_request_status
 *   search search_batch search_by_id get page     vdb_request_take_results
 *   count                                         vdb_request_take_count
 *   collections_json namespaces_json health_json  vdb_request_take_json
 *
 * Deadlines count from the _async call, waiting in the queue included. The calls of one database, and of all that share its
 * connections, run on up to `resilience.pool.hard_limit` threads of their own, so a backend that hangs holds up nobody else;
 * the others wait in a queue of 10,000 calls and 1 GiB of inputs. No order is promised between two calls under way at the
 * same time.
 *
 * Closing a database ends no request: those under way finish, and keep what they need. In a forked child the requests of the
 * parent never end, and their `done` never runs there; new ones work.
 * ------------------------------------------------------------------------------------------------------------------ */

/**
 * Receives the end of a request: `status` is what the twin without _async would have returned, and on a failure the last
 * error of this thread is that failure. It runs on a thread of the library, which serves other requests of the database
 * when it returns: hand the news on rather than wait. It may call every function, and free the request.
 */
typedef void (*vdb_done_callback)(void *context, vdb_request *request, vdb_status status);

/**
 * Ends a request without an answer. VDB_OK: `done` has not run and never will, whatever `context` points to is yours again,
 * and the work ends as soon as it notices. A token named in the options of the call ends it as well, but then `done` runs,
 * with VDB_E_CANCELLED. Never waits.
 * @param request in
 * @returns status: VDB_E_CONFLICT when `done` has run, is running or was cancelled before
 * @threads any
 * @since 0.1
 */
vdb_status vdb_request_cancel(vdb_request *request);

/**
 * How the call ended: what the twin without _async returned. A failure becomes the last error of this thread.
 * @param request in
 * @returns status: that of the call; VDB_E_CANCELLED after vdb_request_cancel; VDB_E_INVALID_ARGUMENT before the call has
 *          ended
 * @threads any
 * @since 0.1
 */
vdb_status vdb_request_status(const vdb_request *request);

/**
 * Takes the results out of a request of a read.
 * @param request in
 * @param out_results out, owned vdb_results_free
 * @returns status: that of the call; VDB_E_NOT_FOUND when they were taken before; VDB_E_INVALID_ARGUMENT before the call
 *          has ended, and for a call that gives something else
 * @threads any
 * @since 0.1
 */
vdb_status vdb_request_take_results(vdb_request *request, vdb_results **out_results);

/**
 * Takes the report out of a request of a write.
 * @param request in
 * @param out_report out, owned vdb_write_report_free: also set on VDB_E_PARTIAL
 * @returns status: as vdb_request_take_results
 * @threads any
 * @since 0.1
 */
vdb_status vdb_request_take_report(vdb_request *request, vdb_write_report **out_report);

/**
 * Reads the count out of a request of vdb_database_count_async, as often as you like.
 * @param request in
 * @param out_count out
 * @param out_exact out, nullable: 1 when exact, 0 when the backend only estimates
 * @returns status: as vdb_request_take_results
 * @threads any
 * @since 0.1
 */
vdb_status vdb_request_take_count(const vdb_request *request, uint64_t *out_count, int32_t *out_exact);

/**
 * Takes the document out of a request of a _json_async function.
 * @param request in
 * @param out_json out, owned vdb_string_free
 * @param out_length out, nullable
 * @returns status: as vdb_request_take_results
 * @threads any
 * @since 0.1
 */
vdb_status vdb_request_take_json(vdb_request *request, char **out_json, size_t *out_length);

/**
 * Takes the database out of a request of vdb_database_open_async. One that is not taken is closed with the request.
 * @param request in
 * @param out_database out, owned vdb_database_close
 * @returns status: as vdb_request_take_results
 * @threads any
 * @since 0.1
 */
vdb_status vdb_request_take_database(vdb_request *request, vdb_database **out_database);

/**
 * Frees a request and what was not taken out of it. Before its end it lets go of it only: the call goes on, and `done` runs
 * all the same, with a handle that is VDB_E_CLOSED. NULL is fine.
 * @param request in, nullable
 * @returns status
 * @threads any, within done as well
 * @since 0.1
 */
vdb_status vdb_request_free(vdb_request *request);

/**
 * vdb_database_open, asynchronously: take the database with vdb_request_take_database.
 * @param name in, length name_length
 * @param name_length in
 * @param options_json in, nullable, length options_length
 * @param options_length in
 * @param call in, nullable
 * @param done in
 * @param context in, nullable: handed to done untouched
 * @param out_request out, nullable, owned vdb_request_free
 * @returns status: VDB_E_OVERLOADED when too many wait
 * @threads any
 * @since 0.1
 */
vdb_status vdb_database_open_async(const char *name, size_t name_length, const char *options_json,
                                   size_t options_length, const vdb_call_options *call, vdb_done_callback done,
                                   void *context, vdb_request **out_request);

/**
 * vdb_database_upsert, asynchronously: take the report with vdb_request_take_report.
 * @param database in
 * @param ids in
 * @param vectors in
 * @param metadata_json in, nullable, length metadata_length
 * @param metadata_length in
 * @param call in, nullable
 * @param done in
 * @param context in, nullable: handed to done untouched
 * @param out_request out, nullable, owned vdb_request_free
 * @returns status: VDB_E_OVERLOADED when too many wait
 * @threads any
 * @since 0.1
 */
vdb_status vdb_database_upsert_async(vdb_database *database, const vdb_strings *ids, const vdb_vectors *vectors,
                                     const char *metadata_json, size_t metadata_length, const vdb_call_options *call,
                                     vdb_done_callback done, void *context, vdb_request **out_request);

/**
 * vdb_database_update_metadata, asynchronously: take the report with vdb_request_take_report.
 * @param database in
 * @param ids in
 * @param metadata_json in, length metadata_length
 * @param metadata_length in
 * @param call in, nullable
 * @param done in
 * @param context in, nullable: handed to done untouched
 * @param out_request out, nullable, owned vdb_request_free
 * @returns status: VDB_E_OVERLOADED when too many wait
 * @threads any
 * @since 0.1
 */
vdb_status vdb_database_update_metadata_async(vdb_database *database, const vdb_strings *ids, const char *metadata_json,
                                              size_t metadata_length, const vdb_call_options *call,
                                              vdb_done_callback done, void *context, vdb_request **out_request);

/**
 * vdb_database_delete, asynchronously: take the report with vdb_request_take_report.
 * @param database in
 * @param ids in
 * @param call in, nullable
 * @param done in
 * @param context in, nullable: handed to done untouched
 * @param out_request out, nullable, owned vdb_request_free
 * @returns status: VDB_E_OVERLOADED when too many wait
 * @threads any
 * @since 0.1
 */
vdb_status vdb_database_delete_async(vdb_database *database, const vdb_strings *ids, const vdb_call_options *call,
                                     vdb_done_callback done, void *context, vdb_request **out_request);

/**
 * vdb_database_delete_where, asynchronously: take the report with vdb_request_take_report.
 * @param database in
 * @param filter in, length filter_length
 * @param filter_length in
 * @param call in, nullable
 * @param done in
 * @param context in, nullable: handed to done untouched
 * @param out_request out, nullable, owned vdb_request_free
 * @returns status: VDB_E_OVERLOADED when too many wait
 * @threads any
 * @since 0.1
 */
vdb_status vdb_database_delete_where_async(vdb_database *database, const char *filter, size_t filter_length,
                                           const vdb_call_options *call, vdb_done_callback done, void *context,
                                           vdb_request **out_request);

/**
 * vdb_database_clear, asynchronously: vdb_request_status says how it ended.
 * @param database in
 * @param call in, nullable
 * @param done in
 * @param context in, nullable: handed to done untouched
 * @param out_request out, nullable, owned vdb_request_free
 * @returns status: VDB_E_OVERLOADED when too many wait
 * @threads any
 * @since 0.1
 */
vdb_status vdb_database_clear_async(vdb_database *database, const vdb_call_options *call, vdb_done_callback done,
                                    void *context, vdb_request **out_request);

/**
 * vdb_database_drop, asynchronously: vdb_request_status says how it ended.
 * @param database in
 * @param call in, nullable
 * @param done in
 * @param context in, nullable: handed to done untouched
 * @param out_request out, nullable, owned vdb_request_free
 * @returns status: VDB_E_OVERLOADED when too many wait
 * @threads any
 * @since 0.1
 */
vdb_status vdb_database_drop_async(vdb_database *database, const vdb_call_options *call, vdb_done_callback done,
                                   void *context, vdb_request **out_request);

/**
 * vdb_database_flush, asynchronously: vdb_request_status says how it ended.
 * @param database in
 * @param call in, nullable
 * @param done in
 * @param context in, nullable: handed to done untouched
 * @param out_request out, nullable, owned vdb_request_free
 * @returns status: VDB_E_OVERLOADED when too many wait
 * @threads any
 * @since 0.1
 */
vdb_status vdb_database_flush_async(vdb_database *database, const vdb_call_options *call, vdb_done_callback done,
                                    void *context, vdb_request **out_request);

/**
 * vdb_database_create_index, asynchronously: vdb_request_status says how it ended.
 * @param database in
 * @param index_json in, nullable, length index_length
 * @param index_length in
 * @param call in, nullable
 * @param done in
 * @param context in, nullable: handed to done untouched
 * @param out_request out, nullable, owned vdb_request_free
 * @returns status: VDB_E_OVERLOADED when too many wait
 * @threads any
 * @since 0.1
 */
vdb_status vdb_database_create_index_async(vdb_database *database, const char *index_json, size_t index_length,
                                           const vdb_call_options *call, vdb_done_callback done, void *context,
                                           vdb_request **out_request);

/**
 * vdb_database_search, asynchronously: take the results with vdb_request_take_results.
 * @param database in
 * @param query in, count dimensions
 * @param dimensions in
 * @param options in, nullable
 * @param done in
 * @param context in, nullable: handed to done untouched
 * @param out_request out, nullable, owned vdb_request_free
 * @returns status: VDB_E_OVERLOADED when too many wait
 * @threads any
 * @since 0.1
 */
vdb_status vdb_database_search_async(const vdb_database *database, const float *query, uint64_t dimensions,
                                     const vdb_search_options *options, vdb_done_callback done, void *context,
                                     vdb_request **out_request);

/**
 * vdb_database_search_batch, asynchronously: take the results with vdb_request_take_results.
 * @param database in
 * @param queries in
 * @param options in, nullable
 * @param done in
 * @param context in, nullable: handed to done untouched
 * @param out_request out, nullable, owned vdb_request_free
 * @returns status: VDB_E_OVERLOADED when too many wait
 * @threads any
 * @since 0.1
 */
vdb_status vdb_database_search_batch_async(const vdb_database *database, const vdb_vectors *queries,
                                           const vdb_search_options *options, vdb_done_callback done, void *context,
                                           vdb_request **out_request);

/**
 * vdb_database_search_by_id, asynchronously: take the results with vdb_request_take_results.
 * @param database in
 * @param id in, length id_length
 * @param id_length in
 * @param options in, nullable
 * @param done in
 * @param context in, nullable: handed to done untouched
 * @param out_request out, nullable, owned vdb_request_free
 * @returns status: VDB_E_OVERLOADED when too many wait
 * @threads any
 * @since 0.1
 */
vdb_status vdb_database_search_by_id_async(const vdb_database *database, const char *id, size_t id_length,
                                           const vdb_search_options *options, vdb_done_callback done, void *context,
                                           vdb_request **out_request);

/**
 * vdb_database_get, asynchronously: take the results with vdb_request_take_results.
 * @param database in
 * @param ids in
 * @param call in, nullable
 * @param done in
 * @param context in, nullable: handed to done untouched
 * @param out_request out, nullable, owned vdb_request_free
 * @returns status: VDB_E_OVERLOADED when too many wait
 * @threads any
 * @since 0.1
 */
vdb_status vdb_database_get_async(const vdb_database *database, const vdb_strings *ids, const vdb_call_options *call,
                                  vdb_done_callback done, void *context, vdb_request **out_request);

/**
 * vdb_database_page, asynchronously: take the results with vdb_request_take_results.
 * @param database in
 * @param options in, nullable
 * @param done in
 * @param context in, nullable: handed to done untouched
 * @param out_request out, nullable, owned vdb_request_free
 * @returns status: VDB_E_OVERLOADED when too many wait
 * @threads any
 * @since 0.1
 */
vdb_status vdb_database_page_async(const vdb_database *database, const vdb_page_options *options,
                                   vdb_done_callback done, void *context, vdb_request **out_request);

/**
 * vdb_database_count, asynchronously: read it with vdb_request_take_count.
 * @param database in
 * @param filter in, nullable, length filter_length
 * @param filter_length in
 * @param call in, nullable
 * @param done in
 * @param context in, nullable: handed to done untouched
 * @param out_request out, nullable, owned vdb_request_free
 * @returns status: VDB_E_OVERLOADED when too many wait
 * @threads any
 * @since 0.1
 */
vdb_status vdb_database_count_async(const vdb_database *database, const char *filter, size_t filter_length,
                                    const vdb_call_options *call, vdb_done_callback done, void *context,
                                    vdb_request **out_request);

/**
 * vdb_database_collections_json, asynchronously: take the document with vdb_request_take_json.
 * @param database in
 * @param call in, nullable
 * @param done in
 * @param context in, nullable: handed to done untouched
 * @param out_request out, nullable, owned vdb_request_free
 * @returns status: VDB_E_OVERLOADED when too many wait
 * @threads any
 * @since 0.1
 */
vdb_status vdb_database_collections_json_async(const vdb_database *database, const vdb_call_options *call,
                                               vdb_done_callback done, void *context, vdb_request **out_request);

/**
 * vdb_database_namespaces_json, asynchronously: take the document with vdb_request_take_json.
 * @param database in
 * @param call in, nullable
 * @param done in
 * @param context in, nullable: handed to done untouched
 * @param out_request out, nullable, owned vdb_request_free
 * @returns status: VDB_E_OVERLOADED when too many wait
 * @threads any
 * @since 0.1
 */
vdb_status vdb_database_namespaces_json_async(const vdb_database *database, const vdb_call_options *call,
                                              vdb_done_callback done, void *context, vdb_request **out_request);

/**
 * vdb_database_health_json, asynchronously, for VDB_PROBE: take the document with vdb_request_take_json.
 * @param database in
 * @param call in, nullable
 * @param done in
 * @param context in, nullable: handed to done untouched
 * @param out_request out, nullable, owned vdb_request_free
 * @returns status: VDB_E_OVERLOADED when too many wait
 * @threads any
 * @since 0.1
 */
vdb_status vdb_database_health_json_async(const vdb_database *database, const vdb_call_options *call,
                                          vdb_done_callback done, void *context, vdb_request **out_request);

/* ---------------------------------------------------------------------------------------------------------------------
 * Observing one database
 * ------------------------------------------------------------------------------------------------------------------ */

/**
 * {"status": "ok" | "degraded" | "down" | "unknown", "circuit_breaker": {"state": "closed", ...}, "cache": {...},
 * "latency": {...}, ...}. Never touches the network unless VDB_PROBE is given.
 * @param database in
 * @param call in, nullable
 * @param out_json out, owned vdb_string_free
 * @param out_length out, nullable
 * @returns status
 * @threads any
 * @since 0.1
 */
vdb_status vdb_database_health_json(const vdb_database *database, const vdb_call_options *call, char **out_json,
                                    size_t *out_length);

/**
 * 1 when the status is "ok" or "degraded", else 0. Never touches the network.
 * @param database in
 * @param out_healthy out
 * @returns status
 * @threads any
 * @since 0.1
 */
vdb_status vdb_database_healthy(const vdb_database *database, int32_t *out_healthy);

/**
 * {"backend": "memory", "total_requests": 3, "successful_requests": 3, "failed_requests": 0, "success_rate": 1.0,
 * "avg_latency_ms": 0.1, "p95_latency_ms": 0.2, "attempts": 3, "operations": {...}, ...}: docs/resilience.md.
 * @param database in
 * @param out_json out, owned vdb_string_free
 * @param out_length out, nullable
 * @returns status
 * @threads any
 * @since 0.1
 */
vdb_status vdb_database_metrics_json(const vdb_database *database, char **out_json, size_t *out_length);

/**
 * Starts the counts of metrics and of cache statistics anew. What other databases count is untouched.
 * @param database in
 * @returns status
 * @threads any
 * @since 0.1
 */
vdb_status vdb_database_reset_metrics(vdb_database *database);

/**
 * {"size": 0, "max_size": 1000, "hits": 0, "misses": 0, "hit_rate": 0.0, ...}, or {"enabled": false}.
 * @param database in
 * @param out_json out, owned vdb_string_free
 * @param out_length out, nullable
 * @returns status
 * @threads any
 * @since 0.1
 */
vdb_status vdb_database_cache_stats_json(const vdb_database *database, char **out_json, size_t *out_length);

/**
 * Forgets every cached answer. Fine without a cache.
 * @param database in
 * @returns status
 * @threads any
 * @since 0.1
 */
vdb_status vdb_database_clear_cache(vdb_database *database);

/** State of a circuit breaker: the worst of its classes read, write and control. */
typedef int32_t vdb_breaker_state;
#define VDB_BREAKER_CLOSED 0
#define VDB_BREAKER_HALF_OPEN 1
#define VDB_BREAKER_OPEN 2

/** What vdb_database_control_breaker does. */
typedef int32_t vdb_breaker_action;
#define VDB_BREAKER_AUTOMATIC 0   /* back to its own rules, closed */
#define VDB_BREAKER_FORCE_OPEN 1  /* refuse every call until told otherwise */
#define VDB_BREAKER_FORCE_CLOSE 2 /* admit every call until told otherwise */

/**
 * The state of the circuit breaker, of the worst of its classes.
 * @param database in
 * @param out_state out
 * @returns status
 * @threads any
 * @since 0.1
 */
vdb_status vdb_database_breaker_state(const vdb_database *database, vdb_breaker_state *out_state);

/**
 * Overrules the circuit breakers of all classes by hand.
 * @param database in
 * @param action in
 * @returns status
 * @threads any
 * @since 0.1
 */
vdb_status vdb_database_control_breaker(vdb_database *database, vdb_breaker_action action);

/**
 * What this backend can do: {"backend", "max_top_k", "max_dimensions", "vectors_unchanged", "atomic_batch",
 * "metadata_update", "read_your_writes", "filter_operators", "metrics", ...}.
 * @param database in
 * @param out_json out, owned vdb_string_free
 * @param out_length out, nullable
 * @returns status
 * @threads any
 * @since 0.1
 */
vdb_status vdb_database_capabilities_json(const vdb_database *database, char **out_json, size_t *out_length);

/**
 * How the database was really opened: name, backend, namespace, dimensions, metric, each option with its source, and the
 * running pipeline. Never a secret's value.
 * @param database in
 * @param out_json out, owned vdb_string_free
 * @param out_length out, nullable
 * @returns status
 * @threads any
 * @since 0.1
 */
vdb_status vdb_database_describe_json(const vdb_database *database, char **out_json, size_t *out_length);

/**
 * Replaces secrets ("api_key", "token", "password", ...) without reopening.
 * @param database in
 * @param credentials_json in, length credentials_length: a JSON object
 * @param credentials_length in
 * @returns status: VDB_E_UNSUPPORTED where the backend has none
 * @threads any
 * @since 0.1
 */
vdb_status vdb_database_set_credentials(vdb_database *database, const char *credentials_json, size_t credentials_length);

/* ---------------------------------------------------------------------------------------------------------------------
 * Observing the library
 * ------------------------------------------------------------------------------------------------------------------ */

/**
 * The backends: [{"name": "memory", "available": true}, {"name": "redis", "available": false, "reason": "..."}, ...].
 * @param out_json out, owned vdb_string_free
 * @param out_length out, nullable
 * @returns status
 * @threads any
 * @since 0.1
 */
vdb_status vdb_backends_json(char **out_json, size_t *out_length);

/**
 * The processor as the kernels see it: {"architecture": "x86_64", "kernels": "avx512", "features": ["avx2", ...]}.
 * @param out_json out, owned vdb_string_free
 * @param out_length out, nullable
 * @returns status
 * @threads any
 * @since 0.1
 */
vdb_status vdb_cpu_features_json(char **out_json, size_t *out_length);

/**
 * The metrics of all open databases in the text format of Prometheus (0.0.4), for a host to serve: durations of calls as
 * histograms by operation and outcome, with cumulative buckets in seconds, and counters. Databases of one name and backend
 * are added up. A database that was closed is no longer told of.
 * @param out_text out, owned vdb_string_free
 * @param out_length out, nullable
 * @returns status
 * @threads any
 * @since 0.1
 */
vdb_status vdb_prometheus_text(char **out_text, size_t *out_length);

/** Kind of handle, for vdb_live_handles. */
typedef int32_t vdb_handle_kind;
#define VDB_HANDLE_DATABASE 0
#define VDB_HANDLE_RESULTS 1
#define VDB_HANDLE_WRITE_REPORT 2
#define VDB_HANDLE_CANCEL_TOKEN 3
#define VDB_HANDLE_REQUEST 4

/**
 * Number of handles of a kind that were handed out and not closed or freed: a leak shows here.
 * @param kind in
 * @param out_count out
 * @returns status
 * @threads any
 * @since 0.1
 */
vdb_status vdb_live_handles(vdb_handle_kind kind, uint64_t *out_count);

/** Level of a log event. */
typedef int32_t vdb_log_level;
#define VDB_LOG_DEBUG 0
#define VDB_LOG_INFO 1
#define VDB_LOG_WARNING 2
#define VDB_LOG_ERROR 3

/**
 * Receives events: one JSON object {"event": "database.opened", "time_ms": ..., ...}, valid during the call only. Runs on
 * one thread of the library, in order, never inside a call of yours. It may call the library, but not vdb_log_set.
 */
typedef void (*vdb_log_callback)(void *context, vdb_log_level level, const char *event_json, size_t event_length);

/**
 * Sets the one log callback of the process, or clears it with NULL. When the call returns the previous callback has
 * ended and will not run again. Events that arrive faster than the callback takes them are dropped and counted: the next
 * event carries "dropped": n. In a forked child no callback is set.
 * @param callback in, nullable
 * @param context in, nullable: handed back untouched
 * @param minimum_level in
 * @returns status
 * @threads any, but not from within the callback (VDB_E_INVALID_ARGUMENT)
 * @since 0.1
 */
vdb_status vdb_log_set(vdb_log_callback callback, void *context, vdb_log_level minimum_level);

#ifdef __cplusplus
}
#endif

#endif /* VECTORDB_H */
