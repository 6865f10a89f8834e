/* JSON text to a flat tape of nodes, and numbers to JSON text.
 *
 * Reading works in place on a private copy of the text: strings are decoded where they stand, so a node names a string by
 * offset and length. Nothing recurses: depth is a limit, not a danger. No function throws. */
#ifndef VDB_JSON_H
#define VDB_JSON_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VDB_JSON_OK 0
#define VDB_JSON_END 1 /* vdb_json_next: the array has no further element */
#define VDB_JSON_INVALID (-1)
#define VDB_JSON_TOO_DEEP (-2)
#define VDB_JSON_TOO_MANY_NODES (-3)
#define VDB_JSON_NUMBER_RANGE (-4) /* a number beyond what a double holds */
#define VDB_JSON_TOO_LARGE (-5)    /* longer than VDB_JSON_MAX_LENGTH, an element than VDB_JSON_MAX_ELEMENT */
#define VDB_JSON_NO_MEMORY (-6)

/* Containers within containers, the outermost counted. */
#define VDB_JSON_MAX_DEPTH 64
/* Offsets fit 32 bits, and digit counts an int. */
#define VDB_JSON_MAX_LENGTH 2000000000u
/* Text of one element that vdb_json_next reads, space around it counted. */
#define VDB_JSON_MAX_ELEMENT ((size_t)8 << 20)

#define VDB_JSON_KIND_NULL 0u
#define VDB_JSON_KIND_FALSE 1u
#define VDB_JSON_KIND_TRUE 2u
#define VDB_JSON_KIND_INTEGER 3u     /* digits alone, within int64 */
#define VDB_JSON_KIND_BIG_INTEGER 4u /* digits alone, beyond int64: the nearest double */
#define VDB_JSON_KIND_NUMBER 5u      /* with fraction or exponent */
#define VDB_JSON_KIND_STRING 6u
#define VDB_JSON_KIND_ARRAY 7u
#define VDB_JSON_KIND_OBJECT 8u /* children alternate: a string that is the key, then its value */

/* One value. The children of a container follow it directly; `next` is the index after the whole value. */
typedef struct {
  uint32_t kind;
  uint32_t next;
  union {
    struct {
      uint32_t offset; /* into `text` of the reader */
      uint32_t length;
    } string;
    double number;
    int64_t integer;
    uint64_t count; /* elements of an array, members of an object */
  };
} vdb_json_node;

/* A reader: start from vdb_json_init, end with vdb_json_destroy. The nodes are those of the last parse or next. */
typedef struct {
  char *text;
  size_t length;
  size_t position;
  vdb_json_node *nodes;
  uint32_t count;
  uint32_t capacity;
  uint32_t max_nodes;
  uint32_t started;
  /* After a failure: where, and what was expected (static text). */
  size_t error_offset;
  const char *error;
} vdb_json_reader;

/* Copies `text`, which must be UTF-8. */
int vdb_json_init(vdb_json_reader *reader, const void *text, size_t length, uint32_t max_nodes);

/* The same in steps, for long texts: makes room for `length` bytes, then copies one piece after the other. To be read when
 * all have been added. */
int vdb_json_reserve(vdb_json_reader *reader, size_t length, uint32_t max_nodes);
int vdb_json_append(vdb_json_reader *reader, const void *piece, size_t count);

/* Reads the whole text as one value. */
int vdb_json_parse(vdb_json_reader *reader);

/* Reads the next element of the array that the text is: VDB_JSON_OK with its nodes, VDB_JSON_END after the last. Keeps
 * the memory small and warm where an array has a million elements. */
int vdb_json_next(vdb_json_reader *reader);

void vdb_json_destroy(vdb_json_reader *reader);

/* Writes a number in the fewest digits that read back as the same double and returns their count, at most 32. Integral
 * values up to 2^53 are written as integers, -0 as 0; a value that is not finite as null. */
size_t vdb_json_format_number(double number, char *out);

#ifdef __cplusplus
}
#endif

#endif
