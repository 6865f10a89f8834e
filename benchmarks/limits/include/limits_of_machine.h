/* What the processor can do at best, measured without any code of the library. */
#ifndef LIMITS_OF_MACHINE_H
#define LIMITS_OF_MACHINE_H

#include <stddef.h>
#include <stdint.h>

/* Reads every byte; `bytes` is a multiple of 256. */
uint64_t limits_read(const void *from, size_t bytes);

/* Multiply-adds in registers alone, 20 independent vectors, `rounds` times; level as VDB_CPU_*. Returns the operations made
 * (2 for each lane of each multiply-add). */
double limits_multiply(int level, uint64_t rounds);

#endif
