/* Memory for rows, and the keyed hash of ids. */
#ifndef VDB_MEMORY_H
#define VDB_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* `bytes` of memory at a multiple of 64, its contents undefined; from 2 MiB on in huge pages where the system grants them,
 * and untouched pages cost nothing. NULL when out of memory. Free with the same size. */
void *_Nullable vdb_rows_new(size_t bytes);
void vdb_rows_free(void *_Nullable memory, size_t bytes);

/* Whether the process could get `bytes` more at this moment; other threads may be faster. */
int vdb_memory_available(size_t bytes);

/* Fills `count` bytes nobody outside can guess. */
void vdb_random_bytes(void *_Nonnull out, size_t count);

/* SipHash-1-3 of a byte range under a 128-bit key: who does not know the key cannot make ids collide. */
uint64_t vdb_hash(const void *_Nullable bytes, size_t count, uint64_t key0, uint64_t key1);

#endif
