// Shows dlmopen: one library loaded twice, into namespaces of their own.
// build: cc -g -O0 -shared -fPIC "$src"/library.c -o "$out".so && cc -g -O0 "$src"/main.c -o "$out"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv) {                                   // hit
    char path[4096];
    (void)argc;
    snprintf(path, sizeof path, "%s.so", argv[0]);                  // hit
    for (int i = 0; i < 2; i++) {                                   // hit
        void *library = dlmopen(LM_ID_NEWLM, path, RTLD_NOW);       // hit
        int (*next)(int) = (int (*)(int))dlsym(library, "next");    // hit
        printf("%d ", next(i));                                     // hit
        printf("%d\n", next(i));                                    // hit
    }
    return 0;                                                       // hit
}
