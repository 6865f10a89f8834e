#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "test_processors.h"

#include <sched.h>

void test_stay_on_one_processor(void) {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  for (int processor = CPU_SETSIZE - 1; processor >= 0; processor--) {
    if (!CPU_ISSET(processor, &allowed)) continue;
    CPU_ZERO(&allowed);
    CPU_SET(processor, &allowed);
    sched_setaffinity(0, sizeof allowed, &allowed);
    return;
  }
}
