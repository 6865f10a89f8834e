/* libcurl, loaded at first need. After `vdb_curl_load` has succeeded once, the others may be called: each is the function of
 * libcurl of the same name, the variadic ones once for each type that they take. */
#ifndef VDB_CURL_H
#define VDB_CURL_H

#include "vdb_library.h"

#include <curl/curl.h>
#include <stdint.h>

/* Loads and initialises libcurl: 0, or -1 with the reason (vdb_library.h). */
int vdb_curl_load(char *_Nonnull reason);
/* Its version, 0xMMmmpp. */
uint32_t vdb_curl_version(void);

CURL *_Nullable vdb_curl_easy_init(void);
void vdb_curl_easy_cleanup(CURL *_Nonnull easy);
void vdb_curl_easy_reset(CURL *_Nonnull easy);
const char *_Nonnull vdb_curl_easy_strerror(CURLcode code);
/* Connections that were opened with CURLOPT_CONNECT_ONLY. */
CURLcode vdb_curl_easy_perform(CURL *_Nonnull easy);
CURLcode vdb_curl_easy_send(CURL *_Nonnull easy, const void *_Nonnull bytes, size_t count, size_t *_Nonnull sent);
CURLcode vdb_curl_easy_recv(CURL *_Nonnull easy, void *_Nonnull bytes, size_t count, size_t *_Nonnull received);

CURLcode vdb_curl_easy_set_long(CURL *_Nonnull easy, CURLoption option, long value);
CURLcode vdb_curl_easy_set_size(CURL *_Nonnull easy, CURLoption option, curl_off_t value);
CURLcode vdb_curl_easy_set_text(CURL *_Nonnull easy, CURLoption option, const char *_Nullable value);
CURLcode vdb_curl_easy_set_pointer(CURL *_Nonnull easy, CURLoption option, const void *_Nullable value);

/* Called with what arrives of a body, or with one line of a header; answers how many bytes it took, all or none. */
typedef size_t (*vdb_curl_take)(char *_Nullable bytes, size_t size, size_t count, void *_Nullable context);
/* Called for the next bytes of a body that is sent; answers how many it wrote, 0 at the end. */
typedef size_t (*vdb_curl_give)(char *_Nullable room, size_t size, size_t count, void *_Nullable context);
/* Called to go on from another place of such a body; answers CURL_SEEKFUNC_OK, or _FAIL where it cannot. */
typedef int (*vdb_curl_seek)(void *_Nullable context, curl_off_t offset, int origin);
/* Called for a socket to connect with, CURL_SOCKET_BAD refuses; and with one to close, 0 when it did. */
typedef curl_socket_t (*vdb_curl_open_socket)(void *_Nullable context, curlsocktype purpose,
                                              struct curl_sockaddr *_Nullable address);
typedef int (*vdb_curl_close_socket)(void *_Nullable context, curl_socket_t socket);
/* Called when the connection stands, before the request is sent. 0 to go on. */
typedef int (*vdb_curl_before_request)(void *_Nullable context, char *_Nullable peer, char *_Nullable own, int peer_port,
                                       int own_port);
/* Called before a name is looked up that is not known yet, which may start a thread. 0 to go on. */
typedef int (*vdb_curl_before_lookup)(void *_Nullable resolver, void *_Nullable reserved, void *_Nullable context);

CURLcode vdb_curl_easy_set_body(CURL *_Nonnull easy, vdb_curl_take _Nonnull take, void *_Nullable context);
/* Used by requests with CURLOPT_POST whose CURLOPT_POSTFIELDS is NULL. */
CURLcode vdb_curl_easy_set_upload(CURL *_Nonnull easy, vdb_curl_give _Nonnull give, vdb_curl_seek _Nonnull seek,
                                  void *_Nullable context);
CURLcode vdb_curl_easy_set_header(CURL *_Nonnull easy, vdb_curl_take _Nonnull take, void *_Nullable context);
CURLcode vdb_curl_easy_set_sockets(CURL *_Nonnull easy, vdb_curl_open_socket _Nonnull open,
                                   vdb_curl_close_socket _Nonnull close, void *_Nullable context);
/* CURLE_UNKNOWN_OPTION before 7.80. */
CURLcode vdb_curl_easy_set_before_request(CURL *_Nonnull easy, vdb_curl_before_request _Nonnull call,
                                          void *_Nullable context);

CURLcode vdb_curl_easy_set_before_lookup(CURL *_Nonnull easy, vdb_curl_before_lookup _Nonnull call,
                                         void *_Nullable context);

CURLcode vdb_curl_easy_get_long(CURL *_Nonnull easy, CURLINFO info, long *_Nonnull value);
CURLcode vdb_curl_easy_get_size(CURL *_Nonnull easy, CURLINFO info, curl_off_t *_Nonnull value);
CURLcode vdb_curl_easy_get_text(CURL *_Nonnull easy, CURLINFO info, const char *_Nullable *_Nonnull value);
CURLcode vdb_curl_easy_get_socket(CURL *_Nonnull easy, curl_socket_t *_Nonnull value);

CURLM *_Nullable vdb_curl_multi_init(void);
CURLMcode vdb_curl_multi_cleanup(CURLM *_Nonnull multi);
CURLMcode vdb_curl_multi_add_handle(CURLM *_Nonnull multi, CURL *_Nonnull easy);
CURLMcode vdb_curl_multi_remove_handle(CURLM *_Nonnull multi, CURL *_Nonnull easy);
CURLMcode vdb_curl_multi_perform(CURLM *_Nonnull multi, int *_Nonnull running);
CURLMcode vdb_curl_multi_set_long(CURLM *_Nonnull multi, CURLMoption option, long value);
const char *_Nonnull vdb_curl_multi_strerror(CURLMcode code);
/* Waits for the sockets of the transfers and for `descriptor` to become readable, at most so long, outside the gate. */
CURLMcode vdb_curl_multi_poll(CURLM *_Nonnull multi, int descriptor, int milliseconds);
/* How a transfer that has ended did: 1 with its result in `code`, 0 when none has ended. */
int vdb_curl_multi_ended(CURLM *_Nonnull multi, CURLcode *_Nonnull code);

/* Appends a copy of the text; NULL when there is no memory, and then the list is as before. */
struct curl_slist *_Nullable vdb_curl_slist_append(struct curl_slist *_Nullable list, const char *_Nonnull text);
void vdb_curl_slist_free_all(struct curl_slist *_Nullable list);

/* A URL taken apart, for CURLOPT_CURLU; NULL for text that is none, and when there is no memory. */
CURLU *_Nullable vdb_curl_url_new(const char *_Nonnull text);
void vdb_curl_url_free(CURLU *_Nonnull url);

/* Seconds since 1970 of a date in any form HTTP allows, -1 when it is none. */
int64_t vdb_curl_getdate(const char *_Nonnull text);

#endif
