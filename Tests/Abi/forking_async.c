/*
 * Asynchronous calls and processes: a child starts with empty lanes and new calls work in it; the requests of its parent
 * never end there; a process ends cleanly while calls are under way; done may fork.
 */
#include <sys/wait.h>

#include "async.h"

static const float query[] = {1, 0};
static vdb_database *healthy, *stalled;
static receiver pending[32];
static vdb_request *requests[32];

static int is_answered(vdb_database *database) {
  receiver r = {0};
  vdb_request *request = NULL;
  vdb_results *results = NULL;
  if (vdb_database_search_async(database, query, 2, NULL, on_done, &r, &request) != VDB_OK) return 0;
  if (!await(&r) || r.status != VDB_OK || vdb_request_take_results(request, &results) != VDB_OK) return 0;
  return vdb_results_free(results) == VDB_OK && vdb_request_free(request) == VDB_OK;
}

static int in_child(void) {
  for (int i = 0; i < 3; i++)
    if (!is_answered(healthy)) return 1;
  /* A call of this process waits for nothing that the parent left in the lane. */
  receiver own = {0};
  vdb_search_options options = VDB_SEARCH_OPTIONS_INIT;
  options.timeout_ms = 50;
  if (vdb_database_search_async(stalled, query, 2, &options, on_done, &own, NULL) != VDB_OK) return 2;
  if (!await(&own) || own.status != VDB_E_TIMEOUT || vdb_request_free(own.handle) != VDB_OK) return 3;
  for (int i = 0; i < 32; i++) {
    if (pending[i].runs != 0 || vdb_request_status(requests[i]) != VDB_E_INVALID_ARGUMENT) return 4;
    if (vdb_request_cancel(requests[i]) != VDB_OK || vdb_request_free(requests[i]) != VDB_OK) return 5;
  }
  if (vdb_database_close(stalled) != VDB_OK || vdb_database_close(healthy) != VDB_OK) return 6;
  return 0;
}

static void check_child(pid_t pid, const char *what) {
  int status = 0;
  waitpid(pid, &status, 0);
  CHECK(WIFEXITED(status), "%s: ended by signal %d", what, WTERMSIG(status));
  CHECK(!WIFEXITED(status) || WEXITSTATUS(status) == 0, "%s: failed at step %d", what, WEXITSTATUS(status));
}

static _Atomic pid_t forked;

static void fork_in_done(void *context, vdb_request *request, vdb_status status) {
  (void)status;
  const pid_t pid = fork();
  if (pid == 0) {
    alarm(20);
    _exit(vdb_request_free(request) == VDB_OK && is_answered(healthy) ? 0 : 1);
  }
  forked = pid;
  on_done(context, request, status);
}

/* Ends while every thread of a lane is inside a call and more calls come. */
static void *submit_for_ever(void *unused) {
  static receiver ignored;
  (void)unused;
  for (;;) vdb_database_search_async(healthy, query, 2, NULL, on_done, &ignored, NULL);
  return NULL;
}

int main(void) {
  healthy = open_database("{\"dimensions\":2}");
  stalled = open_database("{\"dimensions\":2,\"fault_injection\":{\"stall_rate\":1}}");
  vdb_search_options options = VDB_SEARCH_OPTIONS_INIT;
  options.timeout_ms = -1;
  CHECK(is_answered(healthy), "not even in the parent");
  for (int i = 0; i < 32; i++)
    EXPECT(VDB_OK, vdb_database_search_async(stalled, query, 2, &options, on_done, &pending[i], &requests[i]));
  for (int i = 0; i < 20; i++) {
    const pid_t pid = fork();
    if (pid == 0) {
      alarm(20);
      _exit(in_child());
    }
    check_child(pid, "child");
  }
  receiver r = {0};
  EXPECT(VDB_OK, vdb_database_flush_async(healthy, NULL, fork_in_done, &r, NULL));
  CHECK(await(&r), "a done that forks never came back");
  check_child(forked, "child of done");
  EXPECT(VDB_OK, vdb_request_free(r.handle));
  for (int i = 0; i < 20; i++) {
    const pid_t pid = fork();
    if (pid == 0) {
      pthread_t thread;
      alarm(20);
      pthread_create(&thread, NULL, submit_for_ever, NULL);
      usleep(5000 + 500 * (useconds_t)i);
      exit(0); /* with everything that runs at exit */
    }
    check_child(pid, "exit");
  }
  CHECK(is_answered(healthy), "the parent was harmed");
  for (int i = 0; i < 32; i++) {
    EXPECT(VDB_OK, vdb_request_cancel(requests[i]));
    EXPECT(VDB_OK, vdb_request_free(requests[i]));
    CHECK(pending[i].runs == 0, "done ran in the parent");
  }
  EXPECT(VDB_OK, vdb_database_close(stalled));
  EXPECT(VDB_OK, vdb_database_close(healthy));
  return finish("forking_async");
}
