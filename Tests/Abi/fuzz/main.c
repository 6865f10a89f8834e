/* fuzz LIBRARY [--seed N] [--calls N] [--threads N]: see fuzz.h. Exit status 0 when every promise was kept. */
#include <dlfcn.h>
#include <ffi.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

#include "calls.inc"

void *addresses[MAX_FUNCTIONS];
atomic_ullong log_events;
static void *library;
static ffi_cif interfaces[MAX_FUNCTIONS];
static ffi_type *argument_types[MAX_FUNCTIONS][MAX_PARAMETERS];
static __thread worker *current;
static atomic_int problems_shown;

void *library_symbol(const char *name) {
  void *found = dlsym(library, name);
  if (!found) {
    fprintf(stderr, "fuzz: the library lacks %s\n", name);
    exit(2);
  }
  return found;
}

int32_t on_interrupt(void *context) {
  static _Atomic int asked;
  (void)context; /* garbage, handed back untouched */
  return asked++ % 3 == 0;
}

void on_log(void *context, vdb_log_level level, const char *event, size_t length) {
  (void)context;
  if (length > 0 && event[0] == '{' && event[length - 1] == '}' && level >= VDB_LOG_DEBUG) log_events++;
}

void problem(worker *w, const function_entry *f, const char *format, ...) {
  w->problems++;
  if (problems_shown++ >= 40) return;
  char text[512];
  va_list list;
  va_start(list, format);
  vsnprintf(text, sizeof text, format, list);
  va_end(list);
  printf("PROBLEM %s: %s (seed %llu, thread %d, call %llu)\n", f->name, text, (unsigned long long)w->seed, w->index,
         (unsigned long long)w->calls_made);
}

/* Says which call it was, then dies of the same signal. Only calls that are safe in a handler. */
static void on_crash(int number) {
  char line[256];
  const worker *w = current;
  const int n = snprintf(line, sizeof line, "CRASH signal %d in %s (seed %llu, thread %d, call %llu)\n", number,
                         w && w->function ? w->function->name : "no call", w ? (unsigned long long)w->seed : 0,
                         w ? w->index : -1, w ? (unsigned long long)w->calls_made : 0);
  if (write(STDERR_FILENO, line, (size_t)n) < 0) _exit(3);
  signal(number, SIG_DFL);
  raise(number);
}

static ffi_type *type_of(parameter_role role) {
  switch (role) {
    case ROLE_NUMBER: return &ffi_type_sint32;
    case ROLE_STRUCT_SIZE: return &ffi_type_uint32;
    case ROLE_LENGTH: return &ffi_type_uint64;
    default: return &ffi_type_pointer;
  }
}

static void prepare(void) {
  for (int i = 0; i < function_count; i++) {
    const function_entry *f = &functions[i];
    addresses[i] = library_symbol(f->name);
    for (int p = 0; p < f->parameter_count; p++) argument_types[i][p] = type_of(f->parameters[p].role);
    ffi_type *returned = f->returns == RETURNS_TEXT      ? &ffi_type_pointer
                         : f->returns == RETURNS_NOTHING ? &ffi_type_void
                                                         : &ffi_type_sint32;
    if (ffi_prep_cif(&interfaces[i], FFI_DEFAULT_ABI, (unsigned)f->parameter_count, returned, argument_types[i]) !=
        FFI_OK) {
      fprintf(stderr, "fuzz: libffi refuses %s\n", f->name);
      exit(2);
    }
  }
}

/* Writes and reads come often, what ends or empties a database seldom: else every call would meet an empty house. */
static int choose(worker *w) {
  for (;;) {
    const int i = (int)rng_below(&w->random, (uint64_t)function_count);
    const char *name = functions[i].name;
    int percent = 35;
    if (strstr(name, "upsert") || strstr(name, "search") || strstr(name, "_get") || strstr(name, "page")) percent = 100;
    if (strstr(name, "drop") || strstr(name, "clear") || strstr(name, "token_cancel")) percent = 2;
    if (strcmp(name, "vdb_database_close") == 0) percent = 25;
    if (strstr(name, "_delete") || strcmp(name, "vdb_database_namespace") == 0) percent = 8;
    if (strcmp(name, "vdb_log_set") == 0) percent = 5;
    if (rng_chance(&w->random, percent)) return i;
  }
}

