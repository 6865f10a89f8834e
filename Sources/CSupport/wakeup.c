#include "vdb_wakeup.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

int vdb_wakeup_new(void) {
  int descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return descriptor < 0 ? -errno : descriptor;
}

void vdb_wakeup_raise(int descriptor) {
  uint64_t one = 1;
  /* Fails only when it is readable already. */
  while (write(descriptor, &one, sizeof one) < 0 && errno == EINTR) {
  }
}

void vdb_wakeup_clear(int descriptor) {
  uint64_t count;
  while (read(descriptor, &count, sizeof count) < 0 && errno == EINTR) {
  }
}

void vdb_wakeup_close(int descriptor) { close(descriptor); }
