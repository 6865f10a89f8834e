/*
 * A dynamic host that calls every function of the library with good, hostile and random arguments.
 *
 * It knows the library only by the generated table (scripts/abi-calls) and reaches it as such hosts do: dlopen, dlsym,
 * libffi. It stays inside the promise of "No harm": a pointer that is not NULL reaches as far as its length says, texts
 * with VDB_NTS end, owned strings and borrowed columns follow malloc's rules. Everything else is fair.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "vectordb.h"

/* ---- the generated table ---- */

typedef enum {
  ROLE_HANDLE, ROLE_STRUCT, ROLE_VIEW, ROLE_TEXT, ROLE_OWNED_TEXT, ROLE_FLOATS, ROLE_LENGTH, ROLE_STRUCT_SIZE,
  ROLE_NUMBER, ROLE_CALLBACK, ROLE_CONTEXT, ROLE_OUT_HANDLE, ROLE_OUT_TEXT, ROLE_OUT_LENT, ROLE_OUT_NUMBER,
  ROLE_OUT_STRUCT
} parameter_role;

typedef enum { RETURNS_STATUS, RETURNS_NUMBER, RETURNS_NOTHING, RETURNS_TEXT } return_kind;

enum { KIND_DATABASE, KIND_RESULTS, KIND_WRITE_REPORT, KIND_CANCEL_TOKEN, KIND_REQUEST, KIND_COUNT };
enum { CALLBACK_LOG, CALLBACK_DONE, CALLBACK_INTERRUPT };
enum {
  STRUCT_VECTORS, STRUCT_STRINGS, STRUCT_CALL_OPTIONS, STRUCT_SEARCH_OPTIONS, STRUCT_PAGE_OPTIONS, STRUCT_COLUMNS,
  STRUCT_WRITE_COLUMNS
};
enum {
  TEXT_NAME, TEXT_OPTIONS_JSON, TEXT_METADATA_JSON, TEXT_FILTER, TEXT_ID, TEXT_INDEX_JSON, TEXT_CREDENTIALS_JSON,
  TEXT_EXTRA_JSON, TEXT_TOKEN
};

enum { MAX_PARAMETERS = 10, MAX_FUNCTIONS = 256 };

typedef struct {
  const char *name;
  parameter_role role;
  int kind;
  int partner; /* index of the length of a pointer, or of the pointer of a length; -1 without */
  int nullable;
} parameter_entry;

typedef struct {
  const char *name;
  return_kind returns;
  int parameter_count;
  parameter_entry parameters[MAX_PARAMETERS];
} function_entry;

extern const function_entry functions[];
extern const int function_count;
extern const int known_statuses[];
extern const int known_status_count;

/* ---- random numbers: splitmix64, so that a seed repeats a run ---- */

typedef struct {
  uint64_t state;
} rng;

static inline uint64_t rng_next(rng *r) {
  uint64_t z = (r->state += 0x9E3779B97F4A7C15u);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}
static inline uint64_t rng_below(rng *r, uint64_t n) { return rng_next(r) % n; }
static inline int rng_chance(rng *r, int percent) { return (int)rng_below(r, 100) < percent; }

/* ---- memory that ends at an unmapped page (guarded.c) ---- */

enum { SLOT_BYTES = 192 * 1024, SLOT_COUNT = 32 };

typedef struct {
  unsigned char *slots[SLOT_COUNT];
  int next;
} guarded;

void guarded_open(guarded *g);
/* Starts over: what was handed out before may be overwritten. */
void guarded_reset(guarded *g);
/* A copy of n bytes, the last of them directly before an unmapped page, or up to align - 1 bytes earlier. */
void *guarded_copy(guarded *g, const void *bytes, size_t n, size_t align);

/* ---- handles that are alive, and some that no longer are, shared by all threads (pools.c) ---- */

typedef struct {
  uint64_t token;
  uint64_t dimensions; /* of a database, else 0 */
} handle_entry;

void pool_add(int kind, handle_entry entry);
void pool_remove(int kind, uint64_t token);
/* A live handle of the kind; 0 when there is none. */
handle_entry pool_pick(int kind, rng *r);
/* A handle of the kind that was closed before; 0 when there is none. */
uint64_t pool_pick_stale(int kind, rng *r);
int pool_size(int kind);
/* Closes all that is left. Returns how many could not be closed. */
int pool_close_all(void);

/* ---- texts (texts.c) ---- */

enum { SCRATCH_BYTES = 128 * 1024 };

typedef struct {
  char *bytes; /* SCRATCH_BYTES of room */
  size_t length;
} text;

void text_good(text *t, int kind, rng *r, uint64_t rows, uint64_t *dimensions);
void text_hostile(text *t, int kind, rng *r, uint64_t rows);
void text_id(text *t, rng *r, int hostile);

/* ---- one thread of calls ---- */

enum { STATUS_SLOTS = 1024 };

typedef struct {
  int index;
  uint64_t seed;
  uint64_t calls_wanted;
  uint64_t calls_made;
  const function_entry *function; /* the one being called, for the report of a crash */
  rng random;
  guarded memory;
  text scratch;
  uint64_t rows;       /* of the batch being made: ids, vectors and metadata agree unless hostile */
  uint64_t dimensions; /* of the database that is the first argument, or is being opened */
  int hostility;       /* percent of arguments that are made to hurt */
  char *owned[8];      /* strings not yet freed */
  char token[128];     /* of the last page seen */
  size_t token_length;
  uint32_t counts[MAX_FUNCTIONS][STATUS_SLOTS];
  uint64_t problems;
} worker;

/* Values of one call. values[i] is passed for parameter i; outs[i] is where an out parameter points, or NULL. */
typedef struct {
  uint64_t values[MAX_PARAMETERS];
  void *outs[MAX_PARAMETERS];
  unsigned char before[MAX_PARAMETERS][128];
} call_values;

void arguments_make(worker *w, const function_entry *f, call_values *c);
/* Checks what the header promises after a call, and takes over what was handed out. */
void call_check(worker *w, const function_entry *f, call_values *c, int64_t returned, vdb_status error_before);

/* The library as this host sees it: addresses by dlsym, in the order of the table (main.c). */
extern void *addresses[];
void *library_symbol(const char *name);
extern atomic_ullong log_events;
void on_log(void *context, vdb_log_level level, const char *event, size_t length);
/* ---- asynchronous calls (requests.c) ---- */

/* Frees the request it is told of when its context is odd: then nobody else has it. */
void on_done(void *context, vdb_request *request, vdb_status status);

/* Given to vdb_interrupt_set: ends every third wait. */
int32_t on_interrupt(void *context);
/* After every call: counts requests that were queued or cancelled, and waits while too many are under way. */
void requests_note(const function_entry *f, vdb_status status);
/* Waits until every request has ended. Returns how many of them were told twice, or never. */
int requests_finish(void);

/* Notes a broken promise and says which call it was. */
void problem(worker *w, const function_entry *f, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Bytes of a struct that this header knows. */
size_t struct_bytes(int kind);

#endif
