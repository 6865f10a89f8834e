#include "vdb_bytes.h"

#include <stdint.h>

#if defined(__SSE2__)
#include <emmintrin.h>

/* Bytes of each half word, then the half words of each word: without SSSE3's shuffle of bytes the shortest way, which compilers
 * do not find by themselves. */
static __m128i swapped_words(__m128i words) {
  __m128i halves = _mm_or_si128(_mm_slli_epi16(words, 8), _mm_srli_epi16(words, 8));
  return _mm_shufflehi_epi16(_mm_shufflelo_epi16(halves, 0xb1), 0xb1);
}

static size_t swap_blocks(const char *words, char *swapped, size_t count) {
  size_t at = 0;
  for (; count - at >= 8; at += 8) {
    __m128i low = _mm_loadu_si128((const __m128i *)(const void *)(words + 4 * at));
    __m128i high = _mm_loadu_si128((const __m128i *)(const void *)(words + 4 * at + 16));
    _mm_storeu_si128((__m128i *)(void *)(swapped + 4 * at), swapped_words(low));
    _mm_storeu_si128((__m128i *)(void *)(swapped + 4 * at + 16), swapped_words(high));
  }
  return at;
}
#else
static size_t swap_blocks(const char *words, char *swapped, size_t count) {
  (void)words, (void)swapped, (void)count;
  return 0;
}
#endif

void vdb_swap_words(const void *words, void *swapped, size_t count) {
  const char *from = words;
  char *to = swapped;
  for (size_t at = swap_blocks(from, to, count); at < count; at++) {
    uint32_t word;
    memcpy(&word, from + 4 * at, 4);
    word = __builtin_bswap32(word);
    memcpy(to + 4 * at, &word, 4);
  }
}
