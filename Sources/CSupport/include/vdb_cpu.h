/* What the processor can do, asked of the processor itself: no runtime library, no file. */
#ifndef VDB_CPU_H
#define VDB_CPU_H

#include <stdint.h>

/* Which build of the kernels may run. */
#define VDB_CPU_BASELINE 0 /* what the architecture guarantees: SSE2 on x86-64, NEON on arm64 */
#define VDB_CPU_AVX2 1     /* everything of x86-64-v3, and an operating system that saves the registers */
#define VDB_CPU_AVX512 2   /* everything of x86-64-v4, likewise */

/* Highest of the levels above that this processor and operating system can run. */
int vdb_cpu_level(void);

/* Name of the i-th feature found, in a fixed order; NULL behind the last. */
const char *vdb_cpu_feature_name(uint32_t index);

#endif
