/* The log callback: events in order on one thread, calls from within, and an end that is an end. */
#include <pthread.h>
#include <stdatomic.h>

#include "support.h"

static atomic_int events, opened, counted, other_thread, bad, running, after_clear, cleared;
/* Of a call from within the callback, after the first one. */
static atomic_int nested_status = 1;
static pthread_t log_thread;
static int marker;

static void on_event(void *context, vdb_log_level level, const char *json, size_t length) {
  running++;
  if (cleared) after_clear++;
  if (events++ == 0) log_thread = pthread_self();
  else if (!pthread_equal(log_thread, pthread_self())) other_thread++;
  if (context != &marker || level < VDB_LOG_DEBUG || level > VDB_LOG_ERROR) bad++;
  if (length < 2 || json[0] != '{' || json[length - 1] != '}') bad++;
  char *copy = malloc(length + 1);
  if (copy) {
    memcpy(copy, json, length);
    copy[length] = 0;
    if (strstr(copy, "\"database.opened\"")) {
      opened++;
      if (strstr(copy, "\"counted\"")) counted++;
    }
    if (!strstr(copy, "\"event\"") || !strstr(copy, "\"time_ms\"")) bad++;
    free(copy);
  }
  if (vdb_version_number() == 0) bad++;
  nested_status = vdb_log_set(NULL, NULL, VDB_LOG_DEBUG);
  running--;
}

static void *churn(void *name) {
  for (int i = 0; i < 300; i++) {
    vdb_database *database = NULL;
    if (vdb_database_open(name, VDB_NTS, "{\"dimensions\":3}", 16, NULL, &database) != VDB_OK) bad++;
    if (vdb_database_close(database) != VDB_OK) bad++;
  }
  return NULL;
}

int main(void) {
  pthread_t threads[3];
  EXPECT(VDB_OK, vdb_log_set(on_event, &marker, VDB_LOG_DEBUG));
  vdb_database *database = open_database("{\"dimensions\":3}");
  for (int i = 0; i < 2000 && (opened == 0 || nested_status == 1); i++) usleep(1000);
  CHECK(opened == 1, "%d events tell of the opening", opened);
  CHECK(nested_status == VDB_E_INVALID_ARGUMENT, "vdb_log_set within the callback returned %d", nested_status);
  for (int i = 0; i < 3; i++) pthread_create(&threads[i], NULL, churn, "churn");
  for (int i = 0; i < 50; i++) EXPECT(VDB_OK, vdb_log_set(on_event, &marker, VDB_LOG_DEBUG));
  for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
  /* A new callback begins with an empty queue, where the events of 300 openings and closings fit: none is dropped. */
  EXPECT(VDB_OK, vdb_log_set(on_event, &marker, VDB_LOG_DEBUG));
  churn("counted");
  for (int i = 0; i < 2000 && counted < 300; i++) usleep(1000);
  CHECK(counted == 300, "%d of 300 openings were told", counted);
  EXPECT(VDB_OK, vdb_log_set(NULL, NULL, VDB_LOG_DEBUG));
  CHECK(running == 0, "the callback was still running when clearing it had returned");
  cleared = 1;
  churn("cleared");
  usleep(50000);
  CHECK(after_clear == 0, "%d events after the callback was cleared", after_clear);
  CHECK(bad == 0, "%d malformed events or failed calls", bad);
  EXPECT(VDB_E_INVALID_ARGUMENT, vdb_log_set(on_event, NULL, 99));
  EXPECT(VDB_OK, vdb_database_close(database));
  printf("%d events, %d of them in a later thread\n", events, other_thread);
  return finish("logging");
}
