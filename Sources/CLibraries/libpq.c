#include "vdb_libpq.h"

#include <stddef.h>

#include "CSupport.h"

static vdb_libpq libpq;

#define SYMBOL(name) {#name, (void **)&libpq.name},
static const vdb_library_symbol symbols[] = {VDB_LIBPQ_FUNCTIONS(SYMBOL)};

static vdb_library library = {
    .file = "libpq.so.5",
    .package = "libpq5",
    .symbols = symbols,
    .count = sizeof symbols / sizeof symbols[0],
};

const vdb_libpq *vdb_libpq_load(char *reason) { return vdb_library_load(&library, reason) == 0 ? &libpq : NULL; }

void vdb_libpq_connected(void) {
  static int is_known;
  if (!__atomic_exchange_n(&is_known, 1, __ATOMIC_RELAXED)) vdb_gate_close_at_exit();
}

static void ignore(void *context, const char *message) { (void)context, (void)message; }

void vdb_libpq_ignore_notices(const vdb_libpq *functions, PGconn *connection) {
  functions->PQsetNoticeProcessor(connection, ignore, NULL);
}
