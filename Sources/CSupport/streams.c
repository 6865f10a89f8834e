#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "vdb_streams.h"
#include "vdb_threads.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int begin(const struct sockaddr *address, socklen_t length) {
  int stream = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (stream < 0) return -errno;
  if (address->sa_family != AF_UNIX) {
    int on = 1;
    setsockopt(stream, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(stream, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  }
  int cancellation = vdb_cancellation_off();
  int error = connect(stream, address, length) == 0 ? 0 : errno;
  /* A local socket whose queue is full says EAGAIN and does not go on by itself: that is a refusal. */
  if (error != 0 && error != EINPROGRESS && error != EINTR) {
    close(stream);
    stream = -error;
  }
  vdb_cancellation_restore(cancellation);
  return stream;
}

int vdb_stream_connect(const char *address, uint16_t port) {
  char service[8];
  snprintf(service, sizeof service, "%u", (unsigned)port);
  struct addrinfo hints = {0};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  struct addrinfo *found = NULL;
  if (getaddrinfo(address, service, &hints, &found) != 0 || found == NULL) return -EADDRNOTAVAIL;
  int stream = begin(found->ai_addr, found->ai_addrlen);
  freeaddrinfo(found);
  return stream;
}

int vdb_stream_connect_local(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) return -ENAMETOOLONG;
  strcpy(address.sun_path, path);
  return begin((const struct sockaddr *)&address, sizeof address);
}

int vdb_stream_connected(int stream) {
  int error = 0;
  socklen_t length = sizeof error;
  return getsockopt(stream, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}

static int64_t result(ssize_t count) {
  if (count >= 0) return count;
  return errno == EWOULDBLOCK || errno == EINTR ? -EAGAIN : -errno;
}

int64_t vdb_stream_send(int stream, const void *bytes, size_t count) {
  int cancellation = vdb_cancellation_off();
  int64_t sent = result(send(stream, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT));
  vdb_cancellation_restore(cancellation);
  return sent;
}

int64_t vdb_stream_receive(int stream, void *bytes, size_t count) {
  int cancellation = vdb_cancellation_off();
  int64_t received = result(recv(stream, bytes, count, MSG_DONTWAIT));
  vdb_cancellation_restore(cancellation);
  return received;
}

void vdb_stream_close(int stream) {
  int cancellation = vdb_cancellation_off();
  close(stream);
  vdb_cancellation_restore(cancellation);
}

const char *vdb_error_text(int error, char *buffer) { return strerror_r(error, buffer, VDB_ERROR_TEXT); }
