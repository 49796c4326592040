// Shows one program linked in every way: position-independent or not, static, with another C library or compiler.
// build: cc -g -O0 -fPIE -pie
// build fixed: cc -g -O0 -fno-pie -no-pie
// build static: cc -g -O0 -static -no-pie
// build static-pie: cc -g -O0 -static-pie
// build lazy: cc -g -O0 -Wl,-z,lazy -Wl,--hash-style=sysv
// build separate-code: cc -g -O0 -Wl,-z,noseparate-code
// build musl: musl-gcc -g -O0
// build musl-static: musl-gcc -g -O0 -static
// build clang: clang -g -O0
// process parent: exit 0
// process child of parent: exit 3
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int compare(const void *a, const void *b) {      // hit @parent
    return *(const int *)a - *(const int *)b;           // hit @parent
}

__attribute__((constructor)) static void before_main(void) {
    dprintf(1, "constructor\n");                        // hit @parent
}

static int child(void) {                                // hit @child
    dprintf(1, "child\n");                              // hit @child
    return 3;                                           // hit @child
}

int main(int argc, char **argv) {                       // hit @parent
    (void)argv;
    int numbers[] = {3, 1, 2};                          // hit @parent
    qsort(numbers, 3, sizeof *numbers, compare);        // hit @parent
    dprintf(1, "%d %d %d\n", numbers[0], numbers[1], numbers[2]); // hit @parent
    if (argc > 5)                                       // hit @parent
        return 1;                                       // miss
    if (fork() == 0)                                    // hit
        _exit(child());                                 // hit @child
    wait(NULL);                                         // hit @parent
    return 0;                                           // hit @parent
}
