/*
 * The host has used up the thread keys of the process before the library is loaded: calls work, failures have a status, and
 * nobody's keys are touched.
 */
#include <pthread.h>

#include "support.h"

static const char not_ours[] = "a value of the host";
static pthread_key_t keys[4096];
static int taken;

/* Runs before the initialisers of any library. */
static void take_all_keys(void) {
  while (taken < 4096 && pthread_key_create(&keys[taken], NULL) == 0) pthread_setspecific(keys[taken++], not_ours);
}
__attribute__((section(".preinit_array"), used)) static void (*const first)(void) = take_all_keys;

static void *in_a_thread(void *database) {
  uint64_t count = 1;
  CHECK(vdb_database_count(database, "nonsense", VDB_NTS, NULL, &count, NULL) == VDB_E_INVALID_JSON, "wrong status");
  CHECK(vdb_database_count(database, NULL, 0, NULL, &count, NULL) == VDB_OK && count == 10, "%d", (int)count);
  return NULL;
}

int main(void) {
  pthread_t thread;
  pthread_key_t another;
  CHECK(taken > 100 && pthread_key_create(&another, NULL) != 0, "%d keys taken, and there are more", taken);
  vdb_database *database = open_database("{\"dimensions\":4}");
  fill(database, 10, 4);
  EXPECT(VDB_E_INVALID_HANDLE, vdb_cancel_token_cancel(NULL));
  CHECK(strcmp(vdb_last_error_message(), "") == 0, "there is no place for a message");
  pthread_create(&thread, NULL, in_a_thread, database);
  pthread_join(thread, NULL);
  in_a_thread(database);
  EXPECT(VDB_OK, vdb_database_close(database));
  for (int i = 0; i < taken; i++) {
    CHECK(pthread_getspecific(keys[i]) == not_ours, "key %d of the host was changed", i);
  }
  return finish("full_key_table");
}
