/* Vector steps that Swift has no good word for. Each is inlined into the Swift loop around it, and compiled with the flags of
 * the target that imports this header: the same line becomes SSE2, AVX2 or AVX-512 code. */
#ifndef VDB_SIMD_H
#define VDB_SIMD_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define VDB_INLINE static inline __attribute__((always_inline, unused))

typedef float vdb_f4 __attribute__((ext_vector_type(4)));
typedef float vdb_f8 __attribute__((ext_vector_type(8)));
typedef float vdb_f16 __attribute__((ext_vector_type(16)));
typedef double vdb_d8 __attribute__((ext_vector_type(8)));

/* Vectors wider than the target's registers are only ever values inside an inlined function, so their calling convention
 * does not matter. */
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wpsabi"

/* Asks for the cache line of an address, into the second level of cache; any address will do. */
VDB_INLINE void vdb_prefetch(const void *at) { __builtin_prefetch(at, 0, 2); }

/* Sum of the lanes, halves first. */
VDB_INLINE float vdb_sum_f4(vdb_f4 v) {
  v.xy += v.zw;
  return v.x + v.y;
}
VDB_INLINE float vdb_sum_f8(vdb_f8 v) { return vdb_sum_f4(v.lo + v.hi); }
VDB_INLINE float vdb_sum_f16(vdb_f16 v) { return vdb_sum_f8(v.lo + v.hi); }

/* Sum of eight double lanes in the one order that every build keeps. */
VDB_INLINE double vdb_sum_d8(vdb_d8 v) {
  double __attribute__((ext_vector_type(4))) four = v.lo + v.hi;
  double __attribute__((ext_vector_type(2))) two = four.lo + four.hi;
  return two.x + two.y;
}

/* Eight floats as doubles, which is exact. */
VDB_INLINE vdb_d8 vdb_widen_d8(const void *from) {
  vdb_f8 v;
  memcpy(&v, from, sizeof v);
  return __builtin_convertvector(v, vdb_d8);
}
/* `count` floats, fewer than the lanes, and zeros behind them. Memory behind them is not touched. */
VDB_INLINE vdb_f4 vdb_load_partial_f4(const void *from, size_t count) {
  vdb_f4 v = {0};
  const char *at = (const char *)from;
  if (count > 2) memcpy((char *)&v + 8, at + 8, 4);
  if (count > 1) memcpy((char *)&v + 4, at + 4, 4);
  if (count > 0) memcpy(&v, at, 4);
  return v;
}
VDB_INLINE vdb_f8 vdb_load_partial_f8(const void *from, size_t count) {
#if defined(__AVX2__)
  typedef float floats __attribute__((vector_size(32)));
  typedef int integers __attribute__((vector_size(32)));
  const integers lane = {0, 1, 2, 3, 4, 5, 6, 7};
  const int limit = (int)count;
  const integers wanted = lane < (integers){limit, limit, limit, limit, limit, limit, limit, limit};
  return (vdb_f8)(floats)__builtin_ia32_maskloadps256((const floats *)from, wanted);
#else
  vdb_f8 v = {0};
  if (count >= 4) {
    memcpy(&v, from, 16);
    v.hi = vdb_load_partial_f4((const char *)from + 16, count - 4);
  } else {
    v.lo = vdb_load_partial_f4(from, count);
  }
  return v;
#endif
}
#if defined(__AVX512F__)
VDB_INLINE vdb_f16 vdb_load_partial_f16(const void *from, size_t count) {
  typedef float floats __attribute__((vector_size(64)));
  return (vdb_f16)__builtin_ia32_loadups512_mask((const float *)from, (floats){0}, (uint16_t)((1u << count) - 1));
}
#endif

/* Fewer than eight floats as doubles, and zeros behind them. */
VDB_INLINE vdb_d8 vdb_widen_partial_d8(const void *from, size_t count) {
  return __builtin_convertvector(vdb_load_partial_f8(from, count), vdb_d8);
}

/* Bit i is set unless value i is less than limit i: a NaN is never less, so it is always reported. */
#define VDB_DEFINE_NOT_LESS(WIDTH, BITS)                                                    \
  typedef _Bool vdb_b##WIDTH __attribute__((ext_vector_type(WIDTH)));                       \
  VDB_INLINE uint64_t vdb_not_less_f##WIDTH(vdb_f##WIDTH value, vdb_f##WIDTH limit) {       \
    vdb_b##WIDTH kept = __builtin_convertvector(~(value < limit), vdb_b##WIDTH);            \
    return __builtin_bit_cast(BITS, kept);                                                  \
  }

VDB_DEFINE_NOT_LESS(8, uint8_t)
VDB_DEFINE_NOT_LESS(16, uint16_t)

typedef _Bool vdb_b8low __attribute__((ext_vector_type(8)));
VDB_INLINE uint64_t vdb_not_less_f4(vdb_f4 value, vdb_f4 limit) {
  vdb_f8 v = {0}, l = {0};
  v.lo = value;
  l.lo = limit;
  return vdb_not_less_f8(v, l) & 0xf;
}

#pragma clang diagnostic pop

#endif
