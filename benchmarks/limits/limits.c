#include "limits_of_machine.h"

#include <string.h>

typedef uint64_t words __attribute__((vector_size(64)));

/* Four loads a turn, `apart` bytes from each other. */
#define DEFINE_READ(NAME)                                                                  \
  static uint64_t NAME(const char *at, size_t apart, size_t step, size_t turns) {          \
    words a = {0}, b = {0}, c = {0}, d = {0}, v;                                           \
    for (size_t i = 0; i < turns; i++, at += step) {                                       \
      memcpy(&v, at, 64), a ^= v;                                                          \
      memcpy(&v, at + apart, 64), b ^= v;                                                  \
      memcpy(&v, at + 2 * apart, 64), c ^= v;                                              \
      memcpy(&v, at + 3 * apart, 64), d ^= v;                                              \
    }                                                                                      \
    a ^= b ^ c ^ d;                                                                        \
    return a[0] ^ a[1] ^ a[2] ^ a[3] ^ a[4] ^ a[5] ^ a[6] ^ a[7];                          \
  }

DEFINE_READ(read_baseline)
#if defined(__x86_64__)
__attribute__((target("avx512f"))) DEFINE_READ(read_avx512)
__attribute__((target("avx2"))) DEFINE_READ(read_avx2)
#endif

uint64_t limits_read(int level, int streams, const void *from, size_t bytes) {
  size_t turns = bytes / 256;
  size_t apart = streams == 1 ? 64 : turns * 64, step = streams == 1 ? 256 : 64;
#if defined(__x86_64__)
  if (level == 2) return read_avx512(from, apart, step, turns);
  if (level == 1) return read_avx2(from, apart, step, turns);
#endif
  (void)level;
  return read_baseline(from, apart, step, turns);
}

/* The barrier keeps each sum in its register and the loop as it is written. */
#define DEFINE_MULTIPLY(NAME, LANES, CHAINS, STEP)                                          \
  static double NAME(uint64_t rounds) {                                                    \
    typedef float lanes __attribute__((vector_size(4 * LANES)));                           \
    lanes x = {0}, sums[CHAINS];                                                           \
    for (int i = 0; i < CHAINS; i++) sums[i] = x;                                          \
    for (uint64_t r = 0; r < rounds; r++) {                                                \
      _Pragma("clang loop unroll(full)") for (int i = 0; i < CHAINS; i++) __asm__ volatile(STEP); \
    }                                                                                      \
    return 2.0 * LANES * CHAINS * (double)rounds;                                          \
  }

#if defined(__x86_64__)
__attribute__((target("avx512f"))) DEFINE_MULTIPLY(multiply_avx512, 16, 20,
                                                   "vfmadd231ps %1, %1, %0" : "+v"(sums[i]) : "v"(x))
__attribute__((target("avx2,fma"))) DEFINE_MULTIPLY(multiply_avx2, 8, 12,
                                                    "vfmadd231ps %1, %1, %0" : "+x"(sums[i]) : "x"(x))
DEFINE_MULTIPLY(multiply_baseline, 4, 12, "mulps %1, %0\n\taddps %1, %0" : "+x"(sums[i]) : "x"(x))

double limits_multiply(int level, uint64_t rounds) {
  switch (level) {
    case 2: return multiply_avx512(rounds);
    case 1: return multiply_avx2(rounds);
    default: return multiply_baseline(rounds);
  }
}
#else
double limits_multiply(int level, uint64_t rounds) {
  (void)level, (void)rounds;
  return 0;
}
#endif
