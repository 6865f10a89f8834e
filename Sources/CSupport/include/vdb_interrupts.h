/* Whether the host wants an end of what the calling thread waits for.
 *
 * An interpreter runs the handlers of signals between two steps of its own, on the very thread that waits here: so waits are
 * cut into pieces, and the host is asked between them. Only the thread that asked for it is ever asked, only within a call,
 * and only where no lock is held. */
#ifndef VDB_INTERRUPTS_H
#define VDB_INTERRUPTS_H

#include <stdint.h>

/* The longest pieces of a wait, in milliseconds: where a signal ends a piece, and where it does not. */
#define VDB_SIGNALLED_PIECE_MS 200
#define VDB_DEAF_PIECE_MS 20

/* Sets what the calling thread's host is asked, NULL for nothing. Non-zero is yes. */
void vdb_interrupt_set_check(int32_t (*_Nullable check)(void *_Nullable), void *_Nullable context);

/* Around a call of the host: questions are asked in between. Calls of the host from inside the question ask none. */
void vdb_interrupt_begin(void);
void vdb_interrupt_end(void);

/* Whether the host has said yes during this call. */
int vdb_interrupted(void);

/* When a wait that may last until `deadline` is to stop for a question, both in nanoseconds of the monotonic clock; and the
 * same in milliseconds from now on. */
uint64_t vdb_interrupt_bound(uint64_t deadline, uint32_t piece_ms);
int vdb_interrupt_bound_ms(int milliseconds, uint32_t piece_ms);

/* Asks the host, after a piece of a wait that brought nothing. Outside the gate (vdb_gate.h). */
void vdb_interrupt_ask(void);

#endif
