/* A thread may be asked whether what it waits for goes on: who is asked, when, and what an answer does. */
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <time.h>

#include "support.h"

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

typedef struct {
  pthread_t thread;
  int times;
  int yes_at; /* 0 = never */
  int elsewhere;
  vdb_database *nested;
  vdb_status nested_status;
} host;

static int32_t answer(void *context) {
  host *mine = context;
  mine->times++;
  if (!pthread_equal(mine->thread, pthread_self())) mine->elsewhere++;
  if (mine->nested != NULL) mine->nested_status = vdb_database_count(mine->nested, NULL, 0, NULL, &(uint64_t){0}, NULL);
  return mine->times == mine->yes_at;
}

static uint64_t count;

static vdb_status counted(vdb_database *database, int64_t timeout_ms) {
  vdb_call_options call = VDB_CALL_OPTIONS_INIT;
  call.timeout_ms = timeout_ms;
  return vdb_database_count(database, NULL, 0, &call, &count, NULL);
}

static void *count_elsewhere(void *database) {
  EXPECT(VDB_E_TIMEOUT, counted(database, 100));
  return NULL;
}

static void nothing(int number) { (void)number; }

int main(void) {
  vdb_database *stalled = open_database("{\"dimensions\":4,\"fault_injection\":{\"stall_rate\":1}}");
  vdb_database *slow = open_database("{\"dimensions\":4,\"fault_injection\":{\"latency_ms\":150}}");
  vdb_database *quick = open_database("{\"dimensions\":4}");
  host mine = {.thread = pthread_self(), .yes_at = 3};

  EXPECT(VDB_OK, vdb_interrupt_set(answer, &mine));
  const double start = now_ms();
  EXPECT(VDB_E_CANCELLED, counted(stalled, 10000));
  CHECK(mine.times == 3, "asked %d times", mine.times);
  CHECK(now_ms() - start < 3000, "it took %.0f ms to hear the answer", now_ms() - start);
  /* The answer counts for one call. */
  mine.yes_at = 0;
  mine.times = 0;
  EXPECT(VDB_OK, counted(slow, 10000));
  CHECK(mine.times >= 1, "a call that waited asked nothing");
  EXPECT(VDB_E_TIMEOUT, counted(stalled, 100));

  mine.times = 0;
  EXPECT(VDB_OK, counted(quick, 0));
  CHECK(mine.times == 0, "a call that did not wait asked %d times", mine.times);

  /* Another thread has its own, here none. */
  pthread_t other;
  pthread_create(&other, NULL, count_elsewhere, stalled);
  pthread_join(other, NULL);
  CHECK(mine.times == 0, "calls of another thread asked %d times", mine.times);

  /* From inside: other calls, and those ask nothing. */
  mine.nested = slow;
  mine.yes_at = 1;
  EXPECT(VDB_E_CANCELLED, counted(stalled, 10000));
  CHECK(mine.times == 1 && mine.nested_status == VDB_OK, "asked %d times, got %s inside", mine.times,
        vdb_status_name(mine.nested_status));
  mine.nested = NULL;

  /* A storm of signals neither ends a call nor keeps it from its deadline. */
  struct sigaction action = {.sa_handler = nothing};
  sigaction(SIGALRM, &action, NULL);
  setitimer(ITIMER_REAL, &(struct itimerval){{0, 2000}, {0, 2000}}, NULL);
  mine.yes_at = 0;
  EXPECT(VDB_E_TIMEOUT, counted(stalled, 200));
  setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 0}}, NULL);

  EXPECT(VDB_OK, vdb_interrupt_set(NULL, NULL));
  mine.times = 0;
  EXPECT(VDB_E_TIMEOUT, counted(stalled, 100));
  CHECK(mine.times == 0, "asked %d times after it was cleared", mine.times);
  CHECK(mine.elsewhere == 0, "asked %d times on another thread", mine.elsewhere);

  EXPECT(VDB_OK, vdb_database_close(stalled));
  EXPECT(VDB_OK, vdb_database_close(slow));
  EXPECT(VDB_OK, vdb_database_close(quick));
  return finish("interrupting");
}
