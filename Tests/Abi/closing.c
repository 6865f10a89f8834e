/* Closing while other threads are inside: calls inside finish, later ones get VDB_E_CLOSED, nothing is freed twice. */
#include <pthread.h>
#include <stdatomic.h>

#include "support.h"

enum { ROUNDS = 200, THREADS = 4, RECORDS = 2000, DIMENSIONS = 64 };

static vdb_database *shared;
static atomic_int inside, wrong, finished, refused;
static float *queries;

static void *search_until_closed(void *argument) {
  (void)argument;
  inside++;
  for (;;) {
    vdb_results *results = NULL;
    const vdb_status status = vdb_database_search(shared, queries, DIMENSIONS, NULL, &results);
    if (status == VDB_E_CLOSED) {
      refused++;
      return NULL;
    }
    vdb_columns columns = VDB_COLUMNS_INIT;
    if (status != VDB_OK || vdb_results_columns(results, &columns) != VDB_OK || columns.row_count != 10) wrong++;
    else finished++;
    if (vdb_results_free(results) != VDB_OK) wrong++;
  }
}

static void *close_once(void *argument) {
  atomic_int *closed = argument;
  const vdb_status status = vdb_database_close(shared);
  if (status == VDB_OK) (*closed)++;
  else if (status != VDB_E_CLOSED) wrong++;
  return NULL;
}

int main(void) {
  queries = some_floats(DIMENSIONS);
  for (int round = 0; round < ROUNDS; round++) {
    pthread_t readers[THREADS], closers[THREADS];
    atomic_int closed = 0;
    inside = 0;
    shared = open_database("{\"dimensions\":64}");
    fill(shared, round % 10 == 0 ? RECORDS : 20, DIMENSIONS);
    for (int i = 0; i < THREADS; i++) pthread_create(&readers[i], NULL, search_until_closed, NULL);
    while (inside < THREADS) usleep(50);
    for (int i = 0; i < THREADS; i++) pthread_create(&closers[i], NULL, close_once, &closed);
    for (int i = 0; i < THREADS; i++) pthread_join(closers[i], NULL);
    for (int i = 0; i < THREADS; i++) pthread_join(readers[i], NULL);
    CHECK(closed == 1, "%d of %d closers were told that they closed", closed, THREADS);
  }
  CHECK(wrong == 0, "%d calls went wrong", wrong);
  CHECK(refused == ROUNDS * THREADS, "%d threads were refused", refused);
  printf("%d searches finished while others closed\n", finished);
  free(queries);
  return finish("closing");
}
