/* What the processor can do at best, measured without any code of the library. */
#ifndef LIMITS_OF_MACHINE_H
#define LIMITS_OF_MACHINE_H

#include <stddef.h>
#include <stdint.h>

/* Reads every byte with the registers of a level (as VDB_CPU_*), from one end to the other or in four streams side by
 * side; `bytes` is a multiple of 256. */
uint64_t limits_read(int level, int streams, const void *from, size_t bytes);

/* Multiply-adds in registers alone, 12 or 20 independent vectors, `rounds` times; level as VDB_CPU_*. Returns the
 * operations made (2 for each lane of each multiply-add). */
double limits_multiply(int level, uint64_t rounds);

#endif
