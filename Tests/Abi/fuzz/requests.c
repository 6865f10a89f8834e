/* Asynchronous calls: each ends in done exactly once, or in a cancel that succeeded. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"

enum { MOST_UNDER_WAY = 500 };

static atomic_ullong queued, told, cancelled, problems;

static void complain(const char *what, vdb_status status) {
  problems++;
  printf("PROBLEM done: %s (status %d)\n", what, status);
}

/* What a host does that keeps nothing: takes the answer, whatever it is, and frees the request. */
static void take_and_free(vdb_request *request) {
  typedef vdb_status (*take)(vdb_request *, uint64_t *);
  typedef vdb_status (*give)(uint64_t);
  static const char *const names[][2] = {{"vdb_request_take_results", "vdb_results_free"},
                                         {"vdb_request_take_report", "vdb_write_report_free"},
                                         {"vdb_request_take_database", "vdb_database_close"}};
  for (int i = 0; i < 3; i++) {
    uint64_t taken = 0;
    ((take)library_symbol(names[i][0]))(request, &taken);
    if (taken) ((give)library_symbol(names[i][1]))(taken);
  }
  ((vdb_status(*)(vdb_request *))library_symbol("vdb_request_free"))(request);
}

void on_done(void *context, vdb_request *request, vdb_status status) {
  const vdb_status last = ((vdb_status(*)(void))library_symbol("vdb_last_error_status"))();
  if (status > 0) complain("no status", status);
  if (status != VDB_OK && last != status) complain("the failure is not the last error", status);
  if (status == VDB_E_INTERNAL) complain("a defect", status);
  if ((uint64_t)context & 1) take_and_free(request);
  told++;
}

/* Counts of different moments: what is under way may look like less than it is, never like more for long. */
static unsigned long long under_way(void) {
  const unsigned long long ended = told + cancelled, all = queued;
  return all > ended ? all - ended : 0;
}

void requests_note(const function_entry *f, vdb_status status) {
  const size_t length = strlen(f->name);
  if (status != VDB_OK) return;
  if (length > 6 && strcmp(f->name + length - 6, "_async") == 0) queued++;
  if (strcmp(f->name, "vdb_request_cancel") == 0) cancelled++;
  while (under_way() > MOST_UNDER_WAY) usleep(100);
}

int requests_finish(void) {
  for (int turn = 0; turn < 10000 && under_way() > 0; turn++) usleep(1000);
  usleep(100000);
  if (told + cancelled != queued) {
    printf("PROBLEM %llu requests: %llu told, %llu cancelled\n", (unsigned long long)queued, (unsigned long long)told,
           (unsigned long long)cancelled);
    problems++;
  }
  printf("fuzz: %llu requests, %llu told, %llu cancelled\n", (unsigned long long)queued, (unsigned long long)told,
         (unsigned long long)cancelled);
  return (int)problems;
}
