/*
 * No large call ends a process that has no memory for it: each is made in a child whose address space may grow by so much
 * and no more, from nothing to plenty, and must return VDB_OK or VDB_E_OUT_OF_MEMORY. Little allocations are another
 * matter (docs/c-api.md, "Memory exhaustion"), so the child keeps some small change.
 */
#include <sys/resource.h>
#include <sys/wait.h>

#include "support.h"

enum { RECORDS = 200000, DIMENSIONS = 4, NAMESPACES = 20000 };

static vdb_database *database, *empty, *many;
static numbered_ids ids;
static float *data;
static vdb_vectors rows;
static vdb_strings same; /* as many ids, all "0" */
static char *objects, *members, *fields, *choices;

/* `count` times a text made of `one` and a number, at most 600 bytes, between brackets. */
static char *repeated(const char *open, const char *one, const char *close, long count) {
  char *text = malloc((size_t)count * 600 + 100), *at = text;
  if (text == NULL) exit(2);
  at += sprintf(at, "%s", open);
  for (long i = 0; i < count; i++) {
    if (i > 0) *at++ = ',';
    at += sprintf(at, one, i);
  }
  sprintf(at, "%s", close);
  return text;
}

static vdb_status free_results(vdb_status status, vdb_results *results) {
  vdb_results_free(results);
  return status;
}

static vdb_status upsert(void) {
  return vdb_database_upsert(empty, &ids.strings, &rows, objects, VDB_NTS, NULL, NULL);
}
static void on_done(void *context, vdb_request *request, vdb_status status) {
  (void)request;
  *(_Atomic vdb_status *)context = status;
}
static vdb_status upsert_elsewhere(void) {
  _Atomic vdb_status ended = 1;
  vdb_request *request = NULL;
  const vdb_status status = vdb_database_upsert_async(empty, &ids.strings, &rows, objects, VDB_NTS, NULL, on_done,
                                                      (void *)&ended, &request);
  if (status != VDB_OK) return status;
  while (ended == 1) usleep(100);
  vdb_request_free(request);
  return ended;
}
static vdb_status upsert_again(void) {
  vdb_write_report *report = NULL;
  vdb_status status = vdb_database_upsert(database, &ids.strings, &rows, objects, VDB_NTS, NULL, &report);
  vdb_write_report_free(report);
  return status;
}
static vdb_status upsert_the_same(void) {
  return vdb_database_upsert(database, &same, &rows, objects, VDB_NTS, NULL, NULL);
}
static vdb_status update(void) {
  return vdb_database_update_metadata(database, &ids.strings, objects, VDB_NTS, NULL, NULL);
}
static vdb_status update_the_same(void) {
  return vdb_database_update_metadata(database, &same, objects, VDB_NTS, NULL, NULL);
}
static vdb_status update_one(void) {
  uint64_t offsets[2];
  vdb_strings id = one_id("0", offsets, 1);
  vdb_status status = vdb_database_update_metadata(database, &id, members, VDB_NTS, NULL, NULL);
  return status == VDB_E_TOO_LARGE ? VDB_OK : status;
}
static vdb_status delete_ids(void) { return vdb_database_delete(database, &ids.strings, NULL, NULL); }
static vdb_status delete_where(void) {
  return vdb_database_delete_where(database, "{\"n\":{\"$gte\":5}}", VDB_NTS, NULL, NULL);
}
static vdb_status clear(void) { return vdb_database_clear(database, NULL); }
static vdb_status get(void) {
  vdb_results *results = NULL;
  vdb_call_options call = VDB_CALL_OPTIONS_INIT;
  call.flags = VDB_INCLUDE_METADATA | VDB_INCLUDE_VECTORS;
  return free_results(vdb_database_get(database, &ids.strings, &call, &results), results);
}
static vdb_status get_nothing(void) {
  vdb_results *results = NULL;
  return free_results(vdb_database_get(empty, &ids.strings, NULL, &results), results);
}
static vdb_status search_all(void) {
  vdb_results *results = NULL;
  vdb_search_options options = VDB_SEARCH_OPTIONS_INIT;
  options.k = RECORDS;
  options.flags = VDB_INCLUDE_METADATA | VDB_INCLUDE_VECTORS;
  return free_results(vdb_database_search(database, data, DIMENSIONS, &options, &results), results);
}
static vdb_status search_batch(void) {
  vdb_results *results = NULL;
  vdb_search_options options = VDB_SEARCH_OPTIONS_INIT;
  vdb_vectors queries = rows_of(data, 300, DIMENSIONS);
  options.k = 200;
  return free_results(vdb_database_search_batch(database, &queries, &options, &results), results);
}
static vdb_status search_nothing(void) {
  vdb_results *results = NULL;
  return free_results(vdb_database_search_batch(empty, &rows, NULL, &results), results);
}
static vdb_status search_by_id(void) {
  vdb_results *results = NULL;
  vdb_search_options options = VDB_SEARCH_OPTIONS_INIT;
  options.filter = "{\"n\":{\"$gte\":5}}";
  options.filter_length = VDB_NTS;
  return free_results(vdb_database_search_by_id(database, "7", 1, &options, &results), results);
}
static vdb_status count_choices(void) {
  uint64_t count = 0;
  return vdb_database_count(database, choices, VDB_NTS, NULL, &count, NULL);
}
static vdb_status page(void) {
  vdb_results *results = NULL;
  vdb_page_options options = VDB_PAGE_OPTIONS_INIT;
  options.limit = 10000;
  options.flags = VDB_INCLUDE_METADATA | VDB_INCLUDE_VECTORS;
  return free_results(vdb_database_page(database, &options, &results), results);
}
static vdb_status open_fields(void) {
  vdb_database *opened = NULL;
  vdb_status status = vdb_database_open("o", 1, fields, VDB_NTS, NULL, &opened);
  vdb_database_close(opened);
  return status;
}
static vdb_status list_namespaces(void) {
  char *json = NULL;
  vdb_status status = vdb_database_namespaces_json(many, NULL, &json, NULL);
  vdb_string_free(json);
  return status;
}

