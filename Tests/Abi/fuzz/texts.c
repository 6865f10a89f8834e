/* Texts for arguments: ids, names, filters, metadata and options, good and hostile. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fuzz.h"

static void put(text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(text *t, const char *format, ...) {
  const size_t room = SCRATCH_BYTES - t->length;
  va_list list;
  va_start(list, format);
  const int n = vsnprintf(t->bytes + t->length, room, format, list);
  va_end(list);
  if (n > 0) t->length += (size_t)n < room ? (size_t)n : room - 1;
}

static const char *pick(rng *r, const char *const *words, size_t count) { return words[rng_below(r, count)]; }
#define PICK(r, words) pick(r, words, sizeof(words) / sizeof *(words))

static const char *const keys[] = {"lang", "year", "ok", "tags", "a.b", "caf\xC3\xA9", "cafe\xCC\x81", "size"};
static const char *const words[] = {
    "\"en\"", "\"de\"", "\"\"", "\"z\\u0000z\"", "\"caf\xC3\xA9\"", "\"\\ud83d\\ude00\""};

static void value(text *t, rng *r) {
  switch (rng_below(r, 6)) {
    case 0: put(t, "%s", PICK(r, words)); break;
    case 1: put(t, "%d", (int)rng_below(r, 50)); break;
    case 2: put(t, "%g", (double)rng_below(r, 1000) / 16); break;
    case 3: put(t, "%s", rng_chance(r, 50) ? "true" : "false"); break;
    case 4: put(t, "[%s,%s]", PICK(r, words), PICK(r, words)); break;
    default: put(t, "null"); break;
  }
}

static void object(text *t, rng *r) {
  const uint64_t start = rng_below(r, 8), count = rng_below(r, 4);
  put(t, "{");
  for (uint64_t i = 0; i < count; i++) { /* consecutive keys, since duplicates are refused */
    put(t, "%s\"%s\":", i ? "," : "", keys[(start + i) % 8]);
    value(t, r);
  }
  put(t, "}");
}

static void scalar(text *t, rng *r) {
  if (rng_chance(r, 50)) put(t, "%s", PICK(r, words));
  else put(t, "%d", (int)rng_below(r, 50));
}

static void filter(text *t, rng *r, int depth) {
  static const char *const compare[] = {"$eq", "$ne", "$gt", "$gte", "$lt", "$lte"};
  switch (depth > 0 ? rng_below(r, 6) : rng_below(r, 4)) {
    case 0: put(t, "{\"%s\":", PICK(r, keys)); scalar(t, r); put(t, "}"); break;
    case 1: put(t, "{\"%s\":{\"%s\":", PICK(r, keys), PICK(r, compare)); scalar(t, r); put(t, "}}"); break;
    case 2: put(t, "{\"%s\":{\"%s\":[", PICK(r, keys), rng_chance(r, 50) ? "$in" : "$nin");
            scalar(t, r); put(t, "]}}"); break;
    case 3: put(t, "{\"%s\":{\"$exists\":%s}}", PICK(r, keys), rng_chance(r, 50) ? "true" : "false"); break;
    case 4: put(t, "{\"$not\":"); filter(t, r, depth - 1); put(t, "}"); break;
    default: put(t, "{\"%s\":[", rng_chance(r, 50) ? "$and" : "$or");
             filter(t, r, depth - 1); put(t, ","); filter(t, r, depth - 1); put(t, "]}"); break;
  }
}

static void options(text *t, rng *r, uint64_t *dimensions) {
  static const int sizes[] = {1, 2, 3, 4, 8, 16, 33, 384};
  static const char *const metrics[] = {"cosine", "l2", "dot", "euclidean"};
  *dimensions = (uint64_t)sizes[rng_below(r, 8)];
  put(t, "{\"dimensions\":%d", (int)*dimensions);
  if (rng_chance(r, 50)) put(t, ",\"backend\":\"memory\"");
  if (rng_chance(r, 70)) put(t, ",\"metric\":\"%s\"", PICK(r, metrics));
  if (rng_chance(r, 10)) put(t, ",\"threads\":%d", 1 + (int)rng_below(r, 4));
  if (rng_chance(r, 4)) put(t, ",\"fault_injection\":{\"latency_ms\":0.3}"); /* time to cancel a request */
  if (rng_chance(r, 10)) put(t, ",\"namespace\":\"n%d\"", (int)rng_below(r, 3));
  put(t, "}");
}

void text_id(text *t, rng *r, int hostile) {
  t->length = 0;
  if (!hostile) {
    put(t, "%s%d", rng_chance(r, 90) ? "id" : "caf\xC3\xA9-", (int)rng_below(r, 40));
    return;
  }
  switch (rng_below(r, 5)) {
    case 0: break;
    case 1: t->length = 512 + rng_below(r, 2); memset(t->bytes, 'x', t->length); break;
    case 2: put(t, "a%cb", 0); break;
    case 3: put(t, "\xFF\xFE"); break;
    default: put(t, "\xED\xA0\x80"); break; /* a surrogate half in UTF-8 */
  }
}

