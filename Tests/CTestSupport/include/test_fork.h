/* fork, which Swift does not offer, and how much memory the process holds, for tests. */
#ifndef TEST_FORK_H
#define TEST_FORK_H

#include <stdint.h>

/* Runs body(context) in a forked child and returns what it returned (0 to 255), or -1 when the child crashed, hung longer
 * than `seconds`, or could not be made. */
int test_run_in_child(int32_t (*_Nonnull body)(void *_Nullable), void *_Nullable context, unsigned seconds);

/* Resident memory of this process in bytes, after free memory has been given back to the system. */
uint64_t test_resident_bytes(void);

#endif
