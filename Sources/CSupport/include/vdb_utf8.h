/* UTF-8. */
#ifndef VDB_UTF8_H
#define VDB_UTF8_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Length of the longest valid prefix that ends at a character: equal to `length` when all of it is UTF-8. Refuses what
 * RFC 3629 refuses: overlong forms, surrogates, anything above U+10FFFF. */
size_t vdb_utf8_valid_prefix(const void *text, size_t length);

#ifdef __cplusplus
}
#endif

#endif
