/*
 * Ends the process while calls are under way on threads of the library, some milliseconds after they began:
 *
 *   exiting NAME OPTIONS MICROSECONDS     OPTIONS: those of vdb_database_open, an object in JSON
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "vectordb.h"

enum { DIMENSIONS = 4, AT_ONCE = 8 };

static vdb_database *database;

static void done(void *context, vdb_request *request, vdb_status status);

static void search(void) {
  static const float query[DIMENSIONS] = {1, 2, 3, 4};
  vdb_search_options options = VDB_SEARCH_OPTIONS_INIT;
  vdb_request *request = NULL;
  vdb_database_search_async(database, query, DIMENSIONS, &options, done, NULL, &request);
}

/* One call behind the other, so that some are always under way. */
static void done(void *context, vdb_request *request, vdb_status status) {
  (void)context, (void)status;
  vdb_request_free(request);
  search();
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  if (vdb_database_open(argv[1], VDB_NTS, argv[2], VDB_NTS, NULL, &database) != VDB_OK) {
    fprintf(stderr, "%s\n", vdb_last_error_message());
    return 3;
  }
  for (int i = 0; i < AT_ONCE; i++) search();
  usleep((useconds_t)atoi(argv[3]));
  exit(0);
}
