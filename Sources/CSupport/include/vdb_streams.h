/* Sockets of our own, for transports whose library is no more than a protocol: never blocking, never raising SIGPIPE, and safe
 * from a pthread_cancel. */
#ifndef VDB_STREAMS_H
#define VDB_STREAMS_H

#include <stddef.h>
#include <stdint.h>

/* Begins to connect to an address in numbers (vdb_resolve), or to a socket in the file system. Returns the socket, which is
 * writable once `vdb_stream_connected` has an answer, or -errno. To be closed with vdb_stream_close. */
int vdb_stream_connect(const char *_Nonnull address, uint16_t port);
int vdb_stream_connect_local(const char *_Nonnull path);
/* 0, or the errno with which connecting failed. */
int vdb_stream_connected(int stream);

/* Returns the bytes sent or received, 0 of them only at the end of what there is to receive; -EAGAIN when it would have to
 * wait; -errno. */
int64_t vdb_stream_send(int stream, const void *_Nonnull bytes, size_t count);
int64_t vdb_stream_receive(int stream, void *_Nonnull bytes, size_t count);

void vdb_stream_close(int stream);

/* The system's words for an errno, in a buffer of VDB_ERROR_TEXT bytes. */
#define VDB_ERROR_TEXT 128
const char *_Nonnull vdb_error_text(int error, char *_Nonnull buffer);

#endif
