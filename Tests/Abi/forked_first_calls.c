/*
 * The first calls of all are made by two threads at once, in a forked child: the Swift runtime makes each type and global at
 * its first use under a lock that knows its owner by the number of the thread, which is another one in the child.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "support.h"

enum { CHILDREN = 200, RECORDS = 500, DIMENSIONS = 4 };

static vdb_database *shared;
static atomic_int ready, wrong;

static void first_calls(void) {
  static const float query[DIMENSIONS] = {1, 2, 3, 4};
  vdb_results *results = NULL;
  vdb_search_options options = VDB_SEARCH_OPTIONS_INIT;
  uint64_t count = 0;
  char *json = NULL;
  options.filter = "{\"$or\":[{\"n\":{\"$gte\":5}},{\"s\":{\"$in\":[\"a\",\"b\"]}}]}";
  options.filter_length = VDB_NTS;
  if (vdb_database_search(shared, query, DIMENSIONS, &options, &results) != VDB_OK) wrong++;
  vdb_results_free(results);
  if (vdb_database_count(shared, options.filter, VDB_NTS, NULL, &count, NULL) != VDB_OK || count != RECORDS) wrong++;
  if (vdb_database_search_by_id(shared, "7", 1, NULL, &results) != VDB_OK) wrong++;
  vdb_results_free(results);
  if (vdb_database_metrics_json(shared, &json, NULL) != VDB_OK) wrong++;
  vdb_string_free(json);
}

static void *at_once(void *argument) {
  (void)argument;
  ready++;
  while (ready < 2) {
  }
  first_calls();
  return NULL;
}

static int child(void) {
  pthread_t other;
  if (pthread_create(&other, NULL, at_once, NULL) != 0) return 2;
  at_once(NULL);
  pthread_join(other, NULL);
  return wrong == 0 ? 0 : 1;
}

int main(void) {
  shared = open_database("{\"dimensions\":4,\"metric\":\"l2\",\"threads\":2}");
  numbered_ids ids = numbered(RECORDS);
  float *data = some_floats(RECORDS * DIMENSIONS);
  const vdb_vectors rows = rows_of(data, RECORDS, DIMENSIONS);
  char *objects = malloc(RECORDS * 24), *at = objects;
  if (objects == NULL) return 2;
  for (int i = 0; i < RECORDS; i++) at += sprintf(at, "%c{\"n\":%d,\"s\":\"a\"}", i == 0 ? '[' : ',', i);
  sprintf(at, "]");
  EXPECT(VDB_OK, vdb_database_upsert(shared, &ids.strings, &rows, objects, VDB_NTS, NULL, NULL));
  for (int i = 0; i < CHILDREN; i++) {
    const pid_t pid = fork();
    if (pid == 0) {
      alarm(20);
      _exit(child());
    }
    int status = 0;
    waitpid(pid, &status, 0);
    CHECK(WIFEXITED(status), "child %d ended by signal %d", i, WTERMSIG(status));
    CHECK(!WIFEXITED(status) || WEXITSTATUS(status) == 0, "child %d: exit status %d", i, WEXITSTATUS(status));
  }
  EXPECT(VDB_OK, vdb_database_close(shared));
  free(objects);
  free(data);
  free_ids(&ids);
  return finish("forked_first_calls");
}