void text_good(text *t, int kind, rng *r, uint64_t rows, uint64_t *dimensions) {
  t->length = 0;
  switch (kind) {
    case TEXT_NAME: put(t, "%s%d", rng_chance(r, 95) ? "n" : "", (int)rng_below(r, 3)); break;
    case TEXT_OPTIONS_JSON: options(t, r, dimensions); break;
    case TEXT_METADATA_JSON:
      put(t, "[");
      for (uint64_t i = 0; i < rows; i++) {
        if (i) put(t, ",");
        object(t, r);
      }
      put(t, "]");
      break;
    case TEXT_FILTER: filter(t, r, 3); break;
    case TEXT_ID: text_id(t, r, 0); break;
    case TEXT_INDEX_JSON: put(t, "{\"index\":\"%s\"}", rng_chance(r, 50) ? "flat" : "hnsw"); break;
    default: put(t, "{}"); break;
  }
}

/* `opening` again and again, far deeper than any stack likes, sometimes closed properly. */
static void nested(text *t, rng *r, const char *opening, const char *closing) {
  const uint64_t depth = rng_chance(r, 50) ? 10000 : 60 + rng_below(r, 10);
  for (uint64_t i = 0; i < depth && t->length + 64 < SCRATCH_BYTES / 2; i++) put(t, "%s", opening);
  put(t, "1");
  if (rng_chance(r, 70)) {
    for (uint64_t i = 0; i < depth && t->length + 64 < SCRATCH_BYTES; i++) put(t, "%s", closing);
  }
}

static void damaged(text *t, int kind, rng *r, uint64_t rows) {
  uint64_t ignored;
  text_good(t, kind, r, rows, &ignored);
  for (uint64_t i = 1 + rng_below(r, 3); i > 0 && t->length > 0; i--) {
    const uint64_t at = rng_below(r, t->length);
    switch (rng_below(r, 3)) {
      case 0: t->bytes[at] = (char)rng_next(r); break;
      case 1: t->bytes[at] ^= (char)(1 << rng_below(r, 8)); break;
      default: t->length = at; break;
    }
  }
}

void text_hostile(text *t, int kind, rng *r, uint64_t rows) {
  static const char *const odd[] = {
    "null", "[]", "{}", "[null]", "1e999", "-0", "\"", "{\"a\":NaN}", "[{\"a\":1,\"a\":2}]", "{\"dimensions\":-1}",
    "{\"dimensions\":9223372036854775808}", "{\"dimensions\":65537}", "{\"dimensions\":1.5}", "{\"dimension\":3}",
    "{\"dimensions\":\"3\"}", "{\"backend\":\"qdrant\",\"dimensions\":3}", "{\"backend\":7}", "{\"threads\":1000000000}",
    "{\"dimensions\":4,\"threads\":-1}", "{\"dimensions\":4,\"metric\":\"taxi\"}", "{\"mode\":\"open\",\"dimensions\":3}",
    "[{\"$a\":1}]", "[{\"_vdb\":1}]", "[{\"\":1}]", "[{\"a\":{\"b\":1}}]", "[{\"a\":[1]}]", "[{\"a\":9007199254740993}]",
    "{\"$near\":1}", "{\"year\":{\"$gte\":\"x\",\"$lte\":[]}}", "{\"$and\":{}}", "{\"$or\":[]}", "{\"$not\":[]}",
    "{\"a\":{\"$in\":7}}", "{\"a\":{\"$exists\":1}}", "{\"a\":{}}", "{\"a\":{\"$eq\":null}}", "{\"a\":1}garbage",
    "\xEF\xBB\xBF{}", "{\"a\":\"\\ud800\"}", "[\"\xC0\x80\"]", "{\"a\":1e308}", "{\"a\":18446744073709551616}",
  };
  t->length = 0;
  switch (rng_below(r, 10)) {
    case 0: break;
    case 1: case 2: case 3: put(t, "%s", PICK(r, odd)); break;
    case 4:
      if (!rng_chance(r, 10)) { put(t, "%s", PICK(r, odd)); break; }
      if (rng_chance(r, 50)) nested(t, r, "[", "]");
      else if (rng_chance(r, 50)) nested(t, r, "{\"$not\":", "}");
      else { put(t, "["); nested(t, r, "{\"a\":", "}"); put(t, "]"); }
      break;
    case 5:
      t->length = rng_below(r, 80);
      for (size_t i = 0; i < t->length; i++) t->bytes[i] = (char)rng_next(r);
      break;
    case 6: t->length = 250 + rng_below(r, 10); memset(t->bytes, 'n', t->length); break;
    default: damaged(t, kind, r, rng_chance(r, 50) ? rows : rng_below(r, 5)); break;
  }
}
