/* Atomic words for memory that threads share without a lock. Sequentially consistent where the order of two words matters
 * (load_ordered, compare_exchange, add, exchange), else acquire and release. */
#ifndef VDB_ATOMICS_H
#define VDB_ATOMICS_H

#include <stdint.h>

static inline uint64_t vdb_atomic_load(const uint64_t *word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }

static inline uint64_t vdb_atomic_load_ordered(const uint64_t *word) { return __atomic_load_n(word, __ATOMIC_SEQ_CST); }

static inline void vdb_atomic_store(uint64_t *word, uint64_t value) { __atomic_store_n(word, value, __ATOMIC_RELEASE); }

static inline uint64_t vdb_atomic_add(uint64_t *word, uint64_t value) {
  return __atomic_fetch_add(word, value, __ATOMIC_SEQ_CST);
}

static inline uint64_t vdb_atomic_exchange(uint64_t *word, uint64_t value) {
  return __atomic_exchange_n(word, value, __ATOMIC_SEQ_CST);
}

static inline int vdb_atomic_compare_exchange(uint64_t *word, uint64_t expected, uint64_t desired) {
  return __atomic_compare_exchange_n(word, &expected, desired, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

#endif
