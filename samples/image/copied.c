// Shows code that is copied out and run there: functions, also by a child; the start of one before a jump back to the
// rest of it; the whole text's pages; and a breakpoint of the program's own.
// build: cc -g -O0
// process parent: exit 0
// process child of parent: exit 5
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

typedef int function(int, int);
static volatile sig_atomic_t traps;

static void on_trap(int number) {                               // hit @parent
    (void)number;
    traps += 1;                                                 // hit @parent
}                                                               // hit @parent

__attribute__((noinline)) static int add(int a, int b) {        // miss
    return a + b;                                               // miss
}

__attribute__((noinline)) static int subtract(int a, int b) {   // miss
    return a - b;                                               // miss
}

__attribute__((noinline)) static int multiply(int a, int b) {
    return a * b;                                               // hit @parent
}

/* Copied to its last instruction, with which a line ends. */
__attribute__((noinline)) static int divide(int a, int b) {     // miss
    return a / b;                                               // miss
}                                                               // miss

extern char own[], own_end[];
__asm__(".text\nown: int3\nmov %edi, %eax\nadd %esi, %eax\nlea 1(%rax), %eax\nint3\nret\nown_end:\n");

static unsigned char *made;

static int run_copy(void *from, size_t length) {                // hit @parent @child
    memcpy(made, from, length);                                 // hit @parent @child
    int result = ((function *)(uintptr_t)made)(6, 2);           // hit @parent @child
    made += 512;                                                // hit @parent @child
    return result;                                              // hit @parent @child
}

int main(void) {                                                // hit @parent
    made = mmap(NULL, 8192, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); // hit @parent
    printf("copy %d\n", run_copy((void *)add, 64));             // hit @parent
    fflush(stdout);                                             // hit @parent
    if (fork() == 0) {                                          // hit @parent @child
        function *before = (function *)(uintptr_t)(made - 512); // hit @child
        int both = before(1, 2) + run_copy((void *)subtract, 64); // hit @child
        _exit(both == 7 ? 5 : 6);                               // hit @child
    }
    wait(NULL);                                                 // hit @parent
    char *last = memchr((void *)divide, 0xc3, 64);              // hit @parent
    printf("to its last byte %d\n", run_copy((void *)divide, last + 1 - (char *)divide)); // hit @parent
    signal(SIGTRAP, on_trap);                                   // hit @parent
    printf("own %d", run_copy(own, own_end - own));             // hit @parent
    printf(" with %d traps\n", traps);                          // hit @parent
    /* push %rbp and mov %rsp,%rbp, then a jump behind them. */
    unsigned char start[] = {0, 0, 0, 0, 0xff, 0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    uintptr_t rest = (uintptr_t)multiply + 4;                   // hit @parent
    memcpy(start, (void *)multiply, 4);                         // hit @parent
    memcpy(start + 10, &rest, sizeof rest);                     // hit @parent
    printf("rest %d\n", run_copy(start, sizeof start));         // hit @parent
    return 0;                                                   // hit @parent
}
