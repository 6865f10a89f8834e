/* Makes the arguments of one call from its table entry. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

static const uint64_t impossible[] = {1ull << 61, 1ull << 62, 1ull << 63, UINT64_MAX / 2 + 2, UINT64_MAX - 1};

static int hostile(worker *w) { return w->hostility > 0 && rng_chance(&w->random, w->hostility); }
static uint64_t an_impossible(worker *w) { return impossible[rng_below(&w->random, 5)]; }

size_t struct_bytes(int kind) {
  static const size_t sizes[] = {sizeof(vdb_vectors), sizeof(vdb_strings), sizeof(vdb_call_options),
                                 sizeof(vdb_search_options), sizeof(vdb_page_options), sizeof(vdb_columns),
                                 sizeof(vdb_write_columns)};
  return sizes[kind];
}

static uint64_t a_handle(worker *w, int kind, int good_percent, uint64_t *dimensions) {
  rng *r = &w->random;
  if (!hostile(w) && rng_chance(r, good_percent)) {
    const handle_entry entry = pool_pick(kind, r);
    if (dimensions) *dimensions = entry.dimensions;
    return entry.token;
  }
  switch (rng_below(r, 6)) {
    case 0: return 0;
    case 1: return pool_pick_stale(kind, r);
    case 2: return pool_pick((kind + 1) % KIND_COUNT, r).token;
    case 3: return rng_next(r);
    case 4: return pool_pick(kind, r).token ^ (1ull << rng_below(r, 64));
    default: return rng_below(r, 5000);
  }
}

/* A text in guarded memory. Its length is exact, or VDB_NTS, or with `hostile` a lie that no object can be true to. */
static char *a_text(worker *w, int kind, int nullable, uint64_t *length) {
  rng *r = &w->random;
  const int bad = hostile(w);
  if (nullable && rng_chance(r, 30)) {
    *length = bad ? rng_below(r, 100) : 0;
    return NULL;
  }
  if (bad && rng_chance(r, 15)) {
    *length = rng_chance(r, 50) ? VDB_NTS : an_impossible(w);
    return NULL;
  }
  if (kind == TEXT_TOKEN && !bad) {
    *length = w->token_length;
    return guarded_copy(&w->memory, w->token, w->token_length, 1);
  }
  if (bad) text_hostile(&w->scratch, kind, r, w->rows);
  else text_good(&w->scratch, kind, r, w->rows, &w->dimensions);
  if (bad && rng_chance(r, 5)) {
    *length = (1ull << 63) + rng_below(r, 1000);
    return guarded_copy(&w->memory, w->scratch.bytes, w->scratch.length, 1);
  }
  if (rng_chance(r, 25)) {
    w->scratch.bytes[w->scratch.length] = 0;
    *length = VDB_NTS;
    return guarded_copy(&w->memory, w->scratch.bytes, w->scratch.length + 1, 1);
  }
  *length = w->scratch.length;
  return guarded_copy(&w->memory, w->scratch.bytes, w->scratch.length, 1);
}

static float a_float(worker *w) { return (float)(int64_t)(rng_below(&w->random, 2001)) / 1000.0f - 1.0f; }

static float *floats(worker *w, uint64_t count) {
  static const uint32_t odd[] = {0x7FC00000u, 0x7F800000u, 0xFF800000u, 0x7F7FFFFFu, 0x00000001u, 0x80000000u};
  float *values = malloc(count * sizeof(float) + 1);
  if (values == NULL) exit(2);
  const int zeros = hostile(w) && rng_chance(&w->random, 20);
  for (uint64_t i = 0; i < count; i++) values[i] = zeros ? 0.0f : a_float(w);
  if (count > 0 && hostile(w)) memcpy(&values[rng_below(&w->random, count)], &odd[rng_below(&w->random, 6)], 4);
  float *copy = guarded_copy(&w->memory, values, count * sizeof(float), 1);
  free(values);
  return copy;
}

/*
 * Puts a struct before the unmapped page; a hostile one is shorter, longer, or has bits nobody knows. It is never cut
 * within a field: half of a count that cannot be true is one that could, and then a pointer would not reach that far.
 */
