// Shows a program that, when it is asked to, copies code and runs the copy, and removes a library that it has loaded.
// build: cc -g -O0 -shared -fPIC "$src/library.c" -o library.so && cc -g -O0 "$in" -o "$out" -ldl
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef int function(int);
static char original[PATH_MAX + 16];

static function *load(const char *name) {
    static char bytes[1 << 16];
    int from = open(original, O_RDONLY), to = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0755);
    ssize_t length = read(from, bytes, sizeof bytes);
    if (length <= 0 || write(to, bytes, length) != length)
        _exit(1);
    close(from);
    close(to);
    char path[PATH_MAX];
    snprintf(path, sizeof path, "./%s", name);
    void *library = dlopen(path, RTLD_NOW);
    return library == NULL ? NULL : (function *)dlsym(library, "measured");
}

__attribute__((noinline)) static int add_five(int x) {
    int five = 5;
    return x + five;
}

/* Two mappings of the same memory, one to write by and one to execute. */
static void *made_twice(void) {
    int fd = memfd_create("code", 0);
    if (ftruncate(fd, 4096) != 0)
        _exit(1);
    memcpy(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), (void *)add_five, 64);
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
}

/* Memory that nobody can write to any more, in the middle of a large mapping. */
static void *made_and_turned(void) {
    enum { LARGE = 4 << 20, MIDDLE = 2 << 20 };
    char *made = mmap(NULL, LARGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    memcpy(made + MIDDLE, (void *)add_five, 64);
    mprotect(made, LARGE, PROT_READ | PROT_EXEC);
    return made + MIDDLE;
}

int main(void) {
    char letter, path[PATH_MAX] = "";
    if (readlink("/proc/self/exe", path, sizeof path - 1) < 0)
        return 1;
    snprintf(original, sizeof original, "%s/library.so", dirname(path));
    function *loaded = load("first.so"), *copy = NULL, *twice = NULL, *turned = NULL;
    unsigned char *made = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    dprintf(1, "ready\n");
    while (read(0, &letter, 1) == 1) {
        if (letter == 'c') {
            memcpy(made, (void *)add_five, 64);
            copy = (function *)(uintptr_t)made;
            dprintf(1, "copied\n");
        } else if (letter == 'x') {
            dprintf(1, "%d\n", copy(1));
        } else if (letter == 's') {
            twice = (function *)(uintptr_t)made_twice();
            turned = (function *)(uintptr_t)made_and_turned();
            dprintf(1, "shared\n");
        } else if (letter == 'y') {
            dprintf(1, "%d and %d\n", twice(2), turned(3));
        } else if (letter == 'u') {
            unlink("first.so");
            loaded(1);
            load("second.so");
            dprintf(1, "removed\n");
        } else if (letter == 'f') {
            dprintf(1, "%d\n", loaded(7));
        }
    }
    return 0;
}
