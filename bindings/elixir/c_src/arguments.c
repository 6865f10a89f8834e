/*
 * Terms into the structs of the C API.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <math.h>
#include <string.h>

#include "nif.h"

bool text_get(ErlNifEnv *env, ERL_NIF_TERM term, const char **bytes, size_t *length) {
  ErlNifBinary binary;
  if (!enif_inspect_binary(env, term, &binary)) return false;
  /* NULL means "not given" to the library; an empty binary is given, and empty. */
  *bytes = binary.size == 0 ? "" : (const char *)binary.data;
  *length = binary.size;
  return true;
}

bool call_options_get(ErlNifEnv *env, ERL_NIF_TERM flags, ERL_NIF_TERM timeout, vdb_call_options *out) {
  *out = (vdb_call_options)VDB_CALL_OPTIONS_INIT;
  ErlNifSInt64 milliseconds;
  if (!enif_get_uint(env, flags, &out->flags) || !enif_get_int64(env, timeout, &milliseconds)) return false;
  out->timeout_ms = milliseconds;
  return true;
}

bool search_options_get(ErlNifEnv *env, ERL_NIF_TERM term, vdb_search_options *out) {
  *out = (vdb_search_options)VDB_SEARCH_OPTIONS_INIT;
  const ERL_NIF_TERM *field;
  int arity;
  ErlNifUInt64 k;
  ErlNifSInt64 milliseconds;
  if (!enif_get_tuple(env, term, &arity, &field) || arity != 8) return false;
  if (!enif_get_uint64(env, field[0], &k) || !enif_get_uint(env, field[1], &out->ef) ||
      !enif_get_uint(env, field[2], &out->flags) || !enif_get_int64(env, field[3], &milliseconds) ||
      !text_get(env, field[4], &out->filter, &out->filter_length) ||
      !text_get(env, field[5], &out->extra_json, &out->extra_json_length) ||
      !enif_get_double(env, field[6], &out->max_distance) || !enif_get_double(env, field[7], &out->min_score)) {
    return false;
  }
  out->k = k;
  out->timeout_ms = milliseconds;
  if (out->extra_json_length == 0) out->extra_json = NULL;
  return true;
}

static bool fail_memory(ErlNifEnv *env, ERL_NIF_TERM *error) {
  *error = make_failure(env, VDB_E_OUT_OF_MEMORY, "no memory for the arguments of the call");
  return false;
}

/* ---- ids -------------------------------------------------------------------------------------------------------- */

bool ids_get(ErlNifEnv *env, ERL_NIF_TERM list, id_list *out, ERL_NIF_TERM *error) {
  *out = (id_list){.view = VDB_STRINGS_INIT};
  unsigned count;
  if (!enif_get_list_length(env, list, &count)) {
    *error = make_failure(env, VDB_E_INVALID_ARGUMENT, "ids must be a list of binaries");
    return false;
  }
  size_t total = 0;
  ERL_NIF_TERM rest = list, head;
  ErlNifBinary id;
  for (unsigned i = 0; enif_get_list_cell(env, rest, &head, &rest); i++) {
    if (!enif_inspect_binary(env, head, &id)) {
      char shown[64];
      enif_snprintf(shown, sizeof shown, "%T", head);
      *error = make_failure(env, VDB_E_INVALID_ID, "id %u is not a binary: %s", i, shown);
      return false;
    }
    total += id.size;
  }
  out->offsets = enif_alloc(((size_t)count + 1) * sizeof *out->offsets);
  out->bytes = enif_alloc(total + 1);
  if (out->offsets == NULL || out->bytes == NULL) {
    ids_free(out);
    return fail_memory(env, error);
  }
  size_t end = 0, row = 0;
  out->offsets[0] = 0;
  for (rest = list; enif_get_list_cell(env, rest, &head, &rest);) {
    enif_inspect_binary(env, head, &id);
    if (id.size > 0) memcpy(out->bytes + end, id.data, id.size);
    end += id.size;
    out->offsets[++row] = end;
  }
  out->view.bytes = out->bytes;
  out->view.offsets = out->offsets;
  out->view.count = count;
  return true;
}

void ids_free(id_list *ids) {
  memory_free(ids->offsets);
  memory_free(ids->bytes);
  *ids = (id_list){.view = VDB_STRINGS_INIT};
}

/* ---- vectors ---------------------------------------------------------------------------------------------------- */

/** Which row of a batch a message speaks of; SINGLE for a call with one vector. */
#define SINGLE UINT64_MAX

static bool fail_vector(ErlNifEnv *env, ERL_NIF_TERM *error, vdb_status status, uint64_t row, const char *what) {
  if (row == SINGLE) {
    *error = make_failure(env, status, "the vector %s", what);
  } else {
    *error = make_failure(env, status, "vector %llu %s", (unsigned long long)row, what);
  }
  return false;
}

/** Dimension of a vector term: length of a list, or a quarter of a binary's bytes. */
static bool dimensions_of(ErlNifEnv *env, ERL_NIF_TERM term, uint64_t row, uint64_t *out, ERL_NIF_TERM *error) {
  char what[96];
  unsigned length;
  ErlNifBinary binary;
  if (enif_get_list_length(env, term, &length)) {
    *out = length;
  } else if (!enif_inspect_binary(env, term, &binary)) {
    char shown[48];
    enif_snprintf(shown, sizeof shown, "%T", term);
    enif_snprintf(what, sizeof what, "is neither a list of numbers nor a binary: %s", shown);
    return fail_vector(env, error, VDB_E_INVALID_VECTOR, row, what);
  } else if (binary.size % sizeof(float) != 0) {
    enif_snprintf(what, sizeof what, "is a binary of %lu bytes, no multiple of 4", (unsigned long)binary.size);
    return fail_vector(env, error, VDB_E_INVALID_VECTOR, row, what);
  } else {
    *out = binary.size / sizeof(float);
  }
  return true;
}

