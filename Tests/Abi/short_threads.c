/* Threads that end right after a call that failed and one that did not leave nothing behind: their last error goes too. */
#include <malloc.h>
#include <pthread.h>

#include "support.h"

enum { FIRST = 500, THREADS = 10000 };

static void *short_life(void *database) {
  uint64_t count = 0;
  if (vdb_database_count(database, "{\"field\": {\"$unknown\": 1}}", VDB_NTS, NULL, &count, NULL) == VDB_OK) return NULL;
  if (vdb_database_count(database, NULL, 0, NULL, &count, NULL) != VDB_OK) return NULL;
  return vdb_last_error_message()[0] != 0 ? database : NULL;
}

static void live(vdb_database *database, int threads) {
  for (int i = 0; i < threads; i++) {
    pthread_t thread;
    void *result = NULL;
    CHECK(pthread_create(&thread, NULL, short_life, database) == 0, "no thread %d", i);
    pthread_join(thread, &result);
    CHECK(result == database, "thread %d: a call went wrong", i);
  }
}

int main(void) {
  vdb_database *database = open_database("{\"dimensions\":4}");
  live(database, FIRST);
  const size_t before = mallinfo2().uordblks;
  live(database, THREADS);
  const size_t after = mallinfo2().uordblks;
  CHECK(after < before + THREADS * 8, "%d threads left %zu bytes", THREADS, after - before);
  printf("%d threads, %ld bytes more than before\n", THREADS, (long)after - (long)before);
  EXPECT(VDB_OK, vdb_database_close(database));
  return finish("short_threads");
}
