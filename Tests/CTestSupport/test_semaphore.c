#include "test_semaphore.h"

#include <errno.h>
#include <semaphore.h>
#include <time.h>

int test_semaphore_wait(void *semaphore, unsigned seconds) {
  struct timespec limit;
  clock_gettime(CLOCK_REALTIME, &limit);
  limit.tv_sec += (time_t)seconds;
  while (sem_timedwait(semaphore, &limit) != 0) {
    if (errno == ETIMEDOUT) return 0;
  }
  return 1;
}