static void *finish(worker *w, void *bytes, size_t size) {
  unsigned char wide[4096] = {0};
  rng *r = &w->random;
  memcpy(wide, bytes, size);
  uint32_t claimed = (uint32_t)size, flags;
  if (hostile(w)) {
    const uint32_t whole = (uint32_t)size, part = 8 * (uint32_t)rng_below(r, size / 8);
    const uint32_t sizes[] = {0, 4, 7, 8, part, whole + 8, 4096, whole + 1};
    claimed = sizes[rng_below(r, 8)];
    if (claimed > size && rng_chance(r, 50)) wide[size + rng_below(r, claimed - size)] = 1;
  }
  memcpy(wide, &claimed, 4);
  if (hostile(w)) {
    memcpy(&flags, wide + 4, 4);
    flags |= 1u << rng_below(r, 32);
    memcpy(wide + 4, &flags, 4);
  }
  return guarded_copy(&w->memory, wide, claimed < 8 ? 8 : claimed, 8);
}

static void *strings(worker *w) {
  vdb_strings s = VDB_STRINGS_INIT;
  rng *r = &w->random;
  uint64_t offsets[65] = {0};
  char bytes[64 * 520];
  s.count = w->rows;
  for (uint64_t i = 0; i < s.count; i++) {
    text_id(&w->scratch, r, hostile(w) && rng_chance(r, 30));
    memcpy(bytes + offsets[i], w->scratch.bytes, w->scratch.length);
    offsets[i + 1] = offsets[i] + w->scratch.length;
  }
  s.bytes = guarded_copy(&w->memory, bytes, offsets[s.count], 1);
  const int lying = s.count > 0 && hostile(w) && rng_chance(r, 30);
  if (lying) /* the middle may lie, the end says how far `bytes` reaches */
    offsets[rng_below(r, s.count)] = rng_chance(r, 50) ? rng_next(r) : offsets[s.count] + 1;
  s.offsets = guarded_copy(&w->memory, offsets, (s.count + 1) * 8, 8);
  if (!lying && hostile(w)) {
    switch (rng_below(r, 5)) {
      case 0: s.bytes = NULL; break;
      case 1: s.offsets = NULL; break;
      case 2: s.count = an_impossible(w); break;
      case 3: s.count = s.count > 0 ? s.count - 1 : 0; break;
      default: s.count = 0; s.offsets = NULL; s.bytes = NULL; break;
    }
  }
  return finish(w, &s, sizeof s);
}

static void *vectors(worker *w) {
  vdb_vectors v = VDB_VECTORS_INIT;
  rng *r = &w->random;
  v.count = w->rows;
  v.dimensions = w->dimensions;
  uint64_t stride = v.dimensions;
  if (rng_chance(r, 20)) {
    stride += rng_below(r, 5);
    v.stride_bytes = stride * 4;
  }
  if (hostile(w) && v.dimensions > 0) v.dimensions -= rng_below(r, 2);
  v.data = floats(w, v.count * stride);
  if (hostile(w)) {
    switch (rng_below(r, 7)) {
      case 0: v.data = NULL; break;
      case 1: v.count = an_impossible(w); break;
      case 2: v.dimensions = an_impossible(w); break;
      case 3: v.stride_bytes = an_impossible(w); break;
      case 4: v.dtype = (vdb_dtype)rng_next(r); break;
      case 5: v.name = guarded_copy(&w->memory, "v", 1, 1); v.name_length = 1; break;
      default: v.reserved = (uint32_t)rng_next(r); break;
    }
  }
  return finish(w, &v, sizeof v);
}

static int64_t a_timeout(worker *w) {
  static const int64_t good[] = {0, 0, 0, -1, 1000, 60000}, bad[] = {-2, INT64_MIN, INT64_MAX, 1};
  return hostile(w) ? bad[rng_below(&w->random, 4)] : good[rng_below(&w->random, 6)];
}

static uint32_t some_flags(worker *w, uint32_t fitting) {
  rng *r = &w->random;
  if (hostile(w)) return (uint32_t)rng_below(r, 128);
  return rng_chance(r, 50) ? (uint32_t)rng_next(r) & fitting : 0;
}

