/* libpq, loaded at first need: its functions behind pointers, under their own names. */
#ifndef VDB_LIBPQ_H
#define VDB_LIBPQ_H

#include "vdb_library.h"

#include <postgresql/libpq-fe.h>

/* Each function that is used. Pipelines need libpq 14. */
#define VDB_LIBPQ_FUNCTIONS(X) \
  X(PQlibVersion) X(PQconninfoParse) X(PQconndefaults) X(PQconninfoFree) X(PQfreemem) \
  X(PQconnectStartParams) X(PQconnectPoll) X(PQconnectionNeedsPassword) X(PQfinish) \
  X(PQstatus) X(PQtransactionStatus) X(PQsocket) X(PQerrorMessage) X(PQserverVersion) \
  X(PQsetErrorVerbosity) X(PQsetNoticeProcessor) X(PQsetnonblocking) \
  X(PQenterPipelineMode) X(PQexitPipelineMode) X(PQpipelineSync) X(PQpipelineStatus) \
  X(PQsendPrepare) X(PQsendQueryPrepared) X(PQsendQueryParams) \
  X(PQflush) X(PQconsumeInput) X(PQisBusy) X(PQgetResult) X(PQclear) \
  X(PQresultStatus) X(PQresultErrorField) X(PQresultErrorMessage) X(PQcmdTuples) \
  X(PQntuples) X(PQnfields) X(PQgetvalue) X(PQgetlength) X(PQgetisnull) \
  X(PQputCopyData) X(PQputCopyEnd) X(PQgetCancel) X(PQcancel) X(PQfreeCancel)

typedef struct {
#define VDB_LIBPQ_FIELD(name) __typeof__(name) *_Nonnull name;
  VDB_LIBPQ_FUNCTIONS(VDB_LIBPQ_FIELD)
#undef VDB_LIBPQ_FIELD
} vdb_libpq;

/* Loads libpq and returns its functions, valid for ever; NULL with the reason (vdb_library.h). */
const vdb_libpq *_Nullable vdb_libpq_load(char *_Nonnull reason);

/* Has a connection throw the server's notices away instead of printing them. */
void vdb_libpq_ignore_notices(const vdb_libpq *_Nonnull libpq, PGconn *_Nonnull connection);

/* After a connection came about: whatever libpq initialises for TLS, it has initialised now (vdb_gate_close_at_exit). */
void vdb_libpq_connected(void);

#endif
