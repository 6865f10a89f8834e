#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "vdb_memory.h"
#include "vdb_threads.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>

#define HUGE_PAGE ((size_t)2 << 20)
#define LINE ((size_t)64)

static size_t round_up(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

void *vdb_rows_new(size_t bytes) {
  if (bytes == 0 || bytes > SIZE_MAX / 4) return NULL;
  if (bytes < HUGE_PAGE) return aligned_alloc(LINE, round_up(bytes, LINE));
  size_t wanted = round_up(bytes, HUGE_PAGE);
  char *mapped = mmap(NULL, wanted + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return NULL;
  /* Huge pages start at multiples of their size: cut what sticks out on both sides. */
  size_t before = (HUGE_PAGE - (uintptr_t)mapped % HUGE_PAGE) % HUGE_PAGE;
  if (before > 0) munmap(mapped, before);
  if (before < HUGE_PAGE) munmap(mapped + before + wanted, HUGE_PAGE - before);
  madvise(mapped + before, wanted, MADV_HUGEPAGE);
  return mapped + before;
}

void vdb_rows_free(void *memory, size_t bytes) {
  if (memory == NULL) return;
  if (bytes < HUGE_PAGE) {
    free(memory);
  } else {
    munmap(memory, round_up(bytes, HUGE_PAGE));
  }
}

int vdb_memory_available(size_t bytes) {
  if (bytes == 0) return 1;
  void *mapped = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return 0;
  munmap(mapped, bytes);
  return 1;
}

void vdb_random_bytes(void *out, size_t count) {
  int cancellation = vdb_cancellation_off();
  ssize_t got = getrandom(out, count, GRND_NONBLOCK);
  vdb_cancellation_restore(cancellation);
  if (got == (ssize_t)count) return;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  uint64_t state = (uint64_t)now.tv_nsec ^ (uint64_t)now.tv_sec << 32 ^ (uint64_t)(uintptr_t)&now;
  for (size_t i = 0; i < count; i++) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    ((unsigned char *)out)[i] = (unsigned char)(state >> 56);
  }
}

static inline uint64_t rotate(uint64_t word, int by) { return word << by | word >> (64 - by); }

#define SIP_ROUND           \
  do {                      \
    v0 += v1;               \
    v1 = rotate(v1, 13);    \
    v1 ^= v0;               \
    v0 = rotate(v0, 32);    \
    v2 += v3;               \
    v3 = rotate(v3, 16);    \
    v3 ^= v2;               \
    v0 += v3;               \
    v3 = rotate(v3, 21);    \
    v3 ^= v0;               \
    v2 += v1;               \
    v1 = rotate(v1, 17);    \
    v1 ^= v2;               \
    v2 = rotate(v2, 32);    \
  } while (0)

uint64_t vdb_hash(const void *bytes, size_t count, uint64_t key0, uint64_t key1) {
  uint64_t v0 = key0 ^ 0x736f6d6570736575u, v1 = key1 ^ 0x646f72616e646f6du;
  uint64_t v2 = key0 ^ 0x6c7967656e657261u, v3 = key1 ^ 0x7465646279746573u;
  const unsigned char *at = bytes;
  size_t left = count;
  uint64_t word;
  for (; left >= 8; left -= 8, at += 8) {
    memcpy(&word, at, 8);
    v3 ^= word;
    SIP_ROUND;
    v0 ^= word;
  }
  word = 0;
  if (left > 0) memcpy(&word, at, left);
  word |= (uint64_t)count << 56;
  v3 ^= word;
  SIP_ROUND;
  v0 ^= word;
  v2 ^= 0xff;
  SIP_ROUND;
  SIP_ROUND;
  SIP_ROUND;
  return v0 ^ v1 ^ v2 ^ v3;
}
