/* Memory for arguments whose last byte lies before an unmapped page: reading or writing too far crashes at once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "fuzz.h"

enum { PAGE = 4096 };

void guarded_open(guarded *g) {
  for (int i = 0; i < SLOT_COUNT; i++) {
    unsigned char *p = mmap(NULL, SLOT_BYTES + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED || mprotect(p + SLOT_BYTES, PAGE, PROT_NONE) != 0) {
      perror("mmap");
      exit(2);
    }
    g->slots[i] = p;
  }
  g->next = 0;
}

void guarded_reset(guarded *g) { g->next = 0; }

void *guarded_copy(guarded *g, const void *bytes, size_t n, size_t align) {
  if (g->next == SLOT_COUNT || n > SLOT_BYTES) {
    fprintf(stderr, "fuzz: no room for %zu bytes in slot %d\n", n, g->next);
    exit(2);
  }
  unsigned char *start = g->slots[g->next++] + SLOT_BYTES - n;
  start -= (uintptr_t)start % align;
  if (n > 0 && bytes != NULL) memcpy(start, bytes, n);
  return start;
}
