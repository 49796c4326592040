// Shows a program that patches its own functions: the start of one redirected, with and without no-ops before the jump.
// build: cc -g -O0 -DSKIP=0
// build behind: cc -g -O0 -DSKIP=8
// build far: cc -g -O0 -DSKIP=28
// process parent: exit 0
// process child of parent: exit 3
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* Its lines are one, so that the first breakpoint of it that is met makes the others useless. */
#define FUNCTION(name, value) \
    __attribute__((noinline)) static int name(int scale) { \
        int v = value; \
        for (int i = 0; i < scale; i++) \
            v += i * scale; \
        return v; \
    }
FUNCTION(old, 7)
FUNCTION(new, 99)                                               // hit

static unsigned char saved[64];

static void patch(void *from, void *to) {                       // hit @parent
    uintptr_t page = (uintptr_t)from & ~4095UL;                 // hit @parent
    mprotect((void *)page, 8192, PROT_READ | PROT_WRITE | PROT_EXEC); // hit @parent
    unsigned char code[64], jump[12] = {0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xe0};
    memset(code, 0x90, sizeof code);                            // hit @parent
    memcpy(jump + 2, &to, 8);                                   // hit @parent
    memcpy(code + SKIP, jump, 12);                              // hit @parent
    memcpy(saved, from, SKIP + 12);                             // hit @parent
    memcpy(from, code, SKIP + 12);                              // hit @parent
    mprotect((void *)page, 8192, PROT_READ | PROT_EXEC);        // hit @parent
}

int main(void) {                                                // hit @parent
    patch((void *)old, (void *)new);                            // hit @parent
    printf("first %d, second %d, direct %d\n", old(3), old(3), new(3)); // hit @parent
    fflush(stdout);                                             // hit @parent
    if (fork() == 0)                                            // hit @parent @child
        _exit(old(3) == 108 && new(3) == 108 ? 3 : 4);          // hit @child
    wait(NULL);                                                 // hit @parent
    /* What it saved is put back, with the breakpoints that were in it. */
    uintptr_t page = (uintptr_t)old & ~4095UL;                  // hit @parent
    mprotect((void *)page, 8192, PROT_READ | PROT_WRITE | PROT_EXEC); // hit @parent
    memcpy((void *)old, saved, SKIP + 12);                      // hit @parent
    printf("back %d\n", old(3));                                // hit @parent
    return 0;                                                   // hit @parent
}