/** Writes a vector term whose dimension was taken before to `out`. Doubles are rounded to float32. */
static bool vector_copy(ErlNifEnv *env, ERL_NIF_TERM term, uint64_t row, float *out, ERL_NIF_TERM *error) {
  ErlNifBinary binary;
  if (enif_inspect_binary(env, term, &binary)) {
    if (binary.size > 0) memcpy(out, binary.data, binary.size);
    return true;
  }
  ERL_NIF_TERM head;
  for (unsigned i = 0; enif_get_list_cell(env, term, &head, &term); i++) {
    double number;
    ErlNifSInt64 integer;
    const char *complaint = NULL;
    if (enif_get_double(env, head, &number)) {
    } else if (enif_get_int64(env, head, &integer)) {
      number = (double)integer;
    } else {
      number = 0;
      complaint = enif_is_number(env, head) ? "is too large an integer" : "is not a number";
    }
    out[i] = (float)number;
    if (complaint == NULL && !isfinite(out[i])) complaint = "is too large for float32";
    if (complaint != NULL) {
      char shown[48], what[128];
      enif_snprintf(shown, sizeof shown, "%T", head);
      enif_snprintf(what, sizeof what, "is invalid: element %u %s: %s", i, complaint, shown);
      return fail_vector(env, error, VDB_E_INVALID_VECTOR, row, what);
    }
  }
  return true;
}

bool vector_get(ErlNifEnv *env, ERL_NIF_TERM term, vector_rows *out, ERL_NIF_TERM *error) {
  *out = (vector_rows){.view = VDB_VECTORS_INIT};
  ErlNifBinary binary;
  if (!dimensions_of(env, term, SINGLE, &out->view.dimensions, error)) return false;
  out->view.count = 1;
  if (enif_inspect_binary(env, term, &binary)) {
    out->view.data = binary.data;
    return true;
  }
  out->owned = enif_alloc((size_t)out->view.dimensions * sizeof(float) + 1);
  if (out->owned == NULL) return fail_memory(env, error);
  out->view.data = out->owned;
  if (vector_copy(env, term, SINGLE, out->owned, error)) return true;
  rows_free(out);
  return false;
}

static bool packed_get(ErlNifEnv *env, const ERL_NIF_TERM *field, vector_rows *out, ERL_NIF_TERM *error) {
  ErlNifUInt64 count, dimensions;
  ErlNifBinary binary;
  size_t bytes;
  if (!enif_get_uint64(env, field[0], &count) || !enif_get_uint64(env, field[1], &dimensions) ||
      !enif_inspect_binary(env, field[2], &binary)) {
    *error = enif_make_badarg(env);
    return false;
  }
  if (__builtin_mul_overflow(count, dimensions, &bytes) || __builtin_mul_overflow(bytes, sizeof(float), &bytes) ||
      bytes != binary.size) {
    *error = make_failure(env, VDB_E_DIMENSION_MISMATCH,
                          "%lu bytes of packed vectors are not %lu vectors of one dimension",
                          (unsigned long)binary.size, (unsigned long)count);
    return false;
  }
  out->view.data = binary.data;
  out->view.count = count;
  out->view.dimensions = dimensions;
  return true;
}

bool rows_get(ErlNifEnv *env, ERL_NIF_TERM term, uint64_t expected, vector_rows *out, ERL_NIF_TERM *error) {
  *out = (vector_rows){.view = VDB_VECTORS_INIT};
  const ERL_NIF_TERM *field;
  int arity;
  if (enif_get_tuple(env, term, &arity, &field) && arity == 3) return packed_get(env, field, out, error);

  unsigned count;
  if (!enif_get_list_length(env, term, &count)) {
    *error = make_failure(env, VDB_E_INVALID_ARGUMENT, "vectors must be a list of vectors");
    return false;
  }
  /* All rows are checked before anything is allocated: a wrong one must name its index, not the size it caused. */
  ERL_NIF_TERM rest = term, head;
  uint64_t dimensions = expected, found;
  for (unsigned i = 0; enif_get_list_cell(env, rest, &head, &rest); i++) {
    if (!dimensions_of(env, head, i, &found, error)) return false;
    if (dimensions == 0) dimensions = found;
    if (found != dimensions) {
      char what[96];
      enif_snprintf(what, sizeof what, "has %lu dimensions, expected %lu", (unsigned long)found,
                    (unsigned long)dimensions);
      return fail_vector(env, error, VDB_E_DIMENSION_MISMATCH, i, what);
    }
  }
  size_t bytes;
  if (__builtin_mul_overflow(count, dimensions, &bytes) || __builtin_mul_overflow(bytes, sizeof(float), &bytes)) {
    *error = make_failure(env, VDB_E_TOO_LARGE, "the vectors of the batch exceed the address space");
    return false;
  }
  out->owned = enif_alloc(bytes + 1);
  if (out->owned == NULL) return fail_memory(env, error);
  out->view.data = out->owned;
  out->view.count = count;
  out->view.dimensions = dimensions;
  rest = term;
  for (unsigned i = 0; enif_get_list_cell(env, rest, &head, &rest); i++) {
    if (!vector_copy(env, head, i, out->owned + (size_t)i * dimensions, error)) {
      rows_free(out);
      return false;
    }
  }
  return true;
}

void rows_free(vector_rows *rows) {
  memory_free(rows->owned);
  *rows = (vector_rows){.view = VDB_VECTORS_INIT};
}
