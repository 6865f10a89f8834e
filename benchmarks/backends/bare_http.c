/* libcurl without anything around it: each file is the body of one POST over a kept connection. ADDRESS: "URL [h2] [HEADER: VALUE]...",
 * separated by "|". FILE: for upsert a body each; for search bodies one after the other, each behind its length in
 * four bytes (little-endian), used in turn from the middle on whatever the query.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <curl/curl.h>

#include "bare.h"

static CURL *handle;
static text bodies;
static size_t next_body;
static int is_http2;

static size_t count_bytes(char *bytes, size_t size, size_t count, void *total) {
  (void)bytes;
  *(size_t *)total += size * count;
  return size * count;
}

static void bare_open(const char *address, const text *first) {
  handle = curl_easy_init();
  struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
  char *copy = strdup(address), *rest = copy, *part;
  for (int i = 0; (part = strsep(&rest, "|")) != NULL; i++) {
    if (i == 0) {
      curl_easy_setopt(handle, CURLOPT_URL, part);
    } else if (strcmp(part, "h2") == 0) {
      curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE);
      is_http2 = 1;
    } else {
      headers = curl_slist_append(headers, part);
    }
  }
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, count_bytes);
  /* libcurl 7.88 may wait a second for the end of an answer over HTTP/2 that is longer than its buffer. */
  curl_easy_setopt(handle, CURLOPT_BUFFERSIZE, 512L << 10);
  curl_easy_setopt(handle, CURLOPT_UPLOAD_BUFFERSIZE, 256L << 10);
  bodies = *first;
  free(copy);
  for (uint32_t length; next_body < bodies.length / 2; next_body += 4 + length) {
    memcpy(&length, bodies.bytes + next_body, 4);
    if (length > bodies.length) break; /* a body for upsert */
  }
}

static size_t post(const char *bytes, size_t length) {
  size_t received = 0;
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &received);
  curl_easy_setopt(handle, CURLOPT_POST, 1L);
  curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)length);
  curl_easy_setopt(handle, CURLOPT_POSTFIELDS, bytes);
  const CURLcode code = curl_easy_perform(handle);
  if (code != CURLE_OK) fail("curl", curl_easy_strerror(code));
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) fail("curl", "another status than 200");
  /* libcurl 7.88 fails when it is to begin HTTP/2 by prior knowledge where it is spoken already. */
  if (is_http2) curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2_0);
  return received;
}

static void bare_upsert(const text *body) { post(body->bytes, body->length); }

/* The answer is not taken apart: this side is allowed to do less. */
static int bare_search(const float *query) {
  (void)query;
  if (next_body + 4 > bodies.length) next_body = 0;
  uint32_t length;
  memcpy(&length, bodies.bytes + next_body, 4);
  const size_t received = post(bodies.bytes + next_body + 4, length);
  next_body += 4 + length;
  return received > 0 ? K : 0;
}
