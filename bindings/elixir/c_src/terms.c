/*
 * Answers of the library into terms.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "nif.h"

ERL_NIF_TERM atom_ok, atom_error, atom_nil, atom_true, atom_false;
static ERL_NIF_TERM atom_partial;

void atoms_make(ErlNifEnv *env) {
  atom_ok = enif_make_atom(env, "ok");
  atom_error = enif_make_atom(env, "error");
  atom_nil = enif_make_atom(env, "nil");
  atom_true = enif_make_atom(env, "true");
  atom_false = enif_make_atom(env, "false");
  atom_partial = enif_make_atom(env, "partial");
}

ERL_NIF_TERM make_ok(ErlNifEnv *env, ERL_NIF_TERM value) { return enif_make_tuple2(env, atom_ok, value); }

ERL_NIF_TERM make_bytes(ErlNifEnv *env, const char *bytes, size_t length) {
  ERL_NIF_TERM term;
  unsigned char *data = enif_make_new_binary(env, length, &term);
  if (length > 0) memcpy(data, bytes, length);
  return term;
}

/** VDB_E_INVALID_K as the atom invalid_k. The names are the library's own, so their number is bounded. */
static ERL_NIF_TERM make_code(ErlNifEnv *env, vdb_status status) {
  const char *name = vdb_status_name(status);
  if (strncmp(name, "VDB_E_", 6) == 0) name += 6;
  char lower[64];
  size_t length = 0;
  for (; name[length] != 0 && length < sizeof lower; length++) {
    lower[length] = (char)tolower((unsigned char)name[length]);
  }
  return enif_make_atom_len(env, lower, length);
}

static ERL_NIF_TERM make_error_terms(ErlNifEnv *env, vdb_status status, const char *message, ERL_NIF_TERM details) {
  return enif_make_tuple4(env, atom_error, make_code(env, status), make_bytes(env, message, strlen(message)), details);
}

ERL_NIF_TERM make_error(ErlNifEnv *env, vdb_status status) {
  char *json = NULL;
  size_t length = 0;
  ERL_NIF_TERM details = atom_nil;
  if (vdb_last_error_json(&json, &length) == VDB_OK) details = make_bytes(env, json, length);
  vdb_string_free(json);
  return make_error_terms(env, status, vdb_last_error_message(), details);
}

ERL_NIF_TERM make_failure(ErlNifEnv *env, vdb_status status, const char *format, ...) {
  char message[256];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  return make_error_terms(env, status, message, atom_nil);
}

ERL_NIF_TERM make_text(ErlNifEnv *env, vdb_status status, char *text, size_t length) {
  if (status != VDB_OK) return make_error(env, status);
  ERL_NIF_TERM term = make_bytes(env, text, length);
  vdb_string_free(text);
  return make_ok(env, term);
}

ERL_NIF_TERM make_count(ErlNifEnv *env, vdb_status status, uint64_t count, bool exact) {
  if (status != VDB_OK) return make_error(env, status);
  return make_ok(env, enif_make_tuple2(env, enif_make_uint64(env, count), exact ? atom_true : atom_false));
}

/* ---- rows ------------------------------------------------------------------------------------------------------- */

/** enif_make_double raises for what is not finite; the library promises finite numbers, and nil if it were wrong. */
static ERL_NIF_TERM make_number(ErlNifEnv *env, float number) {
  return isfinite(number) ? enif_make_double(env, number) : atom_nil;
}

static ERL_NIF_TERM row_id(ErlNifEnv *env, const vdb_columns *columns, uint64_t row) {
  uint64_t start = columns->id_offsets[row];
  return make_bytes(env, columns->ids + start, columns->id_offsets[row + 1] - start);
}

static ERL_NIF_TERM row_metadata(ErlNifEnv *env, const vdb_columns *columns, uint64_t row) {
  if (columns->metadata == NULL || columns->metadata_offsets == NULL) return atom_nil;
  uint64_t start = columns->metadata_offsets[row];
  return make_bytes(env, columns->metadata + start, columns->metadata_offsets[row + 1] - start);
}

static ERL_NIF_TERM row_vector(ErlNifEnv *env, const vdb_columns *columns, uint64_t row) {
  if (columns->vectors == NULL) return atom_nil;
  const float *vector = columns->vectors + row * columns->dimensions;
  return make_bytes(env, (const char *)vector, columns->dimensions * sizeof(float));
}

/** {Id, Distance, Score, Metadata | nil, Vector | nil} of each row of one query. */
static ERL_NIF_TERM query_matches(ErlNifEnv *env, const vdb_columns *columns, uint64_t query) {
  ERL_NIF_TERM list = enif_make_list(env, 0);
  for (uint64_t row = columns->row_offsets[query + 1]; row-- > columns->row_offsets[query];) {
    ERL_NIF_TERM match =
        enif_make_tuple5(env, row_id(env, columns, row), make_number(env, columns->distances[row]),
                         make_number(env, columns->scores[row]), row_metadata(env, columns, row),
                         row_vector(env, columns, row));
    list = enif_make_list_cell(env, match, list);
  }
  return list;
}

/** {Id, Metadata | nil, Vector | nil} of each row, nil for an id that was not found. */
static ERL_NIF_TERM all_records(ErlNifEnv *env, const vdb_columns *columns) {
  ERL_NIF_TERM list = enif_make_list(env, 0);
  for (uint64_t row = columns->row_count; row-- > 0;) {
    ERL_NIF_TERM record = atom_nil;
    if (columns->found == NULL || columns->found[row]) {
      record = enif_make_tuple3(env, row_id(env, columns, row), row_metadata(env, columns, row),
                                row_vector(env, columns, row));
    }
    list = enif_make_list_cell(env, record, list);
  }
  return list;
}

