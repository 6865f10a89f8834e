#include "vdb_json.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <new>

// A failed assertion in the parser would be our defect; it must not end the host.
#define RAPIDJSON_ASSERT(x) ((x) ? static_cast<void>(0) : throw std::bad_alloc())
#include <rapidjson/reader.h>

namespace {

/// The parser's own stack (8 bytes a level) inside the object: parsing allocates nothing but nodes.
class FixedStack {
public:
  static const bool kNeedFree = false;
  static constexpr size_t capacity = 2048;
  static_assert(capacity > VDB_JSON_MAX_DEPTH * 16, "a level takes a state and a count");

  void *Malloc(size_t size) { return Realloc(nullptr, 0, size); }
  void *Realloc(void *, size_t, size_t size) {
    if (size > capacity) throw std::bad_alloc();
    return bytes_;
  }
  static void Free(void *) {}

private:
  alignas(16) char bytes_[capacity];
};

using Parser = rapidjson::GenericReader<rapidjson::UTF8<>, rapidjson::UTF8<>, FixedStack>;

/// Receives the parser's events and writes nodes. Returning false stops the parser.
class Tape {
public:
  explicit Tape(vdb_json_reader &reader) : reader_(reader) {}

  int status = VDB_JSON_OK;

  bool Null() { return push(VDB_JSON_KIND_NULL) != nullptr; }
  bool Bool(bool value) { return push(value ? VDB_JSON_KIND_TRUE : VDB_JSON_KIND_FALSE) != nullptr; }

  bool String(const char *text, rapidjson::SizeType length, bool) {
    if (has_lone_surrogate(text, length)) return stop(VDB_JSON_INVALID);
    vdb_json_node *node = push(VDB_JSON_KIND_STRING);
    if (node == nullptr) return false;
    node->string.offset = static_cast<uint32_t>(text - reader_.text);
    node->string.length = length;
    return true;
  }
  bool Key(const char *text, rapidjson::SizeType length, bool copy) {
    if (!String(text, length, copy)) return false;
    container().count += 1;
    return true;
  }

  bool RawNumber(const char *text, rapidjson::SizeType length, bool) {
    bool integral = true;
    for (rapidjson::SizeType i = 0; i < length; i++) {
      if (text[i] == '.' || text[i] == 'e' || text[i] == 'E') integral = false;
    }
    if (integral) {
      int64_t value = 0;
      if (std::from_chars(text, text + length, value).ec == std::errc()) {
        vdb_json_node *node = push(VDB_JSON_KIND_INTEGER);
        if (node != nullptr) node->integer = value;
        return node != nullptr;
      }
    }
    double value = 0;
    if (std::from_chars(text, text + length, value).ec != std::errc()) {
      if (!is_tiny(text, length)) return stop(VDB_JSON_NUMBER_RANGE);
      value = 0;
    }
    vdb_json_node *node = push(integral ? VDB_JSON_KIND_BIG_INTEGER : VDB_JSON_KIND_NUMBER);
    if (node != nullptr) node->number = value;
    return node != nullptr;
  }

  bool StartObject() { return open(VDB_JSON_KIND_OBJECT); }
  bool EndObject(rapidjson::SizeType) { return close(); }
  bool StartArray() { return open(VDB_JSON_KIND_ARRAY); }
  bool EndArray(rapidjson::SizeType) { return close(); }

  // Numbers arrive as text, so these are never called.
  bool Int(int) { return false; }
  bool Uint(unsigned) { return false; }
  bool Int64(int64_t) { return false; }
  bool Uint64(uint64_t) { return false; }
  bool Double(double) { return false; }

private:
  vdb_json_reader &reader_;
  uint32_t open_[VDB_JSON_MAX_DEPTH];
  uint32_t depth_ = 0;

  vdb_json_node &container() { return reader_.nodes[open_[depth_ - 1]]; }

  bool stop(int why) {
    status = why;
    return false;
  }

  vdb_json_node *push(uint32_t kind) {
    if (reader_.count == reader_.capacity && !grow()) return nullptr;
    if (depth_ > 0) {
      vdb_json_node &parent = container();
      if (parent.kind == VDB_JSON_KIND_ARRAY) parent.count += 1;
    }
    vdb_json_node *node = &reader_.nodes[reader_.count];
    reader_.count += 1;
    node->kind = kind;
    node->next = reader_.count;
    node->count = 0;
    return node;
  }

  bool grow() {
    if (reader_.count >= reader_.max_nodes) return stop(VDB_JSON_TOO_MANY_NODES);
    uint64_t wanted = reader_.capacity < 64 ? 64 : static_cast<uint64_t>(reader_.capacity) * 2;
    if (wanted > reader_.max_nodes) wanted = reader_.max_nodes;
    void *grown = std::realloc(reader_.nodes, wanted * sizeof(vdb_json_node));
    if (grown == nullptr) return stop(VDB_JSON_NO_MEMORY);
    reader_.nodes = static_cast<vdb_json_node *>(grown);
    reader_.capacity = static_cast<uint32_t>(wanted);
    return true;
  }

