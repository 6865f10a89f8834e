/*
 * forking [cold]: fork while other threads search, write and log. Each child goes on with the same memory database, opens
 * another, and ends; parent and child do not see each other's writes; no thread or lock of the parent is harmed.
 *
 * Each operation has run once before the first fork. With "cold" none has: the Swift runtime makes the metadata of a type
 * at its first use, under locks of its own that no fork handler reaches, and a child that another thread forks in that
 * moment can hang when it needs the same type.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "support.h"

enum { CHILDREN = 40, RECORDS = 5000, DIMENSIONS = 64 };

static vdb_database *shared;
static float *query;
static atomic_int stop, wrong, searches, writes;

static void *search(void *argument) {
  (void)argument;
  while (!stop) {
    vdb_results *results = NULL;
    if (vdb_database_search(shared, query, DIMENSIONS, NULL, &results) != VDB_OK) wrong++;
    vdb_results_free(results);
    searches++;
  }
  return NULL;
}

static void *write_records(void *argument) {
  (void)argument;
  uint64_t offsets[2];
  const vdb_strings ids = one_id("0", offsets, 1);
  const vdb_vectors rows = rows_of(query, 1, DIMENSIONS);
  while (!stop) {
    if (vdb_database_upsert(shared, &ids, &rows, NULL, 0, NULL, NULL) != VDB_OK) wrong++;
    writes++;
  }
  return NULL;
}

static void on_log(void *context, vdb_log_level level, const char *event, size_t length) {
  (void)context, (void)level, (void)event, (void)length;
}

/* What a child does; its exit status says which step failed. */
static int child(void) {
  vdb_results *results = NULL;
  vdb_database *own = NULL;
  vdb_columns columns = VDB_COLUMNS_INIT;
  uint64_t offsets[2], count = 0;
  const vdb_strings ids = one_id("of the child", offsets, 12);
  const vdb_vectors rows = rows_of(query, 1, DIMENSIONS);
  vdb_search_options options = VDB_SEARCH_OPTIONS_INIT;
  options.k = 100;
  if (vdb_database_search(shared, query, DIMENSIONS, &options, &results) != VDB_OK) return 1;
  if (vdb_results_columns(results, &columns) != VDB_OK || columns.row_count != 100) return 2;
  if (vdb_results_free(results) != VDB_OK) return 3;
  if (vdb_database_upsert(shared, &ids, &rows, NULL, 0, NULL, NULL) != VDB_OK) return 4;
  if (vdb_database_count(shared, NULL, 0, NULL, &count, NULL) != VDB_OK || count != RECORDS + 1) return 5;
  if (vdb_database_open("own", 3, "{\"dimensions\":64,\"threads\":2}", VDB_NTS, NULL, &own) != VDB_OK) return 6;
  if (vdb_database_upsert(own, &ids, &rows, NULL, 0, NULL, NULL) != VDB_OK) return 7;
  if (vdb_database_search(own, query, DIMENSIONS, NULL, &results) != VDB_OK) return 8;
  if (vdb_results_free(results) != VDB_OK || vdb_database_close(own) != VDB_OK) return 9;
  if (vdb_database_close(shared) != VDB_OK) return 10;
  return 0;
}

int main(int argc, char **argv) {
  pthread_t threads[3];
  query = some_floats(DIMENSIONS);
  shared = open_database("{\"dimensions\":64,\"threads\":2}");
  fill(shared, RECORDS, DIMENSIONS);
  EXPECT(VDB_OK, vdb_log_set(on_log, NULL, VDB_LOG_DEBUG));
  if (argc < 2 || strcmp(argv[1], "cold") != 0) {
    vdb_database *kept = shared;
    shared = open_database("{\"dimensions\":64,\"threads\":2}");
    fill(shared, RECORDS, DIMENSIONS);
    CHECK(child() == 0, "the steps of a child fail in the parent");
    shared = kept;
  }
  pthread_create(&threads[0], NULL, search, NULL);
  pthread_create(&threads[1], NULL, search, NULL);
  pthread_create(&threads[2], NULL, write_records, NULL);
  for (int i = 0; i < CHILDREN; i++) {
    const pid_t pid = fork();
    if (pid == 0) {
      alarm(20); /* a lock that the parent held would hang the child */
      _exit(child());
    }
    int status = 0;
    waitpid(pid, &status, 0);
    CHECK(WIFEXITED(status), "child %d ended by signal %d", i, WTERMSIG(status));
    CHECK(!WIFEXITED(status) || WEXITSTATUS(status) == 0, "child %d failed at step %d", i, WEXITSTATUS(status));
  }
  stop = 1;
  for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
  CHECK(wrong == 0, "%d calls of the parent went wrong", wrong);
  CHECK(searches > 0 && writes > 0, "%d searches, %d writes", searches, writes);
  CHECK(count_of(shared) == RECORDS, "a child's record appeared in the parent");
  EXPECT(VDB_OK, vdb_log_set(NULL, NULL, VDB_LOG_DEBUG));
  EXPECT(VDB_OK, vdb_database_close(shared));
  free(query);
  return finish("forking");
}