/* What is called next: now and then, behind an asynchronous call, its cancel, which soon comes too late to succeed. */
static int follow(worker *w) {
  const char *last = w->function ? w->function->name : "";
  const size_t length = strlen(last);
  if (length > 6 && strcmp(last + length - 6, "_async") == 0 && rng_chance(&w->random, 10))
    for (int i = 0; i < function_count; i++)
      if (strcmp(functions[i].name, "vdb_request_cancel") == 0) return i;
  return choose(w);
}

static void *run(void *argument) {
  worker *w = argument;
  current = w;
  w->random.state = w->seed * 0x2545F4914F6CDD1Du + (uint64_t)w->index;
  w->scratch.bytes = malloc(SCRATCH_BYTES + 1);
  if (!w->scratch.bytes) exit(2);
  guarded_open(&w->memory);
  vdb_status (*last)(void) = (vdb_status(*)(void))library_symbol("vdb_last_error_status");
  for (; w->calls_made < w->calls_wanted; w->calls_made++) {
    static const int levels[] = {0, 0, 0, 8, 8, 30};
    const int i = follow(w);
    const function_entry *f = &functions[i];
    call_values c;
    void *pointers[MAX_PARAMETERS];
    union { ffi_arg wide; int32_t number; void *pointer; } returned = {0};
    w->function = f;
    w->hostility = levels[rng_below(&w->random, 6)];
    arguments_make(w, f, &c);
    for (int p = 0; p < f->parameter_count; p++) pointers[p] = &c.values[p];
    const vdb_status before = last();
    ffi_call(&interfaces[i], FFI_FN(addresses[i]), &returned, pointers);
    const int64_t value = f->returns == RETURNS_TEXT ? (int64_t)returned.pointer : returned.number;
    if (f->returns == RETURNS_STATUS && value <= 0 && value > -STATUS_SLOTS) w->counts[i][-value]++;
    else w->counts[i][0]++;
    call_check(w, f, &c, value, before);
    if (f->returns == RETURNS_STATUS) requests_note(f, (vdb_status)value);
  }
  for (int i = 0; i < 8; i++) ((void (*)(char *))library_symbol("vdb_string_free"))(w->owned[i]);
  w->function = NULL;
  free(w->scratch.bytes);
  return NULL;
}

static double resident_mib(void) {
  long pages = 0, resident = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (!file || fscanf(file, "%ld %ld", &pages, &resident) != 2) resident = 0;
  if (file) fclose(file);
  return (double)resident * (double)sysconf(_SC_PAGESIZE) / 1048576.0;
}

/* The part of a run: `threads` threads of `calls` calls altogether. Adds counts to `total`. */
static uint64_t round_of(uint64_t seed, int threads, uint64_t calls, worker *total) {
  worker *workers = calloc((size_t)threads, sizeof *workers);
  pthread_t ids[64];
  uint64_t problems = 0;
  if (!workers) exit(2);
  for (int i = 0; i < threads; i++) {
    workers[i].index = i;
    workers[i].seed = seed;
    workers[i].calls_wanted = calls / (uint64_t)threads;
    if (threads == 1) run(&workers[i]);
    else if (pthread_create(&ids[i], NULL, run, &workers[i]) != 0) exit(2);
  }
  for (int i = 0; i < threads; i++) {
    if (threads > 1) pthread_join(ids[i], NULL);
    problems += workers[i].problems;
    total->calls_made += workers[i].calls_made;
    for (int f = 0; f < function_count; f++)
      for (int s = 0; s < STATUS_SLOTS; s++) total->counts[f][s] += workers[i].counts[f][s];
  }
  current = NULL;
  free(workers);
  return problems;
}

