// Shows a crash reporter: the handler of a fault makes a child that shares its memory and is not to be traced, by a raw
// clone, and waits for it.
// build: cc -g -O0
// process main: exit 11
// process dumper of main: exit 4
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char stack[65536] __attribute__((aligned(16)));
static int ready[2];

static int dumper(void *argument) {                     // hit @dumper
    char byte;                                          // none
    int registers = 0;                                  // hit @dumper
    read(ready[0], &byte, 1);                           // hit @dumper
    for (int i = 0; i < 3; i++)                         // hit @dumper
        registers += i;                                 // hit @dumper
    dprintf(1, "dumped %d\n", registers);               // hit @dumper
    return 4;                                           // hit @dumper
}                                                       // hit @dumper

static long raw_clone(int (*function)(void *), void *top, long flags) { // hit @main
    long made;                                          // none
    void **sp = top;                                    // hit @main
    *--sp = 0;                                          // hit @main
    *--sp = (void *)function;                           // hit @main
    __asm__ volatile("syscall\n\t"
                     "test %%rax, %%rax\n\t"
                     "jnz 1f\n\t"
                     "xor %%ebp, %%ebp\n\t"
                     "pop %%rax\n\t"
                     "pop %%rdi\n\t"
                     "call *%%rax\n\t"
                     "mov %%eax, %%edi\n\t"
                     "mov $60, %%eax\n\t"
                     "syscall\n\t"
                     "1:"
                     : "=a"(made)
                     : "0"((long)SYS_clone), "D"(flags), "S"(sp), "d"(0L)
                     : "rcx", "r11", "r10", "r8", "memory");
    return made;                                        // hit @main
}                                                       // hit @main

static void crashes(int signal) {                       // hit @main
    int status = -1;                                    // hit @main
    pipe(ready);                                        // hit @main
    long child = raw_clone(dumper, stack + sizeof stack, CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_UNTRACED); // hit @main
    prctl(PR_SET_PTRACER, child, 0, 0, 0);              // hit @main
    write(ready[1], "g", 1);                            // hit @main
    waitpid(child, &status, __WALL);                    // hit @main
    dprintf(1, "dumper: %x\n", status);                 // hit @main
    _exit(11);                                          // hit @main
}                                                       // none

int main(void) {                                        // hit @main
    signal(SIGSEGV, crashes);                           // hit @main
    *(volatile int *)8 = 1;                             // hit @main
    return 0;                                           // miss
}                                                       // miss