/** {ok, {Rows, InfoJSON}}: how the answer was made is told with it, since the results end here. */
static ERL_NIF_TERM make_answer(ErlNifEnv *env, ERL_NIF_TERM rows, const vdb_results *results) {
  char *json = NULL;
  size_t length = 0;
  vdb_status status = vdb_results_info_json(results, &json, &length);
  if (status != VDB_OK) return make_error(env, status);
  ERL_NIF_TERM info = make_bytes(env, json, length);
  vdb_string_free(json);
  return make_ok(env, enif_make_tuple2(env, rows, info));
}

ERL_NIF_TERM make_matches(ErlNifEnv *env, vdb_status status, vdb_results *results, bool single) {
  vdb_columns columns = VDB_COLUMNS_INIT;
  if (status == VDB_OK) status = vdb_results_columns(results, &columns);
  ERL_NIF_TERM answer;
  if (status != VDB_OK) {
    answer = make_error(env, status);
  } else if (single) {
    ERL_NIF_TERM list = columns.query_count == 0 ? enif_make_list(env, 0) : query_matches(env, &columns, 0);
    answer = make_answer(env, list, results);
  } else {
    ERL_NIF_TERM list = enif_make_list(env, 0);
    for (uint64_t query = columns.query_count; query-- > 0;) {
      list = enif_make_list_cell(env, query_matches(env, &columns, query), list);
    }
    answer = make_answer(env, list, results);
  }
  vdb_results_free(results);
  return answer;
}

ERL_NIF_TERM make_records(ErlNifEnv *env, vdb_status status, vdb_results *results) {
  vdb_columns columns = VDB_COLUMNS_INIT;
  if (status == VDB_OK) status = vdb_results_columns(results, &columns);
  ERL_NIF_TERM answer;
  if (status == VDB_OK) {
    answer = make_answer(env, all_records(env, &columns), results);
  } else {
    answer = make_error(env, status);
  }
  vdb_results_free(results);
  return answer;
}

ERL_NIF_TERM make_page(ErlNifEnv *env, vdb_status status, vdb_results *results) {
  vdb_columns columns = VDB_COLUMNS_INIT;
  const char *token = NULL;
  size_t length = 0;
  if (status == VDB_OK) status = vdb_results_columns(results, &columns);
  if (status == VDB_OK) status = vdb_results_next_page(results, &token, &length);
  ERL_NIF_TERM answer;
  if (status == VDB_OK) {
    answer = make_ok(env, enif_make_tuple2(env, all_records(env, &columns), make_bytes(env, token, length)));
  } else {
    answer = make_error(env, status);
  }
  vdb_results_free(results);
  return answer;
}

/**
 * floats(Binary): a vector as a list of numbers, in a third of the time of a comprehension over the binary. The bytes
 * are read unaligned, since a binary may be a part of another.
 */
static ERL_NIF_TERM floats(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[]) {
  (void)argc;
  ErlNifBinary binary;
  if (!enif_inspect_binary(env, argv[0], &binary) || binary.size % sizeof(float) != 0) return enif_make_badarg(env);
  ERL_NIF_TERM list = enif_make_list(env, 0);
  for (size_t end = binary.size; end > 0; end -= sizeof(float)) {
    float number;
    memcpy(&number, binary.data + end - sizeof number, sizeof number);
    list = enif_make_list_cell(env, make_number(env, number), list);
  }
  return list;
}

NIF(nif_floats) {
  ErlNifBinary binary;
  if (!enif_inspect_binary(env, argv[0], &binary) || !cost_is_heavy(binary.size * 4)) return floats(env, argc, argv);
  return enif_schedule_nif(env, "floats", ERL_NIF_DIRTY_JOB_CPU_BOUND, floats, argc, argv);
}

/* ---- write reports ---------------------------------------------------------------------------------------------- */

static ERL_NIF_TERM make_failures(ErlNifEnv *env, const vdb_write_columns *columns) {
  ERL_NIF_TERM list = enif_make_list(env, 0);
  for (uint64_t i = columns->failed_count; i-- > 0;) {
    uint64_t start = columns->message_offsets[i];
    ERL_NIF_TERM failure =
        enif_make_tuple3(env, enif_make_uint64(env, columns->failed_indexes[i]),
                         make_code(env, columns->failed_statuses[i]),
                         make_bytes(env, columns->messages + start, columns->message_offsets[i + 1] - start));
    list = enif_make_list_cell(env, failure, list);
  }
  return list;
}

ERL_NIF_TERM make_report(ErlNifEnv *env, shared_state *shared, vdb_status status, vdb_write_report *report) {
  ERL_NIF_TERM answer;
  vdb_write_columns columns = VDB_WRITE_COLUMNS_INIT;
  bool readable = (status == VDB_OK || status == VDB_E_PARTIAL) && report != NULL &&
                  vdb_write_report_columns(report, &columns) == VDB_OK;
  if (readable) {
    if (columns.deleted > 0) cost_gone(shared, (uint64_t)columns.deleted);
    ERL_NIF_TERM deleted = columns.deleted < 0 ? atom_nil : enif_make_int64(env, columns.deleted);
    ERL_NIF_TERM summary =
        enif_make_tuple4(env, enif_make_uint64(env, columns.applied), enif_make_uint64(env, columns.not_attempted),
                         deleted, make_failures(env, &columns));
    answer = enif_make_tuple2(env, status == VDB_OK ? atom_ok : atom_partial, summary);
  } else {
    answer = make_error(env, status != VDB_OK ? status : vdb_last_error_status());
  }
  vdb_write_report_free(report);
  return answer;
}
