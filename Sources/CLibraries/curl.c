/* The macros of the header check the types of variadic arguments, of a function that is not called here. */
#define CURL_DISABLE_TYPECHECK
#include "vdb_curl.h"

#include "CSupport.h"

/* Each function of libcurl that is used, by its name without the prefix. */
#define FUNCTIONS(X) \
  X(global_init) X(version_info) X(getdate) X(slist_append) X(slist_free_all) X(url) X(url_set) X(url_cleanup) \
  X(easy_init) X(easy_cleanup) X(easy_reset) X(easy_strerror) X(easy_perform) X(easy_send) X(easy_recv) \
  X(easy_setopt) X(easy_getinfo) \
  X(multi_init) X(multi_cleanup) X(multi_add_handle) X(multi_remove_handle) X(multi_perform) X(multi_setopt) \
  X(multi_strerror) X(multi_poll) X(multi_info_read)

#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt
#define FIELD(name) __typeof__(&curl_##name) name;
static struct {
  FUNCTIONS(FIELD)
} curl;

#define SYMBOL(name) {"curl_" #name, (void **)&curl.name},
static const vdb_library_symbol symbols[] = {FUNCTIONS(SYMBOL)};

static const char *prepare(void) {
  if (curl.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return "it fails to initialise itself";
  vdb_gate_close_at_exit();
  const curl_version_info_data *info = curl.version_info(CURLVERSION_NOW);
  if ((info->features & CURL_VERSION_SSL) == 0) return "it was built without TLS";
  /* Otherwise a name look-up would block beyond every deadline, or need signals. */
  if ((info->features & CURL_VERSION_ASYNCHDNS) == 0) return "it was built without asynchronous name look-ups";
  return NULL;
}

static vdb_library library = {
    .file = "libcurl.so.4",
    .package = "libcurl4",
    .symbols = symbols,
    .count = sizeof symbols / sizeof symbols[0],
    .prepare = prepare,
};

int vdb_curl_load(char *reason) { return vdb_library_load(&library, reason); }

uint32_t vdb_curl_version(void) { return curl.version_info(CURLVERSION_NOW)->version_num; }

CURL *vdb_curl_easy_init(void) { return curl.easy_init(); }
void vdb_curl_easy_cleanup(CURL *easy) { curl.easy_cleanup(easy); }
void vdb_curl_easy_reset(CURL *easy) { curl.easy_reset(easy); }
const char *vdb_curl_easy_strerror(CURLcode code) { return curl.easy_strerror(code); }
CURLcode vdb_curl_easy_perform(CURL *easy) { return curl.easy_perform(easy); }

CURLcode vdb_curl_easy_send(CURL *easy, const void *bytes, size_t count, size_t *sent) {
  return curl.easy_send(easy, bytes, count, sent);
}

CURLcode vdb_curl_easy_recv(CURL *easy, void *bytes, size_t count, size_t *received) {
  return curl.easy_recv(easy, bytes, count, received);
}

CURLcode vdb_curl_easy_set_long(CURL *easy, CURLoption option, long value) {
  return curl.easy_setopt(easy, option, value);
}

CURLcode vdb_curl_easy_set_size(CURL *easy, CURLoption option, curl_off_t value) {
  return curl.easy_setopt(easy, option, value);
}

CURLcode vdb_curl_easy_set_text(CURL *easy, CURLoption option, const char *value) {
  return curl.easy_setopt(easy, option, value);
}

CURLcode vdb_curl_easy_set_pointer(CURL *easy, CURLoption option, const void *value) {
  return curl.easy_setopt(easy, option, value);
}

CURLcode vdb_curl_easy_set_body(CURL *easy, vdb_curl_take take, void *context) {
  CURLcode code = curl.easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
  return code != CURLE_OK ? code : curl.easy_setopt(easy, CURLOPT_WRITEDATA, context);
}

CURLcode vdb_curl_easy_set_upload(CURL *easy, vdb_curl_give give, vdb_curl_seek seek, void *context) {
  CURLcode code = curl.easy_setopt(easy, CURLOPT_READFUNCTION, give);
  if (code == CURLE_OK) code = curl.easy_setopt(easy, CURLOPT_READDATA, context);
  if (code == CURLE_OK) code = curl.easy_setopt(easy, CURLOPT_SEEKFUNCTION, seek);
  return code != CURLE_OK ? code : curl.easy_setopt(easy, CURLOPT_SEEKDATA, context);
}

CURLcode vdb_curl_easy_set_header(CURL *easy, vdb_curl_take take, void *context) {
  CURLcode code = curl.easy_setopt(easy, CURLOPT_HEADERFUNCTION, take);
  return code != CURLE_OK ? code : curl.easy_setopt(easy, CURLOPT_HEADERDATA, context);
}

CURLcode vdb_curl_easy_set_sockets(CURL *easy, vdb_curl_open_socket open, vdb_curl_close_socket close, void *context) {
  CURLcode code = curl.easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open);
  if (code == CURLE_OK) code = curl.easy_setopt(easy, CURLOPT_OPENSOCKETDATA, context);
  if (code == CURLE_OK) code = curl.easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close);
  return code != CURLE_OK ? code : curl.easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, context);
}

