/* libdispatch is in the library because FoundationEssentials names it; nothing uses it, but it makes a thread key when it is
 * loaded and goes on where there is none left: with the key 0, which is somebody else's. The linker gives the library this in
 * place of the C library's (--wrap in Package.swift): what failed leaves a key that no thread has a value of. */
#include "vdb_host_guard.h"

#include <limits.h>
#include <pthread.h>

int __real_pthread_key_create(pthread_key_t *key, void (*end)(void *));

int __wrap_pthread_key_create(pthread_key_t *key, void (*end)(void *)) {
  int result = __real_pthread_key_create(key, end);
  if (result != 0) *key = PTHREAD_KEYS_MAX;
  return result;
}
