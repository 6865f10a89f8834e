/* Shared libraries that are loaded when they are first needed. */
#ifndef VDB_LIBRARY_H
#define VDB_LIBRARY_H

#include <stddef.h>
#include <stdint.h>

/* Room for the reason why a library cannot be used, its NUL included. */
#define VDB_LIBRARY_REASON 256

/* One function and where its address goes. */
typedef struct {
  const char *_Nonnull name;
  void *_Nullable *_Nonnull address;
} vdb_library_symbol;

/* A library, its table, and whether the table is filled: a static variable of whoever owns the table. */
typedef struct {
  /* What the dynamic linker is asked for: "libcurl.so.4". */
  const char *_Nonnull file;
  /* What a user has to install: "libcurl4". */
  const char *_Nonnull package;
  const vdb_library_symbol *_Nonnull symbols;
  size_t count;
  /* Called once, with the table filled, before anybody uses it: NULL, or why the library is of no use. */
  const char *_Nullable (*_Nullable prepare)(void);
  /* Starts as 0; 1 once the table may be used. */
  uint32_t ready;
} vdb_library;

/* Fills the table of a library: 0, or -1 with one line in `reason` that names the package. May be called again at any
 * time, also after a failure: somebody may have installed it. Any thread; costs one load when the table is filled. The library
 * stays loaded, with its symbols invisible to others. */
int vdb_library_load(vdb_library *_Nonnull library, char *_Nonnull reason);

#endif