static vdb_cancel_token *a_token(worker *w) {
  if (!hostile(w) && !rng_chance(&w->random, 4)) return NULL;
  return (vdb_cancel_token *)a_handle(w, KIND_CANCEL_TOKEN, 80, NULL);
}

static const char *extra(worker *w, size_t *length) {
  uint64_t n = 0;
  const char *bytes = NULL;
  if (hostile(w) || rng_chance(&w->random, 5)) bytes = a_text(w, TEXT_EXTRA_JSON, 1, &n);
  *length = (size_t)n;
  return bytes;
}

static void *call_options(worker *w) {
  vdb_call_options o = VDB_CALL_OPTIONS_INIT;
  const char *name = w->function->name;
  o.flags = some_flags(w, strncmp(name, "vdb_database_get", 16) == 0 ? VDB_INCLUDE_METADATA | VDB_INCLUDE_VECTORS
                          : strncmp(name, "vdb_database_update_metadata", 28) == 0 ? VDB_REPLACE : 0);
  o.timeout_ms = a_timeout(w);
  o.cancel = a_token(w);
  o.extra_json = extra(w, &o.extra_json_length);
  return finish(w, &o, sizeof o);
}

static void *search_options(worker *w) {
  static const uint64_t counts[] = {0, 1ull << 63, UINT64_MAX, 1ull << 40, 100000};
  static const double limits[] = {0.5, -1.0, 1e300, 0.0};
  vdb_search_options o = VDB_SEARCH_OPTIONS_INIT;
  rng *r = &w->random;
  o.flags = some_flags(w, VDB_INCLUDE_METADATA | VDB_INCLUDE_VECTORS | VDB_EXACT | VDB_HAS_MAX_DISTANCE);
  o.k = hostile(w) ? counts[rng_below(r, 5)] : 1 + rng_below(r, 20);
  if (hostile(w)) o.ef = (uint32_t)rng_next(r);
  if (hostile(w) && rng_chance(r, 20)) o.reserved = 1;
  o.timeout_ms = a_timeout(w);
  o.cancel = a_token(w);
  if (rng_chance(r, 40)) {
    uint64_t length;
    o.filter = a_text(w, TEXT_FILTER, 1, &length);
    o.filter_length = length;
  }
  o.extra_json = extra(w, &o.extra_json_length);
  o.max_distance = limits[rng_below(r, 4)];
  o.min_score = limits[rng_below(r, 4)];
  if (hostile(w)) o.max_distance = (double)0.0 / (o.ef ? 0.0 : 1.0);
  return finish(w, &o, sizeof o);
}

static void *page_options(worker *w) {
  static const uint64_t limits[] = {0, 1ull << 63, UINT64_MAX, 10001};
  vdb_page_options o = VDB_PAGE_OPTIONS_INIT;
  rng *r = &w->random;
  uint64_t length = 0;
  o.flags = some_flags(w, VDB_INCLUDE_METADATA | VDB_INCLUDE_VECTORS);
  o.limit = hostile(w) ? limits[rng_below(r, 4)] : 1 + rng_below(r, 50);
  o.timeout_ms = a_timeout(w);
  o.cancel = a_token(w);
  if (rng_chance(r, 30)) {
    o.token = a_text(w, TEXT_TOKEN, 1, &length);
    o.token_length = length;
  }
  if (rng_chance(r, 30)) {
    o.filter = a_text(w, TEXT_FILTER, 1, &length);
    o.filter_length = length;
  }
  o.extra_json = extra(w, &o.extra_json_length);
  return finish(w, &o, sizeof o);
}

static void *a_struct(worker *w, int kind) {
  switch (kind) {
    case STRUCT_VECTORS: return vectors(w);
    case STRUCT_STRINGS: return strings(w);
    case STRUCT_CALL_OPTIONS: return call_options(w);
    case STRUCT_SEARCH_OPTIONS: return search_options(w);
    default: return page_options(w);
  }
}

/* Room for an output, filled with a pattern, so that a change on failure shows. */
static void *room(worker *w, size_t size, size_t align) {
  unsigned char pattern[4096];
  memset(pattern, 0xA5, sizeof pattern);
  return guarded_copy(&w->memory, pattern, size, align);
}

