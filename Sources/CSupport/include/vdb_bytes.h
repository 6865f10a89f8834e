/* Byte ranges. */
#ifndef VDB_BYTES_H
#define VDB_BYTES_H

#include <stddef.h>
#include <string.h>

/* memcmp, under a name that every platform's Swift imports alike. */
static inline int vdb_compare_memory(const void *left, const void *right, size_t count) {
  return memcmp(left, right, count);
}

/* memchr, for the same reason. */
static inline const void *vdb_find_byte(const void *bytes, int byte, size_t count) { return memchr(bytes, byte, count); }

/* Copies words of 32 bits with their bytes in the other order: floats as networks have them. No alignment is needed; the two
 * ranges do not overlap. */
void vdb_swap_words(const void *words, void *swapped, size_t count);

#endif
