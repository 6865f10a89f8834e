/*
 * Where a call runs. An ordinary NIF may use a fifth of a millisecond of its scheduler; what is likely to take longer
 * goes to a dirty one, which costs some microseconds for the hand-over.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The estimate is kept per database: writes raise it by what their rows add to a scan, and every search that ran
 * replaces it by what was measured. So it follows the machine, deletions and the filter at hand without asking the
 * library for a count, which would show as a request in the metrics.
 */
#include "nif.h"

/* First guesses, in nanoseconds: a scan reads about 8 GB/s; a filter without index looks at each record. */
#define SCAN_PER_ELEMENT 0.5
#define FILTER_PER_ROW 50
#define TERM_PER_HIT 600
#define RECORD 1500
#define UPSERT_PER_ITEM 1000
#define UPSERT_PER_ELEMENT 2
#define UPSERT_PER_METADATA_BYTE 4

static uint64_t load(_Atomic uint64_t *number) { return atomic_load_explicit(number, memory_order_relaxed); }

static void store(_Atomic uint64_t *number, uint64_t value) {
  atomic_store_explicit(number, value, memory_order_relaxed);
}

/** a * b, or the largest number: an estimate need not be exact, but must not wrap to something small. */
static uint64_t times(uint64_t a, uint64_t b) {
  uint64_t product;
  return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

static uint64_t plus(uint64_t a, uint64_t b) {
  uint64_t sum;
  return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

uint64_t now_ns(void) { return (uint64_t)enif_monotonic_time(ERL_NIF_NSEC); }

uint64_t cost_search(database *db, uint64_t queries, const vdb_search_options *options) {
  uint64_t rows = load(&db->shared->rows);
  uint64_t hits = options->k < rows ? options->k : rows;
  uint64_t hit = TERM_PER_HIT + ((options->flags & VDB_INCLUDE_VECTORS) ? load(&db->shared->dimensions) : 0);
  return times(queries, plus(load(&db->shared->scan_ns[options->filter_length > 0]), times(hits, hit)));
}

void cost_search_measured(database *db, uint64_t queries, bool filtered, uint64_t elapsed_ns) {
  if (queries == 0) return;
  uint64_t measured = elapsed_ns / queries;
  _Atomic uint64_t *estimate = &db->shared->scan_ns[filtered];
  uint64_t before = load(estimate);
  /* Slowly up, since one slow call is often the machine's fault; quickly down. */
  store(estimate, measured > before ? before + (measured - before) / 4 : before - (before - measured) / 2);
}

uint64_t cost_records(database *db, uint64_t count) {
  return times(count, plus(RECORD, load(&db->shared->dimensions)));
}

uint64_t cost_upsert(uint64_t count, uint64_t dimensions, size_t metadata_bytes) {
  uint64_t item = plus(UPSERT_PER_ITEM, times(dimensions, UPSERT_PER_ELEMENT));
  return plus(times(count, item), times(metadata_bytes, UPSERT_PER_METADATA_BYTE));
}

void cost_upserted(database *db, uint64_t count, uint64_t dimensions) {
  if (count == 0) return;
  shared_state *shared = db->shared;
  uint64_t scan = (uint64_t)((double)count * (double)dimensions * SCAN_PER_ELEMENT);
  store(&shared->dimensions, dimensions);
  atomic_fetch_add_explicit(&shared->rows, count, memory_order_relaxed);
  atomic_fetch_add_explicit(&shared->scan_ns[0], scan, memory_order_relaxed);
  atomic_fetch_add_explicit(&shared->scan_ns[1], scan + count * FILTER_PER_ROW, memory_order_relaxed);
}

void cost_cleared(database *db) {
  store(&db->shared->rows, 0);
  store(&db->shared->scan_ns[0], 0);
  store(&db->shared->scan_ns[1], 0);
}

bool cost_is_heavy(uint64_t estimate_ns) { return estimate_ns > ORDINARY_LIMIT_NS; }

void cost_charge(ErlNifEnv *env, uint64_t estimate_ns) {
  uint64_t percent = estimate_ns / 10000; /* of a turn of one millisecond */
  enif_consume_timeslice(env, percent < 1 ? 1 : percent > 100 ? 100 : (int)percent);
}
