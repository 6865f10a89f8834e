/* Threads of the library. */
#ifndef VDB_THREADS_H
#define VDB_THREADS_H

#include <stdint.h>

/* Starts a detached thread inside the gate (vdb_gate.h), with every signal blocked, so that no handler of the host ever runs
 * on it. The name, or NULL for none, is cut to 15 bytes. Returns 0, or an errno when the system refuses. */
int vdb_thread_start(void (*_Nonnull body)(void *_Nullable), void *_Nullable argument, const char *_Nullable name);

/* Puts off a pthread_cancel of the calling thread, and lets it happen again. Around every call that is a cancellation point:
 * unwinding through Swift would leave locks taken. */
int vdb_cancellation_off(void);
void vdb_cancellation_restore(int state);

/* Number of processors this process may run on, at least 1. */
uint32_t vdb_usable_processors(void);

/* A small number of the calling thread, handed out in turn: which of several counters it uses. */
uint32_t vdb_thread_stripe(void);

/* One pointer of the calling thread, NULL at first. `set` hands over what `end`, always the same function, is called with
 * when the thread ends; 0 when the process has used up its keys or memory, and then nothing was kept. */
void *_Nullable vdb_thread_value(void);
int vdb_thread_set_value(void *_Nonnull value, void (*_Nonnull end)(void *_Nonnull));

/* A flag of the calling thread: whether it is running a task of a worker pool. */
int vdb_thread_in_task(void);
void vdb_thread_set_in_task(int inside);

#endif
