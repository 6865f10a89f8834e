#include "limits_of_machine.h"

#include <string.h>

typedef uint64_t words __attribute__((vector_size(64)));

uint64_t limits_read(const void *from, size_t bytes) {
  const char *at = from;
  words a = {0}, b = {0}, c = {0}, d = {0};
  for (size_t i = 0; i + 256 <= bytes; i += 256) {
    words v;
    memcpy(&v, at + i, 64), a ^= v;
    memcpy(&v, at + i + 64, 64), b ^= v;
    memcpy(&v, at + i + 128, 64), c ^= v;
    memcpy(&v, at + i + 192, 64), d ^= v;
  }
  a ^= b ^ c ^ d;
  return a[0] ^ a[1] ^ a[2] ^ a[3] ^ a[4] ^ a[5] ^ a[6] ^ a[7];
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
