/* Readers that take no lock, and a writer that waits for those who came before.
 *
 * A reader announces itself in a counter, loads a shared pointer, takes its reference, and leaves: a few nanoseconds. A
 * writer swaps the pointer and then waits until every reader that may still see the old one has left. The counters come in
 * two phases, so that readers who arrive meanwhile do not hold the writer up, and in stripes, so that readers on different
 * cores do not share a cache line. One set serves the whole process: sections are too short for sharing to matter. */
#ifndef VDB_READERS_H
#define VDB_READERS_H

#include <stdint.h>

/* Enters a read section; hand the result to vdb_readers_leave. Sections must not block and must not fork. */
uint32_t vdb_readers_enter(void);
void vdb_readers_leave(uint32_t section);

/* Returns when every section that was entered before the call has been left. */
void vdb_readers_wait(void);

/* Loads and swaps the shared pointer, ordered with the counters. */
void *_Nonnull vdb_readers_load(void *_Nullable const *_Nonnull cell);
void *_Nonnull vdb_readers_swap(void *_Nullable *_Nonnull cell, void *_Nonnull value);

/* For the fork handlers: the threads inside sections do not exist in the child. */
void vdb_readers_prepare_fork(void);
void vdb_readers_parent_after_fork(void);
void vdb_readers_child_after_fork(void);

#endif
