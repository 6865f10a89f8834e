/* Processors a thread may run on, for tests. */
#ifndef TEST_PROCESSORS_H
#define TEST_PROCESSORS_H

/* Keeps the calling thread on the last of the processors it may use. */
void test_stay_on_one_processor(void);

#endif
