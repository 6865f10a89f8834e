/* What waits for the network: outside the gate (vdb_gate.h), and safe from a pthread_cancel. */
#ifndef VDB_SOCKETS_H
#define VDB_SOCKETS_H

#include <stddef.h>
#include <stdint.h>

#define VDB_READABLE 1
#define VDB_WRITABLE 2

/* Waits until `socket` is ready for what `interest` names, until `wakeup` is readable, or until the monotonic clock shows
 * `deadline` nanoseconds (UINT64_MAX = never). Either descriptor may be -1, to be left out.
 * Returns what the socket is ready for, everything asked when it failed; 0 when it is not ready, also earlier, when the host
 * is to be asked whether the call goes on (vdb_interrupts.h); -errno. */
int vdb_wait_socket(int socket, int interest, int wakeup, uint64_t deadline);

/* Whether a socket that lies idle is still connected, as far as one can see without waiting. */
int vdb_socket_is_open(int socket);

/* The most addresses that vdb_resolve gives, and the room for each, NUL included. */
#define VDB_MAX_ADDRESSES 16
#define VDB_ADDRESS_SIZE 80

/* The addresses of a host for TCP, in numbers, in the order to try them. Blocks as long as the resolver of the system does,
 * so it belongs on a thread of its own. Returns their number, or a negative EAI_… code. */
int vdb_resolve(const char *_Nonnull host, char *_Nonnull addresses);

/* The system's words for such a code. */
const char *_Nonnull vdb_resolve_error(int code);

#endif
