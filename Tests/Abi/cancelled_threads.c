/*
 * A thread that pthread_cancel ends does so after its call, never within: unwinding through the library would leave locks
 * taken and memory lost. Each kind of call is made by a thread that is to end at its first cancellation point.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "support.h"

enum { RECORDS = 20000, DIMENSIONS = 64 };

static vdb_database *database;
static float *numbers;
static atomic_int returned, callbacks;
static const char *const metadata = "[{\"kind\": \"a\"}]";

/* What follows a read. */
static vdb_status finish_read(vdb_status status, vdb_results **results) {
  vdb_columns columns = VDB_COLUMNS_INIT;
  if (status == VDB_OK) status = vdb_results_columns(*results, &columns);
  vdb_results_free(*results);
  return status;
}

static vdb_status open_and_close(void) {
  vdb_database *own = NULL;
  const vdb_status status = vdb_database_open("own", 3, "{\"dimensions\":64}", VDB_NTS, NULL, &own);
  vdb_database_close(own);
  return status;
}

static vdb_status look_at_namespace(void) {
  vdb_database *view = NULL;
  const vdb_status status = vdb_database_namespace(database, "other", 5, &view);
  vdb_database_close(view);
  return status;
}

static vdb_status upsert(void) {
  uint64_t offsets[2];
  const vdb_strings ids = one_id("0", offsets, 1);
  const vdb_vectors rows = rows_of(numbers, 1, DIMENSIONS);
  return vdb_database_upsert(database, &ids, &rows, metadata, VDB_NTS, NULL, NULL);
}

static vdb_status update_metadata(void) {
  uint64_t offsets[2];
  const vdb_strings ids = one_id("0", offsets, 1);
  return vdb_database_update_metadata(database, &ids, metadata, VDB_NTS, NULL, NULL);
}

static vdb_status delete_one(void) {
  uint64_t offsets[2];
  const vdb_strings ids = one_id("absent", offsets, 6);
  return vdb_database_delete(database, &ids, NULL, NULL);
}

static vdb_status delete_where(void) {
  return vdb_database_delete_where(database, "{\"kind\": \"b\"}", VDB_NTS, NULL, NULL);
}

static vdb_status search(void) {
  vdb_results *results = NULL;
  return finish_read(vdb_database_search(database, numbers, DIMENSIONS, NULL, &results), &results);
}

/* Large enough for the threads of the library. */
static vdb_status search_batch(void) {
  vdb_results *results = NULL;
  const vdb_vectors queries = rows_of(numbers, 300, DIMENSIONS);
  return finish_read(vdb_database_search_batch(database, &queries, NULL, &results), &results);
}

static vdb_status get(void) {
  uint64_t offsets[2];
  vdb_results *results = NULL;
  const vdb_strings ids = one_id("7", offsets, 1);
  return finish_read(vdb_database_get(database, &ids, NULL, &results), &results);
}

static vdb_status page(void) {
  vdb_results *results = NULL;
  return finish_read(vdb_database_page(database, NULL, &results), &results);
}

static vdb_status count(void) {
  uint64_t all = 0;
  return vdb_database_count(database, "{\"kind\": \"a\"}", VDB_NTS, NULL, &all, NULL);
}

static vdb_status health(void) {
  char *json = NULL;
  const vdb_status status = vdb_database_health_json(database, NULL, &json, NULL);
  vdb_string_free(json);
  return status;
}

static void slow_callback(void *context, vdb_log_level level, const char *event, size_t length) {
  (void)context, (void)level, (void)event, (void)length;
  callbacks++;
  usleep(20000);
}

/* Waits for the callback before: the event is still on its way. */
static vdb_status change_log(void) {
  const vdb_status status = vdb_log_set(slow_callback, NULL, VDB_LOG_DEBUG);
  open_and_close();
  const int before = callbacks;
  for (int i = 0; i < 2000 && callbacks == before; i++) sched_yield();
  const vdb_status cleared = vdb_log_set(NULL, NULL, VDB_LOG_DEBUG);
  return status == VDB_OK ? cleared : status;
}

static vdb_status fail(void) { return vdb_database_search(database, NULL, 0, NULL, NULL) == VDB_OK ? -1 : VDB_OK; }

static const struct kind {
  const char *name;
  vdb_status (*call)(void);
} kinds[] = {
    {"open", open_and_close}, {"namespace", look_at_namespace}, {"upsert", upsert},
    {"update_metadata", update_metadata}, {"delete", delete_one}, {"delete_where", delete_where}, {"search", search},
    {"search_batch", search_batch}, {"get", get}, {"page", page}, {"count", count}, {"health", health},
    {"log_set", change_log}, {"an error", fail},
};

static void *cancelled(void *argument) {
  const struct kind *kind = argument;
  pthread_cancel(pthread_self());
  if (kind->call() == VDB_OK) returned++;
  pthread_testcancel();
  return NULL;
}

int main(void) {
  alarm(60); /* a lock that a thread took along would hang the rest */
  numbers = some_floats(300 * DIMENSIONS);
  database = open_database("{\"dimensions\":64,\"threads\":2}");
  fill(database, RECORDS, DIMENSIONS);
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    for (int round = 0; round < 5; round++) {
      pthread_t thread;
      void *end = NULL;
      returned = 0;
      pthread_create(&thread, NULL, cancelled, (void *)&kinds[i]);
      pthread_join(thread, &end);
      CHECK(end == PTHREAD_CANCELED, "%s: the thread was not cancelled", kinds[i].name);
      CHECK(returned == 1, "%s: cancelled within the call, or failed", kinds[i].name);
    }
    EXPECT(VDB_OK, kinds[i].call());
  }
  EXPECT(VDB_OK, vdb_database_close(database));
  free(numbers);
  return finish("cancelled_threads");
}
