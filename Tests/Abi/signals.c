/*
 * The library leaves signals to the host, whatever the environment asks the Swift runtime for: the program runs itself with
 * and without SWIFT_BACKTRACE and compares which signals are caught before and after the library is used.
 */
#include <sys/wait.h>

#include "support.h"

/* The signals that have a handler, a bit each; without 32 and 33, which belong to the C library's threads. */
static unsigned long long caught(void) {
  FILE *file = fopen("/proc/self/status", "r");
  unsigned long long signals = ~0ull;
  char line[200];
  while (file != NULL && fgets(line, sizeof line, file) != NULL) sscanf(line, "SigCgt: %llx", &signals);
  if (file != NULL) fclose(file);
  return signals & ~(3ull << 31);
}

/* Uses the library and says what is caught before and after. */
static int use(void) {
  const unsigned long long before = caught();
  vdb_database *database = open_database("{\"dimensions\":64}");
  float *query = some_floats(64);
  vdb_results *results = NULL;
  fill(database, 50000, 64); /* enough work for more than one thread */
  EXPECT(VDB_OK, vdb_database_search(database, query, 64, NULL, &results));
  EXPECT(VDB_OK, vdb_results_free(results));
  EXPECT(VDB_OK, vdb_database_close(database));
  free(query);
  const unsigned long long after = caught();
  CHECK(before == after, "using the library changed what is caught from %llx to %llx", before, after);
  printf("caught: %llx\n", after);
  return checks_failed;
}

/* What this program prints when it is run with a setting of SWIFT_BACKTRACE, NULL = none. */
static void run(const char *program, const char *setting, char *output, size_t size) {
  int ends[2];
  memset(output, 0, size);
  if (pipe(ends) != 0) exit(2);
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], 1);
    dup2(ends[1], 2);
    if (setting != NULL) setenv("SWIFT_BACKTRACE", setting, 1);
    else unsetenv("SWIFT_BACKTRACE");
    execl(program, program, "use", (char *)NULL);
    _exit(3);
  }
  close(ends[1]);
  size_t length = 0;
  for (ssize_t got; length + 1 < size && (got = read(ends[0], output + length, size - length - 1)) > 0;)
    length += (size_t)got;
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(status == 0, "with %s it ended with %d: %s", setting ? setting : "nothing", status, output);
}

int main(int argc, char **argv) {
  if (argc > 1) return use();
  static const char *const settings[] = {
      "enable=yes", "enable=tty", "enable=yes,interactive=yes,swift-backtrace=/bin/false", "enable=no", "nonsense"};
  char wanted[400], got[400];
  (void)argv;
  run("/proc/self/exe", NULL, wanted, sizeof wanted);
  for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
    run("/proc/self/exe", settings[i], got, sizeof got);
    CHECK(strcmp(got, wanted) == 0, "SWIFT_BACKTRACE=%s: %s, without: %s", settings[i], got, wanted);
  }
  return finish("signals");
}