  bool open(uint32_t kind) {
    if (depth_ == VDB_JSON_MAX_DEPTH) return stop(VDB_JSON_TOO_DEEP);
    if (push(kind) == nullptr) return false;
    open_[depth_] = reader_.count - 1;
    depth_ += 1;
    return true;
  }

  bool close() {
    container().next = reader_.count;
    depth_ -= 1;
    return true;
  }

  /// The text was checked before, so a surrogate can only come from an escape the parser let pass: "\udc00".
  static bool has_lone_surrogate(const char *text, size_t length) {
    const char *end = text + length;
    while (const void *found = std::memchr(text, 0xED, static_cast<size_t>(end - text))) {
      text = static_cast<const char *>(found) + 1;
      if (text < end && static_cast<unsigned char>(*text) >= 0xA0) return true;
    }
    return false;
  }

  /// Whether a number out of range is too small, not too large: zero is then its value.
  ///
  /// Its first significant digit stands at 10^place: too large needs place > 300, too small place < -300.
  static bool is_tiny(const char *text, size_t length) {
    const char *end = text + length;
    int64_t place = -1;
    bool significant = false, fraction = false;
    for (; text < end && *text != 'e' && *text != 'E'; text++) {
      if (*text == '.') {
        fraction = true;
      } else if (*text >= '0' && *text <= '9') {
        significant = significant || *text != '0';
        if (!fraction && significant) place += 1;
        if (fraction && !significant) place -= 1;
      }
    }
    if (text == end) return place < 0;
    text += text + 1 < end && text[1] == '+' ? 2 : 1;
    int64_t exponent = 0;
    if (std::from_chars(text, end, exponent).ec != std::errc()) return *text == '-';
    return exponent < -place;
  }
};

const char *describe(rapidjson::ParseErrorCode code) {
  switch (code) {
  case rapidjson::kParseErrorDocumentEmpty: return "there is no value";
  case rapidjson::kParseErrorDocumentRootNotSingular: return "text follows the value";
  case rapidjson::kParseErrorObjectMissName: return "expected a key in double quotes";
  case rapidjson::kParseErrorObjectMissColon: return "expected ':' after a key";
  case rapidjson::kParseErrorObjectMissCommaOrCurlyBracket: return "expected ',' or '}'";
  case rapidjson::kParseErrorArrayMissCommaOrSquareBracket: return "expected ',' or ']'";
  case rapidjson::kParseErrorStringUnicodeEscapeInvalidHex: return "expected four hex digits after \\u";
  case rapidjson::kParseErrorStringUnicodeSurrogateInvalid: return "half of a surrogate pair stands alone";
  case rapidjson::kParseErrorStringEscapeInvalid: return "control character or unknown escape in a string";
  case rapidjson::kParseErrorStringMissQuotationMark: return "a string does not end";
  case rapidjson::kParseErrorNumberMissFraction: return "expected a digit after the decimal point";
  case rapidjson::kParseErrorNumberMissExponent: return "expected a digit in the exponent";
  default: return "expected a value";
  }
}

int fail(vdb_json_reader *reader, int status, size_t offset, const char *error) {
  reader->error_offset = offset;
  reader->error = error;
  return status;
}

/// Reads one value that starts at `position` and leaves `position` behind it.
int read_value(vdb_json_reader *reader) {
  constexpr unsigned flags = rapidjson::kParseIterativeFlag | rapidjson::kParseInsituFlag |
                             rapidjson::kParseNumbersAsStringsFlag | rapidjson::kParseStopWhenDoneFlag;
  reader->count = 0;
  size_t start = reader->position;
  try {
    FixedStack stack;
    Parser parser(&stack, FixedStack::capacity);
    rapidjson::InsituStringStream stream(reader->text + start);
    Tape tape(*reader);
    rapidjson::ParseResult result = parser.Parse<flags>(stream, tape);
    if (!result.IsError()) {
      reader->position = start + stream.Tell();
      return VDB_JSON_OK;
    }
    size_t offset = start + result.Offset();
    if (result.Code() == rapidjson::kParseErrorNumberTooBig) return fail(reader, VDB_JSON_NUMBER_RANGE, offset, "");
    if (result.Code() != rapidjson::kParseErrorTermination) {
      return fail(reader, VDB_JSON_INVALID, offset, describe(result.Code()));
    }
    return fail(reader, tape.status, offset, describe(rapidjson::kParseErrorStringUnicodeSurrogateInvalid));
  } catch (...) {
    return fail(reader, VDB_JSON_NO_MEMORY, start, "");
  }
}

/// Reads one value of at most VDB_JSON_MAX_ELEMENT bytes, for a NUL that stands behind them meanwhile stops the parser.
int read_element(vdb_json_reader *reader) {
  size_t start = reader->position;
  if (reader->length - start <= VDB_JSON_MAX_ELEMENT) return read_value(reader);
  size_t end = start + VDB_JSON_MAX_ELEMENT;
  char kept = reader->text[end];
  reader->text[end] = '\0';
  int status = read_value(reader);
  reader->text[end] = kept;
  // An escape that was cut through is told where it began, up to twelve bytes before.
  bool cut = status == VDB_JSON_OK ? reader->position == end : reader->error_offset + 12 >= end;
  if (cut && status != VDB_JSON_NO_MEMORY) return fail(reader, VDB_JSON_TOO_LARGE, end, "");
  return status;
}

/// Skips at most `most` bytes of space.
void skip_space(vdb_json_reader *reader, size_t most) {
  const char *text = reader->text;
  size_t at = reader->position;
  size_t end = reader->length - at < most ? reader->length : at + most;
  while (at < end && (text[at] == ' ' || text[at] == '\n' || text[at] == '\r' || text[at] == '\t')) at += 1;
  reader->position = at;
}

/// Whether nothing but space follows; else the error of the reader says so.
int expect_end(vdb_json_reader *reader, int outcome, size_t most) {
  skip_space(reader, most);
  if (reader->position == reader->length) return outcome;
  return fail(reader, VDB_JSON_INVALID, reader->position, describe(rapidjson::kParseErrorDocumentRootNotSingular));
}

} // namespace

