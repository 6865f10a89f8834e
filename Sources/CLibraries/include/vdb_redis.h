/* Replies of Redis, read by hiredis, which is part of the library: no package is needed.
 *
 * A reply becomes a flat tape of nodes with its texts in one piece of memory, instead of one allocation a value. */
#ifndef VDB_REDIS_H
#define VDB_REDIS_H

#include <stddef.h>
#include <stdint.h>

#define VDB_REDIS_STRING 1u
#define VDB_REDIS_ARRAY 2u
#define VDB_REDIS_INTEGER 3u
#define VDB_REDIS_NIL 4u
#define VDB_REDIS_STATUS 5u
#define VDB_REDIS_ERROR 6u

/* One value. The elements of an array follow it directly; `next` is the index after the whole value. */
typedef struct {
  uint32_t kind;
  uint32_t next;
  /* The value of an integer, the number of elements of an array. */
  int64_t number;
  /* The text of a string, status or error. */
  size_t offset;
  size_t length;
} vdb_redis_node;

#define VDB_REDIS_MORE 0         /* the reply has not arrived in full */
#define VDB_REDIS_REPLY 1        /* a reply is complete */
#define VDB_REDIS_INVALID (-1)   /* this is not the protocol of Redis */
#define VDB_REDIS_TOO_LARGE (-2) /* the reply exceeds the limits */
#define VDB_REDIS_NO_MEMORY (-3)

typedef struct vdb_redis_reader vdb_redis_reader;

/* A reader for replies of at most so many bytes and values; NULL when out of memory. */
vdb_redis_reader *_Nullable vdb_redis_reader_new(size_t max_bytes, uint32_t max_nodes);
void vdb_redis_reader_free(vdb_redis_reader *_Nonnull reader);

/* Takes in what arrived: VDB_REDIS_MORE or an error. */
int vdb_redis_reader_feed(vdb_redis_reader *_Nonnull reader, const void *_Nonnull bytes, size_t count);

/* Forgets the reply before and reads the next one: VDB_REDIS_REPLY, VDB_REDIS_MORE or an error, after which the reader is of
 * no use any more. */
int vdb_redis_reader_next(vdb_redis_reader *_Nonnull reader);

/* The nodes of the reply that `next` gave, the first of them the reply itself, and its texts. Valid until the next `next`. */
const vdb_redis_node *_Nullable vdb_redis_reader_nodes(const vdb_redis_reader *_Nonnull reader);
const uint8_t *_Nullable vdb_redis_reader_texts(const vdb_redis_reader *_Nonnull reader);

#endif
