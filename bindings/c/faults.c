/* Rehearses a backend in trouble on the memory backend: repeated attempts, an open circuit, the cache, and everything
 * one can observe of them. The faults come from a seed, so every run prints the same.
 *
 *   cc faults.c $(pkg-config --cflags --libs vectordb) -lpthread -o faults && ./faults
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vectordb.h>

/* Ends the program with the library's own sentence about what went wrong. */
static void check(vdb_status status) {
  if (status == VDB_OK) return;
  fprintf(stderr, "%s: %s\n", vdb_status_name(status), vdb_last_error_message());
  exit(EXIT_FAILURE);
}

/* ---- events: counted by name ------------------------------------------------------------------------------------ */

static const char *const names[] = {"attempt.started", "attempt.failed",          "attempt.retried", "retry.refused",
                                    "fault.injected",  "circuit_breaker.changed", "cache.hit",       "call.failed",
                                    "database.closed"};
enum { NAMES = sizeof names / sizeof *names, CLOSED = NAMES - 1 };
static struct {
  pthread_mutex_t lock;
  pthread_cond_t came;
  int counts[NAMES];
} events = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, {0}};

/* Runs on a thread of the library. */
static void on_event(void *context, vdb_log_level level, const char *json, size_t length) {
  (void)context, (void)level, (void)length;
  static const char start[] = "{\"event\":\"";
  pthread_mutex_lock(&events.lock);
  for (int i = 0; i < NAMES; i++) {
    const char *name = json + sizeof start - 1;
    if (strncmp(name, names[i], strlen(names[i])) == 0 && name[strlen(names[i])] == '"') events.counts[i]++;
  }
  pthread_cond_signal(&events.came);
  pthread_mutex_unlock(&events.lock);
}

/* ---- JSON: a program of some size has a parser ------------------------------------------------------------------ */

/* Prints `key` and what follows it in a document of the library, up to the next comma or bracket, and frees it. */
static void show(const char *what, vdb_status status, char *json, const char *key) {
  check(status);
  const char *found = strstr(json, key);
  size_t length = found == NULL ? 0 : strlen(key) + strcspn(found + strlen(key), ",}\n");
  printf("%-32s %.*s\n", what, (int)length, found == NULL ? "" : found);
  vdb_string_free(json);
}

/* A search near (x, 0). Prints how often it was sent with a line of what it is. */
static vdb_status search(vdb_database *database, float x, const char *what) {
  const float query[] = {x, 0};
  vdb_results *results;
  vdb_status status = vdb_database_search(database, query, 2, NULL, &results);
  char *json = NULL;
  if (status == VDB_OK && what) {
    vdb_status told = vdb_results_info_json(results, &json, NULL);
    show(what, told, json, "\"cached\":");
  }
  vdb_results_free(results);
  return status;
}

static void shaky(void) {
  static const char options[] =
      "{\"dimensions\": 2, \"metric\": \"l2\", \"cache\": true,"
      " \"fault_injection\": {\"seed\": 42, \"error_rate\": 0.3}, \"resilience\": {\"retry\": {\"base_delay\": 0}}}";
  vdb_database *database;
  check(vdb_database_open("shaky", VDB_NTS, options, VDB_NTS, NULL, &database));
  for (int n = 0; n < 100; n++) check(search(database, (float)n, NULL));
  check(search(database, 0, "the same question again"));
  char *json;
  vdb_status status = vdb_database_metrics_json(database, &json, NULL);
  show("all calls go well", status, json, "\"success_rate\":");
  status = vdb_database_metrics_json(database, &json, NULL);
  show("though requests are repeated", status, json, "\"attempts\":");
  status = vdb_database_cache_stats_json(database, &json, NULL);
  show("the cache", status, json, "\"hits\":");
  check(vdb_database_reset_metrics(database));
  status = vdb_database_metrics_json(database, &json, NULL);
  show("counts begin anew", status, json, "\"total_requests\":");
  check(vdb_database_close(database));
}

static void dead(void) {
  static const char options[] =
      "{\"dimensions\": 2, \"metric\": \"l2\", \"fault_injection\": {\"unreachable_rate\": 1},"
      " \"resilience\": {\"retry\": {\"base_delay\": 0},"
      " \"circuit_breaker\": {\"consecutive_failures\": 10, \"consecutive_duration\": 0}}}";
  vdb_database *database;
  check(vdb_database_open("dead", VDB_NTS, options, VDB_NTS, NULL, &database));
  for (int n = 0; n < 3; n++) {
    printf("%-32s %s\n", "a search of a dead backend", vdb_status_name(search(database, 0, NULL)));
  }
  char *json;
  vdb_status status = vdb_last_error_json(&json, NULL);
  show("its error", status, json, "\"operation\":");
  vdb_breaker_state state;
  check(vdb_database_breaker_state(database, &state));
  int32_t healthy;
  check(vdb_database_healthy(database, &healthy));
  printf("%-32s %s, %s\n", "the circuit and the health", state == VDB_BREAKER_OPEN ? "open" : "not open",
         healthy ? "healthy" : "not healthy");
  status = vdb_database_health_json(database, NULL, &json, NULL);
  show("because", status, json, "\"reason\":");
  vdb_call_options probe = VDB_CALL_OPTIONS_INIT;
  probe.flags = VDB_PROBE;
  status = vdb_database_health_json(database, &probe, &json, NULL);
  show("asked itself, the backend is", status, json, "\"probe\":");
  status = vdb_prometheus_text(&json, NULL);
  show("Prometheus is told", status, json, "vectordb_attempts_total{database=\"dead\",backend=\"memory\"}");
  check(vdb_database_control_breaker(database, VDB_BREAKER_AUTOMATIC));
  check(vdb_database_close(database));
}

int main(void) {
  check(vdb_log_set(on_event, NULL, VDB_LOG_DEBUG));
  shaky();
  dead();
  /* Events come in order: behind those of the second closing there are none. */
  pthread_mutex_lock(&events.lock);
  while (events.counts[CLOSED] < 2) pthread_cond_wait(&events.came, &events.lock);
  pthread_mutex_unlock(&events.lock);
  check(vdb_log_set(NULL, NULL, VDB_LOG_DEBUG));
  for (int i = 0; i < NAMES; i++) printf("event %-26s %d\n", names[i], events.counts[i]);
  return EXIT_SUCCESS;
}
