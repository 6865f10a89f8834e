/* The Swift runtime inside the library reads settings from the environment, which are meant for Swift programs:
 * SWIFT_BACKTRACE would have it print and catch the signals of crashes in a host that did not ask for it. The linker gives
 * the library these in the place of the C library's (--wrap in Package.swift); to them the settings do not exist. */
#include "vdb_host_guard.h"

#include <stddef.h>
#include <string.h>

char *__real_getenv(const char *name);

char *__wrap_getenv(const char *name) { return strncmp(name, "SWIFT_", 6) == 0 ? NULL : __real_getenv(name); }

static char *nothing[] = {NULL};
char **__wrap_environ = nothing;
