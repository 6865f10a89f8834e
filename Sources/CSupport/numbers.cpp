#include "vdb_numbers.h"

#include <charconv>
#include <cstdint>
#include <cstring>

extern "C" size_t vdb_floats_to_text(const void *floats, size_t count, char *out) {
  const char *from = static_cast<const char *>(floats);
  char *at = out;
  for (size_t i = 0; i < count; i++) {
    float value;
    std::memcpy(&value, from + i * sizeof value, sizeof value);
    if (i > 0) *at++ = ',';
    at = std::to_chars(at, at + VDB_FLOAT_TEXT, value).ptr;
  }
  return static_cast<size_t>(at - out);
}

namespace {
/* Two letters for each twelve bits: half as many look-ups as one letter for six. */
struct Pairs {
  char text[4096][2];
  constexpr Pairs() : text() {
    const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (int i = 0; i < 4096; i++) {
      text[i][0] = letters[i >> 6];
      text[i][1] = letters[i & 63];
    }
  }
};
constexpr Pairs pairs;
} // namespace

extern "C" void vdb_base64_encode(const void *bytes, size_t count, char *out) {
  const unsigned char *from = static_cast<const unsigned char *>(bytes);
  while (count >= 3) {
    uint32_t group = static_cast<uint32_t>(from[0]) << 16 | static_cast<uint32_t>(from[1]) << 8 | from[2];
    std::memcpy(out, pairs.text[group >> 12], 2);
    std::memcpy(out + 2, pairs.text[group & 4095], 2);
    from += 3;
    count -= 3;
    out += 4;
  }
  if (count == 0) return;
  uint32_t group = static_cast<uint32_t>(from[0]) << 16 | (count == 2 ? static_cast<uint32_t>(from[1]) << 8 : 0u);
  std::memcpy(out, pairs.text[group >> 12], 2);
  out[2] = count == 2 ? pairs.text[group & 4095][0] : '=';
  out[3] = '=';
}
