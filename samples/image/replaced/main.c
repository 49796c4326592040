// Shows libraries whose files are removed, replaced, written to and made inaccessible while they are loaded.
// build: cc -g -O0 -shared -fPIC "$src/library.c" -o library.so && cc -g -O0 "$in" -o "$out" -ldl
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

typedef int function(int);
static char original[PATH_MAX + 16];

/* A library of that name, where the program is started. */
static void put(const char *name) {
    static char bytes[1 << 16];
    int from = open(original, O_RDONLY), to = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0755);
    ssize_t length = read(from, bytes, sizeof bytes);
    if (length <= 0 || write(to, bytes, length) != length)
        _exit(1);
    close(from);
    close(to);
}

static function *load(const char *name) {                       // hit
    char path[PATH_MAX];
    snprintf(path, sizeof path, "./%s", name);                  // hit
    void *library = dlopen(path, RTLD_NOW);                     // hit
    return library == NULL ? NULL : (function *)dlsym(library, "measured"); // hit
}

int main(void) {
    char path[PATH_MAX] = "";
    if (readlink("/proc/self/exe", path, sizeof path - 1) < 0)
        return 1;
    snprintf(original, sizeof original, "%s/library.so", dirname(path));
    static const char *names[] = {"removed", "replaced", "longer", "hidden", "split", "last"};
    function *loaded[6];
    for (int i = 0; i < 5; i++) {
        put(names[i]);
        loaded[i] = load(names[i]);
    }
    int sum = 0;
    for (int i = 0; i < 5; i++)
        sum += loaded[i](1);                                    // hit
    unlink("removed");                                          // hit
    put("new");
    rename("new", "replaced");                                  // hit
    int file = open("longer", O_WRONLY | O_APPEND);
    if (write(file, "more", 4) != 4)
        return 1;
    close(file);
    mkdir("away", 0700);
    rename("hidden", "away/hidden");                            // hit
    chmod("away", 0);
    /* Text that is not executable for a moment, and is two mappings then. */
    char *page = (char *)((uintptr_t)loaded[4] & ~4095UL);
    mprotect(page, 4096, PROT_READ | PROT_WRITE);               // hit
    put("last");
    loaded[5] = load("last");                                   // hit
    mprotect(page, 4096, PROT_READ | PROT_EXEC);                // hit
    for (int i = 0; i < 6; i++)
        sum += loaded[i](7);                                    // hit
    printf("%d\n", sum);                                        // hit
    chmod("away", 0700);
    return 0;                                                   // hit
}