static const struct {
  const char *name;
  vdb_status (*call)(void);
} calls[] = {
    {"upsert", upsert}, {"upsert_async", upsert_elsewhere}, {"upsert again", upsert_again}, {"upsert of one id", upsert_the_same},
    {"update_metadata", update}, {"update_metadata of one id", update_the_same}, {"update_metadata, large", update_one},
    {"delete", delete_ids}, {"delete_where", delete_where}, {"clear", clear}, {"get", get},
    {"get of missing ids", get_nothing}, {"search for all", search_all}, {"search_batch", search_batch},
    {"search_batch in nothing", search_nothing}, {"search_by_id", search_by_id}, {"count with a large filter", count_choices},
    {"page", page}, {"open with many fields", open_fields}, {"namespaces", list_namespaces},
};

/* Some hundred KiB in small pieces that the child has for what may not fail. */
static void keep_small_change(void) {
  enum { PIECES = 2000 };
  void *pieces[PIECES];
  for (int i = 0; i < PIECES; i++) pieces[i] = malloc(200);
  void *volatile last = malloc(16); /* keeps what is freed from going back to the system */
  (void)last;
  for (int i = 0; i < PIECES; i++) free(pieces[i]);
}

/* Exit status of a child that may grow by `bytes`: 0 OK, 1 out of memory, 2 anything else; 128 and more: it died. */
static int outcome(vdb_status (*call)(void), size_t bytes) {
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%ld", &pages) != 1) _exit(3);
    fclose(file);
    keep_small_change();
    const rlim_t limit = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + bytes;
    const struct rlimit bound = {limit, limit};
    if (setrlimit(RLIMIT_AS, &bound) != 0) _exit(3);
    const vdb_status status = call();
    if (status != VDB_OK && status != VDB_E_OUT_OF_MEMORY) {
      printf("%s: %s\n", vdb_status_name(status), vdb_last_error_message());
      fflush(stdout);
      _exit(2);
    }
    /* The database is whole, and can be used as before. */
    uint64_t count = 0;
    if (vdb_database_count(database, NULL, 0, NULL, &count, NULL) != VDB_OK) _exit(2);
    _exit(status == VDB_OK ? 0 : 1);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) return 3;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(void) {
#ifdef __SANITIZE_ADDRESS__
  puts("out_of_memory: left out, the address sanitizer needs its address space");
  return 0;
#endif
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  puts("out_of_memory: left out, the sanitizer needs its address space");
  return 0;
#endif
#endif
  database = open_database("{\"dimensions\":4,\"metric\":\"l2\"}");
  empty = open_database("{\"dimensions\":4,\"metric\":\"l2\"}");
  many = open_database("{\"dimensions\":4,\"metric\":\"l2\"}");
  ids = numbered(RECORDS);
  data = some_floats(RECORDS * DIMENSIONS);
  rows = rows_of(data, RECORDS, DIMENSIONS);
  char *zeros = malloc(RECORDS);
  uint64_t *offsets = malloc((RECORDS + 1) * 8);
  if (zeros == NULL || offsets == NULL) return 2;
  memset(zeros, '0', RECORDS);
  for (uint64_t i = 0; i <= RECORDS; i++) offsets[i] = i;
  same = ids.strings;
  same.bytes = zeros;
  same.offsets = offsets;
  objects = repeated("[", "{\"n\":%ld}", "]", RECORDS);
  members = repeated("[{", "\"k%ld\":1", "}]", 60000);
  fields = repeated("{\"dimensions\":4,\"fields\":{", "\"k%ld\":\"string\"", "}}", 40000);
  choices = repeated("{\"t\":{\"$in\":[", "\"%0500ld\"", "]}}", 9000);
  EXPECT(VDB_OK, vdb_database_upsert(database, &ids.strings, &rows, objects, VDB_NTS, NULL, NULL));
  for (int i = 0; i < NAMESPACES; i++) {
    char name[24];
    vdb_database *view = NULL;
    const int length = sprintf(name, "namespace %d", i);
    EXPECT(VDB_OK, vdb_database_namespace(many, name, length, &view));
    fill(view, 1, DIMENSIONS);
    EXPECT(VDB_OK, vdb_database_close(view));
  }
  for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
    int refused = 0, done = 0;
    for (size_t mib = 0; mib <= 512; mib = mib < 4 ? mib + 1 : mib * 5 / 4) {
      const int result = outcome(calls[i].call, mib << 20);
      CHECK(result <= 1, "%s with %zu MiB: %s %d", calls[i].name, mib, result >= 128 ? "ended by signal" : "exit status",
            result >= 128 ? result - 128 : result);
      if (result == 0) done++;
      if (result == 1) refused++;
    }
    CHECK(done > 0, "%s found 512 MiB too little", calls[i].name);
    printf("%-28s out of memory %2d times, done %2d times\n", calls[i].name, refused, done);
  }
  EXPECT(VDB_OK, vdb_database_close(many));
  EXPECT(VDB_OK, vdb_database_close(empty));
  EXPECT(VDB_OK, vdb_database_close(database));
  free_ids(&ids);
  free(data);
  free(zeros);
  free(offsets);
  free(objects);
  free(members);
  free(fields);
  free(choices);
  return finish("out_of_memory");
}
