#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "vdb_library.h"

#include "CSupport.h"

#include <dlfcn.h>
#include <stdio.h>

/* One for all libraries, of the outermost level, made at the first use. A fork waits until it is free. */
static vdb_lock_slot *loading;

static vdb_lock_slot *the_lock(void) {
  vdb_lock_slot *lock = __atomic_load_n(&loading, __ATOMIC_ACQUIRE);
  if (lock != NULL) return lock;
  vdb_lock_slot *mine = vdb_lock_new(0);
  if (__atomic_compare_exchange_n(&loading, &lock, mine, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) return mine;
  vdb_lock_free(mine);
  return lock;
}

/* Under the lock. */
static int fill(vdb_library *library, char *reason) {
  void *handle = dlopen(library->file, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (handle == NULL) {
    const char *why = dlerror();
    snprintf(reason, VDB_LIBRARY_REASON, "cannot load %s: install the package %s (%.120s)", library->file,
             library->package, why == NULL ? "no reason given" : why);
    return -1;
  }
  for (size_t i = 0; i < library->count; i++) {
    void *address = dlsym(handle, library->symbols[i].name);
    if (address == NULL) {
      snprintf(reason, VDB_LIBRARY_REASON, "%s has no function %s: install a newer version of the package %s",
               library->file, library->symbols[i].name, library->package);
      dlclose(handle);
      return -1;
    }
    *library->symbols[i].address = address;
  }
  const char *problem = library->prepare == NULL ? NULL : library->prepare();
  if (problem != NULL) {
    snprintf(reason, VDB_LIBRARY_REASON, "%s cannot be used: %s (package %s)", library->file, problem,
             library->package);
    return -1;
  }
  __atomic_store_n(&library->ready, 1, __ATOMIC_RELEASE);
  return 0;
}

int vdb_library_load(vdb_library *library, char *reason) {
  if (__atomic_load_n(&library->ready, __ATOMIC_ACQUIRE)) return 0;
  vdb_lock_slot *lock = the_lock();
  vdb_lock_take(lock);
  int result = library->ready ? 0 : fill(library, reason);
  vdb_lock_give(lock);
  return result;
}
