/*
 * A database that stalls holds up nobody else; what waits for it ends in time, is refused when too much does, and done runs
 * exactly once, or never after a cancel that succeeded.
 */
#include "async.h"

enum { MANY = 1000, QUEUE = 10000, THREADS = 8, ROUNDS = 2000 };

static const float query[] = {1, 0};
static const char *const stalled_options =
    "{\"dimensions\":2,\"resilience\":{\"retry\":false,\"circuit_breaker\":false,\"pool\":{\"hard_limit\":4}},"
    "\"fault_injection\":{\"stall_rate\":1}}";

static vdb_search_options within(int64_t timeout_ms, vdb_cancel_token *token) {
  vdb_search_options options = VDB_SEARCH_OPTIONS_INIT;
  options.timeout_ms = timeout_ms;
  options.cancel = token;
  return options;
}

static void submit(vdb_database *database, const vdb_search_options *options, receiver *r, vdb_request **request) {
  EXPECT(VDB_OK, vdb_database_search_async(database, query, 2, options, on_done, r, request));
}

static int threads_alive(void) {
  char line[128];
  int found = 0;
  FILE *file = fopen("/proc/self/status", "r");
  while (file && fgets(line, sizeof line, file)) sscanf(line, "Threads: %d", &found);
  if (file) fclose(file);
  return found;
}

static void others_go_on(vdb_database *stalled, receiver *receivers, vdb_request **requests) {
  vdb_database *healthy = open_database("{\"dimensions\":2}");
  receiver r = {0};
  vdb_request *request = NULL;
  const vdb_search_options options = within(-1, NULL);
  fill(healthy, 10, 2);
  for (int i = 0; i < MANY; i++) submit(stalled, &options, &receivers[i], &requests[i]);
  CHECK(threads_alive() < 20, "%d threads for a pool of 4", threads_alive());
  for (int i = 0; i < 50; i++) {
    const double start = now_ms();
    r.runs = 0;
    submit(healthy, NULL, &r, &request);
    CHECK(await(&r) && r.status == VDB_OK, "the healthy one fails: %s", vdb_status_name(r.status));
    CHECK(r.ended_at - start < 500, "the healthy one took %.1f ms", r.ended_at - start);
    EXPECT(VDB_OK, vdb_request_free(request));
  }
  EXPECT(VDB_OK, vdb_database_close(healthy));
}

/* All threads of the lane hang; what waits behind them has an end of its own. */
static void waiting_ends(vdb_database *stalled) {
  receiver late = {0}, cancelled = {0};
  vdb_request *requests[2];
  vdb_cancel_token *token = NULL;
  EXPECT(VDB_OK, vdb_cancel_token_new(&token));
  const vdb_search_options soon = within(100, NULL), named = within(-1, token);
  const double start = now_ms();
  submit(stalled, &named, &cancelled, &requests[1]);
  submit(stalled, &soon, &late, &requests[0]);
  CHECK(await(&late) && late.status == VDB_E_TIMEOUT, "ended with %s", vdb_status_name(late.status));
  CHECK(late.ended_at - start >= 99 && late.ended_at - start < 400, "100 ms took %.1f", late.ended_at - start);
  CHECK(cancelled.runs == 0, "nobody cancelled it yet");
  const double raised = now_ms();
  EXPECT(VDB_OK, vdb_cancel_token_cancel(token));
  CHECK(await(&cancelled) && cancelled.status == VDB_E_CANCELLED, "%s", vdb_status_name(cancelled.status));
  CHECK(cancelled.ended_at - raised < 200, "a cancel took %.1f ms", cancelled.ended_at - raised);
  EXPECT(VDB_E_TIMEOUT, vdb_request_status(requests[0]));
  EXPECT(VDB_E_CANCELLED, vdb_request_status(requests[1]));
  for (int i = 0; i < 2; i++) EXPECT(VDB_OK, vdb_request_free(requests[i]));
  EXPECT(VDB_OK, vdb_cancel_token_free(token));
}

static void too_many(vdb_database *stalled, receiver *counted) {
  const vdb_search_options options = within(-1, NULL);
  vdb_request **requests = calloc(QUEUE + 8, sizeof *requests);
  int taken = 0;
  vdb_status status = VDB_OK;
  while (taken < QUEUE + 8 && status == VDB_OK) {
    status = vdb_database_search_async(stalled, query, 2, &options, on_done, counted, &requests[taken]);
    taken += status == VDB_OK;
  }
  CHECK(status == VDB_E_OVERLOADED, "%d were taken, then %s", taken, vdb_status_name(status));
  CHECK(requests[taken] == NULL, "a request of a call that was refused");
  for (int i = 0; i < taken; i++) EXPECT(VDB_OK, vdb_request_cancel(requests[i]));
  for (int i = 0; i < taken; i++) EXPECT(VDB_OK, vdb_request_free(requests[i]));
  free(requests);
}

