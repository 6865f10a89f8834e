/* hiredis without anything around it. ADDRESS: host:port. FILE: for upsert commands as they go over the wire, whose first line is
 * their number; for search "INDEX\nQUERY", the query with $K and $B as parameters.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <hiredis/hiredis.h>
#include <unistd.h>

#include "bare.h"

static redisContext *context;
static const char *search_index, *search_query;

static void bare_open(const char *address, const text *first) {
  char host[256];
  const char *colon = strrchr(address, ':');
  if (colon == NULL) fail(address, "is no host:port");
  snprintf(host, sizeof host, "%.*s", (int)(colon - address), address);
  context = redisConnect(host, atoi(colon + 1));
  if (context == NULL || context->err) fail("redis", context ? context->errstr : "no memory");
  redisEnableKeepAlive(context);
  search_index = strdup(first->bytes);
  char *line = strchr(search_index, '\n');
  if (line) *line = 0;
  search_query = line ? line + 1 : "";
}

static void read_replies(long count) {
  for (long i = 0; i < count; i++) {
    redisReply *reply = NULL;
    if (redisGetReply(context, (void **)&reply) != REDIS_OK) fail("redis", context->errstr);
    if (reply->type == REDIS_REPLY_ERROR) fail("redis", reply->str);
    freeReplyObject(reply);
  }
}

static void bare_upsert(const text *body) {
  char *line = memchr(body->bytes, '\n', body->length);
  if (line == NULL) fail("redis", "the file has no number of commands");
  const long commands = atol(body->bytes);
  for (const char *at = line + 1, *end = body->bytes + body->length; at < end;) {
    const ssize_t sent = write(context->fd, at, (size_t)(end - at));
    if (sent <= 0) fail("redis", "the connection broke");
    at += sent;
  }
  read_replies(commands);
}

static int bare_search(const float *query) {
  const char *arguments[] = {"FT.SEARCH", search_index, search_query, "PARAMS", "4",       "K",    "10", "B",
                             (const char *)query, "SORTBY", "__d", "ASC", "RETURN", "2", "__d", "_vdb_meta", "LIMIT", "0", "10",
                             "DIALECT", "2"};
  size_t lengths[sizeof arguments / sizeof *arguments];
  const int count = sizeof arguments / sizeof *arguments;
  for (int i = 0; i < count; i++) lengths[i] = i == 8 ? DIMENSIONS * sizeof(float) : strlen(arguments[i]);
  redisReply *reply = redisCommandArgv(context, count, arguments, lengths);
  if (reply == NULL) fail("redis", context->errstr);
  if (reply->type != REDIS_REPLY_ARRAY) fail("redis", reply->str);
  const int hits = (int)(reply->elements / 2);
  freeReplyObject(reply);
  return hits;
}
