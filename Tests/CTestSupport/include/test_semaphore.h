/* A semaphore with a wait that ends, for tests. */
#ifndef TEST_SEMAPHORE_H
#define TEST_SEMAPHORE_H

/* Waits for a `sem_t`, at most for so many seconds of the real clock; 0 when they passed. */
int test_semaphore_wait(void *_Nonnull semaphore, unsigned seconds);

#endif