static void cancel_all(receiver *receivers, vdb_request **requests) {
  const double start = now_ms();
  for (int i = 0; i < MANY; i++) EXPECT(VDB_OK, vdb_request_cancel(requests[i]));
  CHECK(now_ms() - start < 1000, "cancelling took %.1f ms", now_ms() - start);
  EXPECT(VDB_E_CONFLICT, vdb_request_cancel(requests[0]));
  EXPECT(VDB_E_CANCELLED, vdb_request_status(requests[MANY - 1]));
  for (int i = 0; i < MANY; i++) EXPECT(VDB_OK, vdb_request_free(requests[i]));
  usleep(100000);
  for (int i = 0; i < MANY; i++) CHECK(receivers[i].runs == 0, "done ran after a cancel");
}

static vdb_database *busy;
static vdb_cancel_token *shared_token;

/* Submits, and cancels at random moments in every way there is. */
static void *race(void *argument) {
  uint64_t state = (uint64_t)(uintptr_t)argument * 2654435761u + 1, never_ran = 0;
  receiver *receivers = calloc(ROUNDS, sizeof *receivers);
  unsigned char *cancelled = calloc(ROUNDS, 1);
  vdb_request **requests = calloc(ROUNDS, sizeof *requests);
  for (int i = 0; i < ROUNDS; i++) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    const int kind = (int)(state >> 33) % 6, back = (int)(state >> 40) % 8;
    const vdb_search_options options = within(kind == 5 ? 1 : 0, kind == 4 ? shared_token : NULL);
    submit(busy, &options, &receivers[i], &requests[i]);
    const int other = i - back;
    if (kind < 3 && other >= 0 && !cancelled[other]) {
      const vdb_status status = vdb_request_cancel(requests[other]);
      CHECK(status == VDB_OK || status == VDB_E_CONFLICT, "%s", vdb_status_name(status));
      cancelled[other] = status == VDB_OK;
    }
  }
  for (int i = 0; i < ROUNDS; i++) {
    if (cancelled[i]) continue;
    CHECK(await(&receivers[i]), "request %d never ended", i);
    vdb_results *results = NULL;
    CHECK(vdb_request_take_results(requests[i], &results) == receivers[i].status, "two different ends");
    vdb_results_free(results);
  }
  usleep(50000);
  for (int i = 0; i < ROUNDS; i++) {
    CHECK(receivers[i].runs == !cancelled[i], "done ran %d times, cancelled: %d", receivers[i].runs, cancelled[i]);
    never_ran += cancelled[i];
    EXPECT(VDB_OK, vdb_request_free(requests[i]));
  }
  free(receivers), free(cancelled), free(requests);
  return (void *)(uintptr_t)never_ran;
}

static void exactly_once(void) {
  pthread_t threads[THREADS];
  uint64_t cancelled = 0;
  busy = open_database(
      "{\"dimensions\":2,\"resilience\":{\"pool\":{\"hard_limit\":3}},\"fault_injection\":{\"latency_ms\":0.05}}");
  fill(busy, 100, 2);
  EXPECT(VDB_OK, vdb_cancel_token_new(&shared_token));
  for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, race, (void *)(uintptr_t)i);
  usleep(30000);
  EXPECT(VDB_OK, vdb_cancel_token_cancel(shared_token));
  for (int i = 0; i < THREADS; i++) {
    void *result;
    pthread_join(threads[i], &result);
    cancelled += (uint64_t)(uintptr_t)result;
  }
  CHECK(cancelled > 0 && cancelled < THREADS * ROUNDS, "%llu of %d cancelled", (unsigned long long)cancelled,
        THREADS * ROUNDS);
  printf("exactly once: %d requests, %llu cancelled\n", THREADS * ROUNDS, (unsigned long long)cancelled);
  EXPECT(VDB_OK, vdb_cancel_token_free(shared_token));
  EXPECT(VDB_OK, vdb_database_close(busy));
}

int main(void) {
  receiver *receivers = calloc(MANY, sizeof *receivers);
  vdb_request **requests = calloc(MANY, sizeof *requests);
  receiver counted = {0};
  vdb_database *stalled = open_database(stalled_options);
  others_go_on(stalled, receivers, requests);
  waiting_ends(stalled);
  cancel_all(receivers, requests);
  too_many(stalled, &counted);
  EXPECT(VDB_OK, vdb_database_close(stalled));
  exactly_once();
  usleep(200000);
  CHECK(counted.runs == 0, "done ran %d times after cancels", counted.runs);
  free(receivers);
  free(requests);
  return finish("async_lanes");
}
