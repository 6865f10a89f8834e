/* libpq without anything around it. ADDRESS: a connection string. FILE: for upsert "STATEMENT\n" and the bytes COPY takes; for
 * search the statement, whose one parameter is the query.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <arpa/inet.h>
#include <libpq-fe.h>

#include "bare.h"

static PGconn *connection;

static PGresult *expect(PGresult *result, ExecStatusType status) {
  if (PQresultStatus(result) != status) fail("postgres", PQerrorMessage(connection));
  return result;
}

static void bare_open(const char *address, const text *first) {
  connection = PQconnectdb(address);
  if (PQstatus(connection) != CONNECTION_OK) fail("postgres", PQerrorMessage(connection));
  if (strncmp(first->bytes, "SELECT", 6) == 0) {
    PQclear(expect(PQprepare(connection, "search", first->bytes, 0, NULL), PGRES_COMMAND_OK));
  }
}

static void bare_upsert(const text *body) {
  char *line = memchr(body->bytes, '\n', body->length);
  if (line == NULL) fail("postgres", "the file has no statement");
  *line = 0;
  PQclear(expect(PQexec(connection, body->bytes), PGRES_COPY_IN));
  const size_t start = (size_t)(line + 1 - body->bytes);
  for (size_t at = start; at < body->length; at += 65536) {
    const size_t piece = body->length - at < 65536 ? body->length - at : 65536;
    if (PQputCopyData(connection, body->bytes + at, (int)piece) != 1) fail("postgres", PQerrorMessage(connection));
  }
  if (PQputCopyEnd(connection, NULL) != 1) fail("postgres", PQerrorMessage(connection));
  PQclear(expect(PQgetResult(connection), PGRES_COMMAND_OK));
  PQclear(PQgetResult(connection));
}

static int bare_search(const float *query) {
  static uint32_t bytes[1 + DIMENSIONS];
  bytes[0] = htonl((uint32_t)DIMENSIONS << 16);
  for (int i = 0; i < DIMENSIONS; i++) {
    uint32_t bits;
    memcpy(&bits, &query[i], 4);
    bytes[1 + i] = htonl(bits);
  }
  const char *values[] = {(const char *)bytes};
  const int lengths[] = {sizeof bytes}, formats[] = {1};
  PGresult *result = expect(PQexecPrepared(connection, "search", 1, values, lengths, formats, 1), PGRES_TUPLES_OK);
  const int hits = PQntuples(result);
  PQclear(result);
  return hits;
}