static void *a_view(worker *w, int kind) {
  unsigned char bytes[4096] = {0};
  const size_t size = struct_bytes(kind);
  memset(bytes + 8, 0xA5, size - 8);
  return finish(w, bytes, size);
}

static char *an_owned_text(worker *w) {
  const uint64_t at = rng_below(&w->random, 8);
  char *taken = w->owned[at];
  w->owned[at] = NULL;
  return taken;
}

void arguments_make(worker *w, const function_entry *f, call_values *c) {
  static const uint32_t sizes[] = {0, 1, 4, 8, 24, 40, 64, 88, 104, 4096};
  rng *r = &w->random;
  memset(c, 0, sizeof *c);
  guarded_reset(&w->memory);
  w->rows = rng_chance(r, 95) ? 1 + rng_below(r, 12) : 0;
  w->dimensions = 4;
  for (int i = 0; i < f->parameter_count; i++) {
    const parameter_entry *p = &f->parameters[i];
    uint64_t *value = &c->values[i];
    const int null = (p->nullable && rng_chance(r, 40)) || (hostile(w) && rng_chance(r, 15));
    switch (p->role) {
      case ROLE_HANDLE: *value = a_handle(w, p->kind, 97, p->kind == KIND_DATABASE ? &w->dimensions : NULL); break;
      case ROLE_STRUCT: *value = null ? 0 : (uint64_t)a_struct(w, p->kind); break;
      case ROLE_TEXT: *value = (uint64_t)a_text(w, p->kind, p->nullable, &c->values[p->partner]); break;
      case ROLE_OWNED_TEXT: *value = (uint64_t)an_owned_text(w); break;
      case ROLE_FLOATS:
        c->values[p->partner] = hostile(w) ? rng_below(r, 40) : w->dimensions;
        *value = null ? 0 : (uint64_t)floats(w, c->values[p->partner]);
        if (hostile(w) && rng_chance(r, 20)) c->values[p->partner] = an_impossible(w);
        break;
      case ROLE_LENGTH: break; /* made with its pointer, which comes before it */
      case ROLE_STRUCT_SIZE: break;
      case ROLE_NUMBER: *value = (uint32_t)(hostile(w) ? rng_next(r) : rng_below(r, 4)); break;
      case ROLE_CALLBACK:
        if (p->kind == CALLBACK_LOG) *value = rng_chance(r, 50) ? 0 : (uint64_t)&on_log;
        else if (p->kind == CALLBACK_INTERRUPT) *value = rng_chance(r, 50) ? 0 : (uint64_t)&on_interrupt;
        else *value = hostile(w) && rng_chance(r, 10) ? 0 : (uint64_t)&on_done;
        break;
      case ROLE_CONTEXT: *value = rng_next(r); break;
      case ROLE_VIEW: *value = null ? 0 : (uint64_t)(c->outs[i] = a_view(w, p->kind)); break;
      case ROLE_OUT_STRUCT:
        c->values[p->partner] = hostile(w) ? sizes[rng_below(r, 10)] : struct_bytes(p->kind);
        if (!null) *value = (uint64_t)(c->outs[i] = room(w, c->values[p->partner], 8));
        break;
      case ROLE_OUT_NUMBER: if (!null) *value = (uint64_t)(c->outs[i] = room(w, (size_t)p->kind, 1)); break;
      case ROLE_OUT_HANDLE: case ROLE_OUT_TEXT: case ROLE_OUT_LENT:
        if (!null) *value = (uint64_t)(c->outs[i] = room(w, sizeof(void *), 8));
        /* The context, which comes before it, says whether done has to free the request. */
        if (p->role == ROLE_OUT_HANDLE && p->kind == KIND_REQUEST) c->values[i - 1] = (c->values[i - 1] | 1) ^ !null;
        break;
    }
    if (c->outs[i]) {
      size_t reach = 8;
      if (p->role == ROLE_OUT_NUMBER) reach = (size_t)p->kind;
      if (p->role == ROLE_OUT_STRUCT) reach = c->values[p->partner];
      if (p->role == ROLE_VIEW) memcpy(&reach, c->outs[i], 4), reach &= 0xFFFFFFFFu;
      memcpy(c->before[i], c->outs[i], reach < 128 ? reach : 128);
    }
  }
}
