#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

int from_inner;

__attribute__((constructor)) static void loaded(int argc, char **argv) {
    char path[4096];
    (void)argc;
    snprintf(path, sizeof path, "%s.inner.so", argv[0]);        // hit @parent
    void *library = dlopen(path, RTLD_NOW);                     // hit @parent
    int (*answer)(void) = (int (*)(void))dlsym(library, "answer"); // hit @parent
    from_inner = answer();                                      // hit @parent
}
