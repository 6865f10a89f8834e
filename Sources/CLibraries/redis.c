#include "vdb_redis.h"

#include <hiredis/read.h>
#include <stdlib.h>
#include <string.h>

struct vdb_redis_reader {
  redisReader *reader;
  vdb_redis_node *nodes;
  uint32_t count;
  uint32_t capacity;
  uint32_t max_nodes;
  uint8_t *texts;
  size_t length;
  size_t room;
  size_t max_bytes;
  /* Whether a reply lies before the position: the next one starts with an empty tape. */
  int is_complete;
  /* Why the last value could not be kept. */
  int problem;
};

static void *refuse(vdb_redis_reader *own, int problem) {
  own->problem = problem;
  return NULL;
}

static vdb_redis_node *append(vdb_redis_reader *own, uint32_t kind) {
  if (own->count >= own->max_nodes) return refuse(own, VDB_REDIS_TOO_LARGE);
  if (own->count == own->capacity) {
    uint32_t capacity = own->capacity < 64 ? 64 : own->capacity + own->capacity / 2;
    vdb_redis_node *grown = realloc(own->nodes, (size_t)capacity * sizeof *grown);
    if (grown == NULL) return refuse(own, VDB_REDIS_NO_MEMORY);
    own->nodes = grown;
    own->capacity = capacity;
  }
  vdb_redis_node *node = &own->nodes[own->count++];
  *node = (vdb_redis_node){.kind = kind};
  return node;
}

/* hiredis only asks of an object whether it is NULL. */
static void *any(vdb_redis_reader *own) { return own; }

static void *create_string(const redisReadTask *task, char *text, size_t length) {
  vdb_redis_reader *own = task->privdata;
  vdb_redis_node *node = append(own, (uint32_t)task->type);
  if (node == NULL) return NULL;
  if (length > own->max_bytes - own->length) return refuse(own, VDB_REDIS_TOO_LARGE);
  if (length > own->room - own->length) {
    size_t room = own->length + length;
    room = room < 1024 ? 1024 : room + room / 2;
    uint8_t *grown = realloc(own->texts, room);
    if (grown == NULL) return refuse(own, VDB_REDIS_NO_MEMORY);
    own->texts = grown;
    own->room = room;
  }
  node->offset = own->length;
  node->length = length;
  if (length > 0) memcpy(own->texts + own->length, text, length);
  own->length += length;
  return any(own);
}

static void *create_array(const redisReadTask *task, int elements) {
  vdb_redis_reader *own = task->privdata;
  if (elements < 0 || (uint32_t)elements > own->max_nodes - own->count) return refuse(own, VDB_REDIS_TOO_LARGE);
  vdb_redis_node *node = append(own, VDB_REDIS_ARRAY);
  if (node == NULL) return NULL;
  node->number = elements;
  return any(own);
}

static void *create_integer(const redisReadTask *task, long long value) {
  vdb_redis_reader *own = task->privdata;
  vdb_redis_node *node = append(own, VDB_REDIS_INTEGER);
  if (node == NULL) return NULL;
  node->number = value;
  return any(own);
}

static void *create_nil(const redisReadTask *task) {
  vdb_redis_reader *own = task->privdata;
  return append(own, VDB_REDIS_NIL) == NULL ? NULL : any(own);
}

static void free_nothing(void *object) { (void)object; }

static redisReplyObjectFunctions functions = {
    .createString = create_string,
    .createArray = create_array,
    .createInteger = create_integer,
    .createNil = create_nil,
    .freeObject = free_nothing,
};

vdb_redis_reader *vdb_redis_reader_new(size_t max_bytes, uint32_t max_nodes) {
  vdb_redis_reader *own = calloc(1, sizeof *own);
  if (own == NULL) return NULL;
  own->reader = redisReaderCreateWithFunctions(&functions);
  if (own->reader == NULL) {
    free(own);
    return NULL;
  }
  own->reader->privdata = own;
  own->max_bytes = max_bytes;
  own->max_nodes = max_nodes;
  own->is_complete = 1;
  return own;
}

void vdb_redis_reader_free(vdb_redis_reader *own) {
  redisReaderFree(own->reader);
  free(own->nodes);
  free(own->texts);
  free(own);
}

static int failure(const vdb_redis_reader *own) {
  if (own->problem != 0) return own->problem;
  return own->reader->err == REDIS_ERR_OOM ? VDB_REDIS_NO_MEMORY : VDB_REDIS_INVALID;
}

int vdb_redis_reader_feed(vdb_redis_reader *own, const void *bytes, size_t count) {
  return redisReaderFeed(own->reader, bytes, count) == REDIS_OK ? VDB_REDIS_MORE : failure(own);
}

/* Says of each value where it ends: backwards, so that the elements of an array are known before it. */
static void link_nodes(vdb_redis_reader *own) {
  for (uint32_t i = own->count; i-- > 0;) {
    uint32_t next = i + 1;
    if (own->nodes[i].kind == VDB_REDIS_ARRAY) {
      for (int64_t element = 0; element < own->nodes[i].number; element++) next = own->nodes[next].next;
    }
    own->nodes[i].next = next;
  }
}

int vdb_redis_reader_next(vdb_redis_reader *own) {
  if (own->is_complete) {
    own->is_complete = 0;
    own->count = 0;
    own->length = 0;
    /* One large answer shall not hold its memory for the life of the connection. */
    if (own->room > (size_t)4 << 20) {
      free(own->texts);
      own->texts = NULL;
      own->room = 0;
    }
    if (own->capacity > 1u << 17) {
      free(own->nodes);
      own->nodes = NULL;
      own->capacity = 0;
    }
  }
  void *reply = NULL;
  if (redisReaderGetReply(own->reader, &reply) != REDIS_OK) return failure(own);
  if (reply == NULL) {
    size_t unread = own->reader->len - own->reader->pos;
    return unread > own->max_bytes - own->length ? VDB_REDIS_TOO_LARGE : VDB_REDIS_MORE;
  }
  own->is_complete = 1;
  link_nodes(own);
  return VDB_REDIS_REPLY;
}

const vdb_redis_node *vdb_redis_reader_nodes(const vdb_redis_reader *own) { return own->nodes; }

const uint8_t *vdb_redis_reader_texts(const vdb_redis_reader *own) { return own->texts; }