CURLcode vdb_curl_easy_set_before_request(CURL *easy, vdb_curl_before_request call, void *context) {
#if LIBCURL_VERSION_NUM >= 0x075000
  CURLcode code = curl.easy_setopt(easy, CURLOPT_PREREQFUNCTION, call);
  return code != CURLE_OK ? code : curl.easy_setopt(easy, CURLOPT_PREREQDATA, context);
#else
  (void)easy, (void)call, (void)context;
  return CURLE_UNKNOWN_OPTION;
#endif
}

CURLcode vdb_curl_easy_set_before_lookup(CURL *easy, vdb_curl_before_lookup call, void *context) {
  CURLcode code = curl.easy_setopt(easy, CURLOPT_RESOLVER_START_FUNCTION, call);
  return code != CURLE_OK ? code : curl.easy_setopt(easy, CURLOPT_RESOLVER_START_DATA, context);
}

CURLcode vdb_curl_easy_get_long(CURL *easy, CURLINFO info, long *value) { return curl.easy_getinfo(easy, info, value); }

CURLcode vdb_curl_easy_get_size(CURL *easy, CURLINFO info, curl_off_t *value) {
  return curl.easy_getinfo(easy, info, value);
}

CURLcode vdb_curl_easy_get_text(CURL *easy, CURLINFO info, const char **value) {
  return curl.easy_getinfo(easy, info, value);
}

CURLcode vdb_curl_easy_get_socket(CURL *easy, curl_socket_t *value) {
  return curl.easy_getinfo(easy, CURLINFO_ACTIVESOCKET, value);
}

CURLM *vdb_curl_multi_init(void) { return curl.multi_init(); }
CURLMcode vdb_curl_multi_cleanup(CURLM *multi) { return curl.multi_cleanup(multi); }
CURLMcode vdb_curl_multi_add_handle(CURLM *multi, CURL *easy) { return curl.multi_add_handle(multi, easy); }
CURLMcode vdb_curl_multi_remove_handle(CURLM *multi, CURL *easy) { return curl.multi_remove_handle(multi, easy); }
CURLMcode vdb_curl_multi_perform(CURLM *multi, int *running) { return curl.multi_perform(multi, running); }

CURLMcode vdb_curl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
  return curl.multi_setopt(multi, option, value);
}

const char *vdb_curl_multi_strerror(CURLMcode code) { return curl.multi_strerror(code); }

CURLMcode vdb_curl_multi_poll(CURLM *multi, int descriptor, int milliseconds) {
  struct curl_waitfd extra = {.fd = descriptor, .events = CURL_WAIT_POLLIN, .revents = 0};
  int cancellation = vdb_cancellation_off();
  milliseconds = vdb_interrupt_bound_ms(milliseconds, VDB_SIGNALLED_PIECE_MS);
  uint32_t depth = vdb_gate_pause();
  int ready = 0;
  CURLMcode code = curl.multi_poll(multi, &extra, descriptor < 0 ? 0 : 1, milliseconds, &ready);
  vdb_gate_resume(depth);
  vdb_cancellation_restore(cancellation);
  if (ready == 0) vdb_interrupt_ask();
  return code;
}

int vdb_curl_multi_ended(CURLM *multi, CURLcode *code) {
  int left = 0;
  const CURLMsg *message;
  while ((message = curl.multi_info_read(multi, &left)) != NULL) {
    if (message->msg == CURLMSG_DONE) {
      *code = message->data.result;
      return 1;
    }
  }
  return 0;
}

struct curl_slist *vdb_curl_slist_append(struct curl_slist *list, const char *text) {
  return curl.slist_append(list, text);
}

void vdb_curl_slist_free_all(struct curl_slist *list) { curl.slist_free_all(list); }

CURLU *vdb_curl_url_new(const char *text) {
  CURLU *url = curl.url();
  if (url != NULL && curl.url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK) {
    curl.url_cleanup(url);
    return NULL;
  }
  return url;
}

void vdb_curl_url_free(CURLU *url) { curl.url_cleanup(url); }

int64_t vdb_curl_getdate(const char *text) { return (int64_t)curl.getdate(text, NULL); }
