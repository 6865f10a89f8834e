/* What the header promises after every call: outputs, errors, and results that make sense. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

typedef vdb_status (*two_pointers)(uint64_t, void *);
typedef vdb_status (*three_pointers)(uint64_t, void *, void *);
typedef const char *(*message_call)(void);
typedef vdb_status (*status_call)(void);

static volatile uint64_t sink; /* keeps the reads below */

static void touch(const void *bytes, size_t n) {
  uint64_t sum = 0;
  for (size_t i = 0; i < n; i++) sum += ((const unsigned char *)bytes)[i];
  sink += sum;
}

/* True when offsets go up from 0; what they divide is then read to its end. */
static int column(const uint64_t *offsets, uint64_t count, const void *bytes, size_t width) {
  if (offsets == NULL || offsets[0] != 0) return 0;
  for (uint64_t i = 0; i < count; i++)
    if (offsets[i + 1] < offsets[i]) return 0;
  if (bytes != NULL) touch(bytes, offsets[count] * width);
  return 1;
}

static void check_results(worker *w, const function_entry *f, uint64_t handle) {
  static two_pointers columns;
  static three_pointers next_page;
  if (!columns) {
    next_page = (three_pointers)library_symbol("vdb_results_next_page");
    columns = (two_pointers)library_symbol("vdb_results_columns");
  }
  vdb_columns c = VDB_COLUMNS_INIT;
  if (columns(handle, &c) != VDB_OK) {
    problem(w, f, "the columns of a fresh answer cannot be read");
    return;
  }
  if (!column(c.row_offsets, c.query_count, NULL, 0) || c.row_offsets[c.query_count] != c.row_count)
    problem(w, f, "row_offsets do not divide the rows");
  if (!column(c.id_offsets, c.row_count, c.ids, 1)) problem(w, f, "id_offsets do not go up from 0");
  if (c.metadata_offsets && !column(c.metadata_offsets, c.row_count, c.metadata, 1))
    problem(w, f, "metadata_offsets do not go up from 0");
  if (c.vectors) touch(c.vectors, c.row_count * c.dimensions * 4);
  if (c.found) touch(c.found, c.row_count);
  if (c.scores) touch(c.scores, c.row_count * 4);
  for (uint64_t q = 0; c.distances && q < c.query_count; q++)
    for (uint64_t i = c.row_offsets[q] + 1; i < c.row_offsets[q + 1]; i++)
      if (!(c.distances[i - 1] <= c.distances[i])) problem(w, f, "distances are not sorted");
  const char *token = NULL;
  size_t length = 0;
  if (next_page(handle, &token, &length) != VDB_OK) problem(w, f, "a fresh answer has no next_page");
  if (token && length < sizeof w->token) {
    memcpy(w->token, token, length);
    w->token_length = length;
  }
}

static void check_report(worker *w, const function_entry *f, uint64_t handle) {
  static two_pointers columns;
  if (!columns) columns = (two_pointers)library_symbol("vdb_write_report_columns");
  vdb_write_columns c = VDB_WRITE_COLUMNS_INIT;
  if (columns(handle, &c) != VDB_OK) {
    problem(w, f, "the columns of a fresh report cannot be read");
    return;
  }
  if (c.failed_count > 0) {
    touch(c.failed_indexes, c.failed_count * 8);
    touch(c.failed_statuses, c.failed_count * 4);
    if (!column(c.message_offsets, c.failed_count, c.messages, 1)) problem(w, f, "message_offsets do not go up from 0");
  }
}

static int ends_with(const char *name, const char *end) {
  const size_t n = strlen(name), m = strlen(end);
  return n >= m && strcmp(name + n - m, end) == 0;
}

static int is_ending(const char *name) { return ends_with(name, "_close") || ends_with(name, "_free"); }

static void check_failure(worker *w, const function_entry *f, vdb_status status, vdb_status before) {
  static message_call message_of;
  static status_call last;
  if (!last) {
    message_of = (message_call)library_symbol("vdb_last_error_message");
    last = (status_call)library_symbol("vdb_last_error_status");
  }
  if (is_ending(f->name)) {
    if (last() != before) problem(w, f, "changed the last error from %d to %d", before, last());
    return;
  }
  if (last() != status) problem(w, f, "returned %d, but the last error is %d", status, last());
  const char *message = message_of();
  size_t length = strlen(message);
  if (length == 0) problem(w, f, "returned %d without a message", status);
  if (length > 2000) problem(w, f, "a message of %zu bytes", length);
  for (size_t i = 0; i < length; i++) {
    if ((unsigned char)message[i] < 32) {
      problem(w, f, "a message with control byte %d: %.200s", message[i], message);
      break;
    }
  }
  if (status == VDB_E_INTERNAL) problem(w, f, "a defect: %.300s", message);
}

