#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "vdb_sockets.h"
#include "vdb_gate.h"
#include "vdb_interrupts.h"
#include "vdb_threads.h"

#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static uint64_t nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int vdb_wait_socket(int socket, int interest, int wakeup, uint64_t deadline) {
  struct pollfd both[2] = {{socket, 0, 0}, {wakeup, POLLIN, 0}};
  if (interest & VDB_READABLE) both[0].events |= POLLIN;
  if (interest & VDB_WRITABLE) both[0].events |= POLLOUT;
  struct timespec left = {0, 0};
  deadline = vdb_interrupt_bound(deadline, VDB_SIGNALLED_PIECE_MS);
  if (deadline != UINT64_MAX) {
    uint64_t now = nanoseconds();
    uint64_t rest = deadline > now ? deadline - now : 0;
    left.tv_sec = (time_t)(rest / 1000000000u);
    left.tv_nsec = (long)(rest % 1000000000u);
  }
  int cancellation = vdb_cancellation_off();
  uint32_t depth = vdb_gate_pause();
  int ready = ppoll(both, 2, deadline == UINT64_MAX ? NULL : &left, NULL);
  int error = errno;
  vdb_gate_resume(depth);
  vdb_cancellation_restore(cancellation);
  if (ready <= 0) vdb_interrupt_ask();
  if (ready < 0) return error == EINTR ? 0 : -error;
  if (both[0].revents & (POLLERR | POLLHUP | POLLNVAL)) return interest;
  int result = 0;
  if (both[0].revents & POLLIN) result |= VDB_READABLE;
  if (both[0].revents & POLLOUT) result |= VDB_WRITABLE;
  return result;
}

int vdb_socket_is_open(int socket) {
  char byte;
  ssize_t count = recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return count > 0 || (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK));
}

int vdb_resolve(const char *host, char *addresses) {
  struct addrinfo hints = {0};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  struct addrinfo *found = NULL;
  int cancellation = vdb_cancellation_off();
  uint32_t depth = vdb_gate_pause();
  int code = getaddrinfo(host, NULL, &hints, &found);
  vdb_gate_resume(depth);
  int count = 0;
  for (struct addrinfo *each = found; code == 0 && each != NULL && count < VDB_MAX_ADDRESSES; each = each->ai_next) {
    char *text = addresses + (size_t)count * VDB_ADDRESS_SIZE;
    if (getnameinfo(each->ai_addr, each->ai_addrlen, text, VDB_ADDRESS_SIZE, NULL, 0, NI_NUMERICHOST) == 0) count++;
  }
  if (found != NULL) freeaddrinfo(found);
  vdb_cancellation_restore(cancellation);
  if (code == 0) return count > 0 ? count : EAI_NONAME;
  return code < 0 ? code : EAI_FAIL;
}

const char *vdb_resolve_error(int code) { return gai_strerror(code); }