extern "C" int vdb_json_init(vdb_json_reader *reader, const void *text, size_t length, uint32_t max_nodes) {
  int status = vdb_json_reserve(reader, length, max_nodes);
  return status == VDB_JSON_OK ? vdb_json_append(reader, text, length) : status;
}

extern "C" int vdb_json_reserve(vdb_json_reader *reader, size_t length, uint32_t max_nodes) {
  std::memset(reader, 0, sizeof *reader);
  reader->error = "";
  reader->max_nodes = max_nodes;
  if (length > VDB_JSON_MAX_LENGTH) return VDB_JSON_TOO_LARGE;
  reader->text = static_cast<char *>(std::malloc(length + 1));
  if (reader->text == nullptr) return VDB_JSON_NO_MEMORY;
  reader->text[0] = '\0';
  return VDB_JSON_OK;
}

extern "C" int vdb_json_append(vdb_json_reader *reader, const void *piece, size_t count) {
  if (count == 0) return VDB_JSON_OK;
  // The NUL at the end stops the parser, so none may stand before it; JSON has no place for one anyway.
  if (const void *nul = std::memchr(piece, 0, count)) {
    size_t offset = static_cast<size_t>(static_cast<const char *>(nul) - static_cast<const char *>(piece));
    return fail(reader, VDB_JSON_INVALID, reader->length + offset, "a NUL byte has no place in JSON");
  }
  std::memcpy(reader->text + reader->length, piece, count);
  reader->length += count;
  reader->text[reader->length] = '\0';
  return VDB_JSON_OK;
}

extern "C" int vdb_json_parse(vdb_json_reader *reader) {
  reader->position = 0;
  int status = read_value(reader);
  return status == VDB_JSON_OK ? expect_end(reader, VDB_JSON_OK, reader->length) : status;
}

extern "C" int vdb_json_next(vdb_json_reader *reader) {
  skip_space(reader, VDB_JSON_MAX_ELEMENT);
  char found = reader->text[reader->position];
  if (reader->started == 0) {
    if (found != '[') return fail(reader, VDB_JSON_INVALID, reader->position, "expected an array, '['");
    reader->started = 1;
    reader->position += 1;
    skip_space(reader, VDB_JSON_MAX_ELEMENT);
    found = reader->text[reader->position];
    if (found != ']') return read_element(reader);
  } else if (found == ',') {
    reader->position += 1;
    return read_element(reader);
  } else if (found != ']') {
    return fail(reader, VDB_JSON_INVALID, reader->position,
                describe(rapidjson::kParseErrorArrayMissCommaOrSquareBracket));
  }
  reader->position += 1;
  return expect_end(reader, VDB_JSON_END, VDB_JSON_MAX_ELEMENT);
}

extern "C" void vdb_json_destroy(vdb_json_reader *reader) {
  std::free(reader->text);
  std::free(reader->nodes);
  reader->text = nullptr;
  reader->nodes = nullptr;
  reader->count = 0;
  reader->capacity = 0;
}

extern "C" size_t vdb_json_format_number(double number, char *out) {
  constexpr double exact = 9007199254740992.0; // 2^53
  if (!std::isfinite(number)) {
    std::memcpy(out, "null", 4);
    return 4;
  }
  std::to_chars_result end{};
  if (std::fabs(number) <= exact && number == std::trunc(number)) {
    end = std::to_chars(out, out + 32, static_cast<int64_t>(number));
  } else if (std::fabs(number) > exact) {
    // With an exponent, so that a reader does not take it for an integer it cannot hold.
    end = std::to_chars(out, out + 32, number, std::chars_format::scientific);
  } else {
    end = std::to_chars(out, out + 32, number);
  }
  return static_cast<size_t>(end.ptr - out);
}