/* Dimensions of a database that somebody else opened. */
static uint64_t dimensions_of(uint64_t database) {
  static three_pointers describe;
  static void (*release)(char *);
  if (!describe) {
    release = (void (*)(char *))library_symbol("vdb_string_free");
    describe = (three_pointers)library_symbol("vdb_database_describe_json");
  }
  char *json = NULL;
  if (describe(database, &json, NULL) != VDB_OK) return 0;
  const char *at = strstr(json, "\"dimensions\":");
  const uint64_t found = at ? strtoull(at + 13, NULL, 10) : 0;
  release(json);
  return found;
}

static void take_over(worker *w, const function_entry *f, const parameter_entry *p, uint64_t handed) {
  if (p->role == ROLE_OUT_HANDLE) {
    if (p->kind == KIND_RESULTS) check_results(w, f, handed);
    if (p->kind == KIND_WRITE_REPORT) check_report(w, f, handed);
    uint64_t dimensions = 0;
    if (p->kind == KIND_DATABASE)
      dimensions = strncmp(f->name, "vdb_request", 11) == 0 ? dimensions_of(handed) : w->dimensions;
    pool_add(p->kind, (handle_entry){handed, dimensions});
    return;
  }
  static void (*release)(char *);
  if (!release) release = (void (*)(char *))library_symbol("vdb_string_free");
  const char *text = (const char *)handed;
  const size_t length = strlen(text);
  // JSON, or lines.
  if (*text != '{' && *text != '[' && length > 0 && text[length - 1] != '\n') {
    problem(w, f, "owned text starts with byte %d", *text);
  }
  touch(text, length);
  const uint64_t at = rng_below(&w->random, 8);
  release(w->owned[at]);
  w->owned[at] = (char *)handed;
}

static void check_outputs(worker *w, const function_entry *f, call_values *c, vdb_status status) {
  for (int i = 0; i < f->parameter_count; i++) {
    const parameter_entry *p = &f->parameters[i];
    uint64_t now = 0;
    if (c->outs[i] == NULL) continue;
    if (p->role == ROLE_OUT_HANDLE || p->role == ROLE_OUT_TEXT) {
      memcpy(&now, c->outs[i], 8);
      const int may_be_set = status == VDB_OK || (status == VDB_E_PARTIAL && p->kind == KIND_WRITE_REPORT);
      if (!may_be_set && now != 0) problem(w, f, "%s is not NULL after %d", p->name, status);
      if (status == VDB_OK && now == 0) problem(w, f, "%s is NULL after success", p->name);
      if (may_be_set && now != 0) take_over(w, f, p, now);
      continue;
    }
    if (p->role == ROLE_OUT_LENT) {
      memcpy(&now, c->outs[i], 8);
      if ((status == VDB_OK) != (now != 0)) problem(w, f, "%s is %s after %d", p->name, now ? "set" : "NULL", status);
      continue;
    }
    size_t reach = 8;
    if (p->role == ROLE_OUT_NUMBER) reach = (size_t)p->kind;
    if (p->role == ROLE_OUT_STRUCT) reach = c->values[p->partner];
    if (p->role == ROLE_VIEW) {
      uint32_t claimed;
      memcpy(&claimed, c->before[i], 4);
      reach = claimed;
    }
    if (reach > 128) reach = 128;
    if (status != VDB_OK && status != VDB_E_BUFFER_TOO_SMALL && memcmp(c->before[i], c->outs[i], reach) != 0)
      problem(w, f, "%s changed although the call failed with %d", p->name, status);
  }
}

void call_check(worker *w, const function_entry *f, call_values *c, int64_t returned, vdb_status before) {
  if (f->returns == RETURNS_TEXT) {
    if (returned == 0) problem(w, f, "returned NULL instead of text");
    else touch((const char *)returned, strlen((const char *)returned));
  }
  if (f->returns != RETURNS_STATUS) return;
  const vdb_status status = (vdb_status)returned;
  int known = 0;
  for (int i = 0; i < known_status_count; i++) known |= known_statuses[i] == status;
  if (!known) problem(w, f, "returned %d, which is no status", status);
  if (status != VDB_OK) check_failure(w, f, status, before);
  check_outputs(w, f, c, status);
  if (status == VDB_OK && is_ending(f->name) && c->values[0] != 0)
    pool_remove(f->parameters[0].kind, c->values[0]);
}
