/* Locks and conditions that survive fork.
 *
 * They live in slabs that are never given back, one slab a level, so that the fork handlers can walk all of them without
 * asking anybody. Before a fork every lock is taken, level by level; the parent gives them back, the child makes them anew.
 * A thread that holds a lock may only take locks of a higher level. */
#ifndef VDB_LOCKS_H
#define VDB_LOCKS_H

#include <stdint.h>

#define VDB_LOCK_LEVELS 8

/* A mutex or a condition variable; which one, its maker knows. */
typedef struct vdb_lock_slot vdb_lock_slot;

/* A lock of a level below VDB_LOCK_LEVELS, never NULL: when the machine has no memory for one more, all that could not be
 * made share one. O(1). */
vdb_lock_slot *_Nonnull vdb_lock_new(uint32_t level);
/* A condition variable on the monotonic clock, never NULL, as above. */
vdb_lock_slot *_Nonnull vdb_condition_new(void);
/* Gives back a lock that nobody holds, or a condition nobody waits for. */
void vdb_lock_free(vdb_lock_slot *_Nonnull slot);

void vdb_lock_take(vdb_lock_slot *_Nonnull lock);
/* As take, at the longest for `nanoseconds` below a second; 0 when it was not free. */
int vdb_lock_take_within(vdb_lock_slot *_Nonnull lock, uint32_t nanoseconds);
void vdb_lock_give(vdb_lock_slot *_Nonnull lock);

void vdb_condition_wait(vdb_lock_slot *_Nonnull condition, vdb_lock_slot *_Nonnull lock);
/* Waits until the monotonic clock shows `deadline` nanoseconds at the latest; 0 when the deadline passed. */
int vdb_condition_wait_until(vdb_lock_slot *_Nonnull condition, vdb_lock_slot *_Nonnull lock, uint64_t deadline);
void vdb_condition_signal(vdb_lock_slot *_Nonnull condition);
void vdb_condition_broadcast(vdb_lock_slot *_Nonnull condition);

/* Number of forks between the process that loaded the library and this one. */
uint64_t vdb_process_epoch(void);

#endif
