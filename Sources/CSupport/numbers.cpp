#include "vdb_numbers.h"

#include <charconv>
#include <cstdint>
#include <cstring>

namespace {
/* The digits of every number below a thousand. */
struct Digits {
  char text[1000][3];
  constexpr Digits() : text() {
    for (int i = 0; i < 1000; i++) {
      text[i][0] = static_cast<char>('0' + i / 100);
      text[i][1] = static_cast<char>('0' + i / 10 % 10);
      text[i][2] = static_cast<char>('0' + i % 10);
    }
  }
};
constexpr Digits digits;

/* Nine significant digits, which tell every float from its neighbours: the product is off by a 10^16th, the rounding by half of
 * the ninth digit, and neighbours lie more than ten times as far apart. Only for the sizes that vectors mostly have. */
char *put_float(float value, char *at) {
  const double size = value < 0 ? -static_cast<double>(value) : static_cast<double>(value);
  if (!(size >= 1e-4 && size < 0.9999)) return std::to_chars(at, at + VDB_FLOAT_TEXT, value).ptr;
  const int zeros = size >= 0.1 ? 0 : size >= 0.01 ? 1 : size >= 0.001 ? 2 : 3;
  const double scales[] = {1e9, 1e10, 1e11, 1e12};
  /* Ten digits where the rounding carries all the way up. */
  const uint32_t nine = static_cast<uint32_t>(size * scales[zeros] + 0.5);
  if (nine >= 1000000000u) return std::to_chars(at, at + VDB_FLOAT_TEXT, value).ptr;
  *at = '-';
  at += value < 0;
  std::memcpy(at, "0.000", 5);
  at += 2 + zeros;
  std::memcpy(at, digits.text[nine / 1000000], 3);
  std::memcpy(at + 3, digits.text[nine / 1000 % 1000], 3);
  std::memcpy(at + 6, digits.text[nine % 1000], 3);
  at += 9;
  while (at[-1] == '0') at--;
  return at;
}
} // namespace

extern "C" size_t vdb_floats_to_text(const void *floats, size_t count, char *out) {
  const char *from = static_cast<const char *>(floats);
  char *at = out;
  for (size_t i = 0; i < count; i++) {
    float value;
    std::memcpy(&value, from + i * sizeof value, sizeof value);
    if (i > 0) *at++ = ',';
    at = put_float(value, at);
  }
  return static_cast<size_t>(at - out);
}

extern "C" int vdb_double_from_text(const void *text, size_t length, double *value) {
  const char *from = static_cast<const char *>(text);
  const auto read = std::from_chars(from, from + length, *value);
  return read.ec == std::errc() && read.ptr == from + length;
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
