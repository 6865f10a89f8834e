/* The gate between the threads inside the library and a fork.
 *
 * A child has one thread, and a lock that another thread held in the parent stays taken in it. The library's own locks are
 * seen to (vdb_locks.h); those of the Swift runtime, which makes the metadata of a type at its first use, cannot be
 * reached. So a fork closes the gate and waits until every thread is at a place where it holds no such lock: outside the
 * library, waiting for a lock or a condition, in the host's callback, or at a safe point. */
#ifndef VDB_GATE_H
#define VDB_GATE_H

#include <stdint.h>

/* How long threads stay outside while the process ends, in seconds: when it still lives then, it waits for one of them. */
#define VDB_GATE_LAST_WAIT_S 1

/* Longest time that a fork waits for threads to come to such a place, in milliseconds. */
#define VDB_GATE_PATIENCE_MS 100

/* What the gate knows of one thread. */
typedef struct vdb_gate_seat vdb_gate_seat;

/* Around all work of the library on a thread, its own threads included: some 10 ns. Waits while a fork goes on. Nests;
 * `leave` takes what `enter` returned. */
vdb_gate_seat *_Nonnull vdb_gate_enter(void);
void vdb_gate_leave(vdb_gate_seat *_Nonnull seat);

/* Lets a fork pass that waits. To be called every millisecond of a long call, holding no lock of the Swift runtime: that is
 * anywhere but in the initialiser of a global. One load while nobody forks. */
void vdb_gate_safe_point(void);

/* Around blocking and around code of the host, neither of it in the initialiser of a global: outside the gate, however deeply the thread had entered it. `resume` takes
 * what `pause` returned. */
uint32_t vdb_gate_pause(void);
void vdb_gate_resume(uint32_t depth);

/* For the fork handlers, with the locks of the library taken: closes the gate and waits, within bounds, until nobody but
 * the calling thread is inside; opens it; opens it in the child, where the calling thread is the only one. */
void vdb_gate_close(void);
void vdb_gate_open(void);
void vdb_gate_open_in_child(void);
/* Has the gate closed when the process calls `exit`, for all threads but that one: libraries such as OpenSSL take themselves
 * apart then, under whoever is inside them. To be called after such a library has been initialised, which says itself when it
 * ends: what was asked for later comes first. May be called again. */
void vdb_gate_close_at_exit(void);
/* Before any lock is taken for a fork: waits, within bounds, for those whom the last fork kept out, or threads that fork
 * one after the other would keep everybody else out for good. */
void vdb_gate_let_in(void);

#endif
