// Shows dlopen, dlclose and dlopen again, with another library in between: the second time it lies elsewhere.
// build: cc -g -O0 -shared -fPIC "$src"/plugin.c -o "$out".one.so && cc -g -O0 -DOTHER -shared -fPIC "$src"/plugin.c -o "$out".two.so && cc -g -O0 "$src"/main.c -o "$out"
#include <dlfcn.h>
#include <stdio.h>
#include <sys/mman.h>

static void *call(const char *program, const char *name, int round) { // hit
    char path[4096];
    snprintf(path, sizeof path, "%s.%s.so", program, name);     // hit
    void *library = dlopen(path, RTLD_NOW);                     // hit
    if (library == NULL) {                                      // hit
        printf("%s\n", dlerror());                              // miss
        return NULL;                                            // miss
    }
    int (*plugin)(int) = (int (*)(int))dlsym(library, "plugin"); // hit
    printf("%s: %d\n", name, plugin(round));                    // hit
    return library;                                             // hit
}

int main(int argc, char **argv) {                               // hit
    (void)argc;
    for (int round = 0; round < 4; round++) {                   // hit
        void *one = call(argv[0], "one", round);                // hit
        dlclose(one);                                           // hit
        mmap(NULL, 1 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); // hit
        void *two = call(argv[0], "two", round);                // hit
        dlclose(two);                                           // hit
    }
    return 0;                                                   // hit
}
