/* Numbers as text, for backends that take and give them so. */
#ifndef VDB_NUMBERS_H
#define VDB_NUMBERS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Longest text of one float. */
#define VDB_FLOAT_TEXT 16

/* Writes `count` finite float32 from `floats`, which need no alignment, with commas between them, as JSON numbers that read
 * back as the same float: of nine digits, or of the fewest that do. `out` has room for count * (VDB_FLOAT_TEXT + 1). Returns
 * the bytes written. */
size_t vdb_floats_to_text(const void *_Nonnull floats, size_t count, char *_Nonnull out);

/* Reads a number as JSON writes it, or inf or nan, and nothing behind it: 1; else 0, also for one beyond the range of a double. */
int vdb_double_from_text(const void *_Nonnull text, size_t length, double *_Nonnull value);

/* Base64 with padding. `out` has room for vdb_base64_length(count), which is what it writes. */
void vdb_base64_encode(const void *_Nonnull bytes, size_t count, char *_Nonnull out);
static inline size_t vdb_base64_length(size_t count) { return (count + 2) / 3 * 4; }

#ifdef __cplusplus
}
#endif

#endif
