#include "vdb_utf8.h"

#include <stdint.h>
#include <string.h>

static int is_continuation(uint8_t byte) { return (byte & 0xC0) == 0x80; }

/* Bytes of the character at `p`, 0 when there is none. `left` counts the bytes up to the end. */
static size_t character_length(const uint8_t *p, size_t left) {
  uint8_t lead = p[0];
  if (lead < 0x80) return 1;
  if (lead < 0xC2) return 0;
  if (lead < 0xE0) return left >= 2 && is_continuation(p[1]) ? 2 : 0;
  if (lead < 0xF0) {
    if (left < 3 || !is_continuation(p[1]) || !is_continuation(p[2])) return 0;
    if (lead == 0xE0 && p[1] < 0xA0) return 0; /* overlong */
    if (lead == 0xED && p[1] > 0x9F) return 0; /* surrogate */
    return 3;
  }
  if (lead > 0xF4 || left < 4 || !is_continuation(p[1]) || !is_continuation(p[2]) || !is_continuation(p[3])) return 0;
  if (lead == 0xF0 && p[1] < 0x90) return 0; /* overlong */
  if (lead == 0xF4 && p[1] > 0x8F) return 0; /* above U+10FFFF */
  return 4;
}

size_t vdb_utf8_valid_prefix(const void *text, size_t length) {
  const uint8_t *bytes = text;
  size_t at = 0;
  while (at < length) {
    /* Most text is ASCII: 32 bytes at a step. */
    while (length - at >= 32) {
      uint64_t words[4];
      memcpy(words, bytes + at, 32);
      if ((words[0] | words[1] | words[2] | words[3]) & 0x8080808080808080u) break;
      at += 32;
    }
    size_t stop = length - at < 32 ? length : at + 32;
    while (at < stop) {
      size_t step = character_length(bytes + at, length - at);
      if (step == 0) return at;
      at += step;
    }
  }
  return length;
}
