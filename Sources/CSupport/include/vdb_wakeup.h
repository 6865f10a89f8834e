/* A descriptor that one thread makes readable and another one waits for, beside its sockets. */
#ifndef VDB_WAKEUP_H
#define VDB_WAKEUP_H

/* A new one, not readable, closed by exec; -errno when the system refuses. To be closed with vdb_wakeup_close. */
int vdb_wakeup_new(void);
/* Makes it readable, from any thread. Never waits. */
void vdb_wakeup_raise(int descriptor);
/* Makes it unreadable again. */
void vdb_wakeup_clear(int descriptor);
void vdb_wakeup_close(int descriptor);

#endif
