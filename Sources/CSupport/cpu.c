#include "vdb_cpu.h"

#include <stddef.h>

#if defined(__x86_64__)

#include <cpuid.h>

enum { EAX, EBX, ECX, EDX, BASIC = 0, EXTENDED = 4, STRUCTURED = 8, STRUCTURED1 = 12, WORDS = 16 };
enum { NEEDS_NOTHING, NEEDS_AVX, NEEDS_AVX512 };

/* A feature: its name, the word of `struct words` that tells it, the bit, and which registers the system must save. */
struct feature {
  const char *name;
  uint8_t word, bit, needs;
};

static const struct feature features[] = {
    {"sse2", BASIC + EDX, 26, NEEDS_NOTHING},
    {"sse3", BASIC + ECX, 0, NEEDS_NOTHING},
    {"ssse3", BASIC + ECX, 9, NEEDS_NOTHING},
    {"sse4.1", BASIC + ECX, 19, NEEDS_NOTHING},
    {"sse4.2", BASIC + ECX, 20, NEEDS_NOTHING},
    {"popcnt", BASIC + ECX, 23, NEEDS_NOTHING},
    {"movbe", BASIC + ECX, 22, NEEDS_NOTHING},
    {"lzcnt", EXTENDED + ECX, 5, NEEDS_NOTHING},
    {"bmi1", STRUCTURED + EBX, 3, NEEDS_NOTHING},
    {"bmi2", STRUCTURED + EBX, 8, NEEDS_NOTHING},
    {"avx", BASIC + ECX, 28, NEEDS_AVX},
    {"f16c", BASIC + ECX, 29, NEEDS_AVX},
    {"fma", BASIC + ECX, 12, NEEDS_AVX},
    {"avx2", STRUCTURED + EBX, 5, NEEDS_AVX},
    {"avxvnni", STRUCTURED1 + EAX, 4, NEEDS_AVX},
    {"avx512f", STRUCTURED + EBX, 16, NEEDS_AVX512},
    {"avx512dq", STRUCTURED + EBX, 17, NEEDS_AVX512},
    {"avx512cd", STRUCTURED + EBX, 28, NEEDS_AVX512},
    {"avx512bw", STRUCTURED + EBX, 30, NEEDS_AVX512},
    {"avx512vl", STRUCTURED + EBX, 31, NEEDS_AVX512},
    {"avx512vnni", STRUCTURED + ECX, 11, NEEDS_AVX512},
    {"avx512bf16", STRUCTURED1 + EAX, 5, NEEDS_AVX512},
    {"avx512vpopcntdq", STRUCTURED + ECX, 14, NEEDS_AVX512},
};
#define FEATURE_COUNT (sizeof features / sizeof features[0])

static void read_words(uint32_t words[WORDS]) {
  uint32_t *w = words;
  for (int i = 0; i < WORDS; i++) w[i] = 0;
  __get_cpuid_count(1, 0, &w[BASIC + EAX], &w[BASIC + EBX], &w[BASIC + ECX], &w[BASIC + EDX]);
  __get_cpuid_count(0x80000001u, 0, &w[EXTENDED + EAX], &w[EXTENDED + EBX], &w[EXTENDED + ECX], &w[EXTENDED + EDX]);
  if (__get_cpuid_count(7, 0, &w[STRUCTURED + EAX], &w[STRUCTURED + EBX], &w[STRUCTURED + ECX], &w[STRUCTURED + EDX])
      && w[STRUCTURED + EAX] >= 1)
    __get_cpuid_count(7, 1, &w[STRUCTURED1 + EAX], &w[STRUCTURED1 + EBX], &w[STRUCTURED1 + ECX], &w[STRUCTURED1 + EDX]);
}

/* Registers that the operating system saves: without it a feature of the processor is of no use. */
static int registers_saved(const uint32_t words[WORDS]) {
  if (!((words[BASIC + ECX] >> 27) & 1)) return NEEDS_NOTHING;
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  if ((low & 0xe6) == 0xe6) return NEEDS_AVX512;
  return (low & 0x06) == 0x06 ? NEEDS_AVX : NEEDS_NOTHING;
}

static int has(const uint32_t words[WORDS], int saved, const struct feature *feature) {
  return ((words[feature->word] >> feature->bit) & 1) && feature->needs <= saved;
}

static int has_all(const uint32_t words[WORDS], int saved, const char *const *names) {
  for (; *names; names++) {
    size_t i = 0;
    while (i < FEATURE_COUNT && __builtin_strcmp(features[i].name, *names) != 0) i++;
    if (i == FEATURE_COUNT || !has(words, saved, &features[i])) return 0;
  }
  return 1;
}

int vdb_cpu_level(void) {
  static const char *const v3[] = {"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "lzcnt", "movbe", "popcnt", NULL};
  static const char *const v4[] = {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl", NULL};
  uint32_t words[WORDS];
  read_words(words);
  int saved = registers_saved(words);
  if (!has_all(words, saved, v3)) return VDB_CPU_BASELINE;
  return has_all(words, saved, v4) ? VDB_CPU_AVX512 : VDB_CPU_AVX2;
}

const char *vdb_cpu_feature_name(uint32_t index) {
  uint32_t words[WORDS];
  read_words(words);
  int saved = registers_saved(words);
  for (size_t i = 0; i < FEATURE_COUNT; i++)
    if (has(words, saved, &features[i]) && index-- == 0) return features[i].name;
  return NULL;
}

#else

int vdb_cpu_level(void) { return VDB_CPU_BASELINE; }

const char *vdb_cpu_feature_name(uint32_t index) {
#if defined(__aarch64__)
  return index == 0 ? "neon" : NULL;
#else
  (void)index;
  return NULL;
#endif
}

#endif