/* These cannot succeed on the memory backend of this version: it has no secrets, no breaker and no graph. */
static int may_always_fail(const char *name) {
  return strstr(name, "set_credentials") || strstr(name, "control_breaker");
}

static int report(const worker *total) {
  int silent = 0;
  const char *(*name_of)(vdb_status) = (const char *(*)(vdb_status))library_symbol("vdb_status_name");
  for (int f = 0; f < function_count; f++) {
    printf("  %-32s", functions[f].name);
    for (int s = 0; s < STATUS_SLOTS; s++)
      if (total->counts[f][s]) printf(" %s %u", s ? name_of(-s) + 6 : "OK", total->counts[f][s]);
    printf("\n");
    if (total->counts[f][0] == 0 && !may_always_fail(functions[f].name)) {
      printf("PROBLEM %s never succeeded\n", functions[f].name);
      silent++;
    }
  }
  return silent;
}

static int leaks(void) {
  vdb_status (*live)(vdb_handle_kind, uint64_t *) =
      (vdb_status(*)(vdb_handle_kind, uint64_t *))library_symbol("vdb_live_handles");
  int found = 0;
  for (int kind = 0; kind < KIND_COUNT; kind++) {
    uint64_t count = 0;
    if (live(kind, &count) != VDB_OK || count != 0) {
      printf("PROBLEM %llu handles of kind %d live after all were closed\n", (unsigned long long)count, kind);
      found++;
    }
  }
  return found;
}

int main(int argc, char **argv) {
  uint64_t seed = (uint64_t)time(NULL), calls = 1000000, growth_mib = 64;
  int threads = 1;
  for (int i = 2; i + 1 < argc; i += 2) {
    const uint64_t value = strtoull(argv[i + 1], NULL, 10);
    if (strcmp(argv[i], "--seed") == 0) seed = value;
    else if (strcmp(argv[i], "--calls") == 0) calls = value;
    else if (strcmp(argv[i], "--threads") == 0 && value >= 1 && value <= 64) threads = (int)value;
    else if (strcmp(argv[i], "--growth-mib") == 0) growth_mib = value;
    else return 2;
  }
  if (argc < 2 || !(library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL))) {
    fprintf(stderr, "usage: fuzz LIBRARY [--seed N] [--calls N] [--threads N]\n%s\n", argc < 2 ? "" : dlerror());
    return 2;
  }
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (!getenv("FUZZ_NO_HANDLER")) {
    const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGABRT, SIGFPE, SIGTRAP};
    for (int i = 0; i < 6; i++) signal(fatal[i], on_crash);
  }
  alarm(1500); /* a call that never returns ends the test, too */
  prepare();
  printf("fuzz: seed %llu, %llu calls, %d thread%s\n", (unsigned long long)seed, (unsigned long long)calls, threads,
         threads == 1 ? "" : "s");
  worker *total = calloc(1, sizeof *total);
  if (!total) return 2;
  struct timespec start, end;
  clock_gettime(CLOCK_MONOTONIC, &start);
  uint64_t problems = round_of(seed, threads, calls / 4, total);
  const double early = resident_mib();
  problems += round_of(seed + 1, threads, calls - calls / 4, total);
  clock_gettime(CLOCK_MONOTONIC, &end);
  ((vdb_status(*)(vdb_log_callback, void *, vdb_log_level))library_symbol("vdb_log_set"))(NULL, NULL, 0);
  problems += (uint64_t)requests_finish();
  problems += (uint64_t)pool_close_all();
  const double late = resident_mib();
  problems += (uint64_t)report(total) + (uint64_t)leaks();
  if (late > early + (double)growth_mib) {
    printf("PROBLEM memory grew from %.1f to %.1f MiB\n", early, late);
    problems++;
  }
  const double seconds = (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9;
  printf("fuzz: %llu calls of %d functions in %.1f s, %llu log events, resident %.1f then %.1f MiB, %llu problems\n",
         (unsigned long long)total->calls_made, function_count, seconds, (unsigned long long)log_events, early, late,
         (unsigned long long)problems);
  free(total);
  return problems == 0 ? 0 : 1;
}
