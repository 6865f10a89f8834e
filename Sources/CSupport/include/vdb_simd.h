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

/* Eight floats as doubles, which is exact; the second form reads only `count` < 8 and has zeros behind them. */
VDB_INLINE vdb_d8 vdb_widen_d8(const void *from) {
  vdb_f8 v;
  memcpy(&v, from, sizeof v);
  return __builtin_convertvector(v, vdb_d8);
}
VDB_INLINE vdb_d8 vdb_widen_partial_d8(const void *from, size_t count) {
  float lanes[8] = {0};
  for (size_t i = 0; i < count; i++) memcpy(&lanes[i], (const char *)from + i * sizeof(float), sizeof(float));
  return vdb_widen_d8(lanes);
}

/* `count` floats, fewer than the lanes, and zeros behind them. */
#define VDB_DEFINE_PARTIAL(WIDTH)                                                           \
  VDB_INLINE vdb_f##WIDTH vdb_load_partial_f##WIDTH(const float *from, size_t count) {      \
    float lanes[WIDTH] = {0};                                                               \
    for (size_t i = 0; i < count; i++) lanes[i] = from[i];                                  \
    vdb_f##WIDTH v;                                                                         \
    memcpy(&v, lanes, sizeof v);                                                            \
    return v;                                                                               \
  }

/* Bit i is set unless value i is less than limit i: a NaN is never less, so it is always reported. */
#define VDB_DEFINE_NOT_LESS(WIDTH, BITS)                                                    \
  typedef _Bool vdb_b##WIDTH __attribute__((ext_vector_type(WIDTH)));                       \
  VDB_INLINE uint64_t vdb_not_less_f##WIDTH(vdb_f##WIDTH value, vdb_f##WIDTH limit) {       \
    vdb_b##WIDTH kept = __builtin_convertvector(~(value < limit), vdb_b##WIDTH);            \
    return __builtin_bit_cast(BITS, kept);                                                  \
  }

VDB_DEFINE_PARTIAL(4)
VDB_DEFINE_PARTIAL(8)
#if defined(__AVX512F__)
typedef int vdb_i16 __attribute__((ext_vector_type(16)));
VDB_INLINE vdb_f16 vdb_load_partial_f16(const float *from, size_t count) {
  typedef float register16 __attribute__((vector_size(64)));
  return (vdb_f16)__builtin_ia32_loadups512_mask(from, (register16){0}, (uint16_t)((1u << count) - 1));
}
#else
VDB_DEFINE_PARTIAL(16)
#endif

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
