// Shows children made with CLONE_UNTRACED by raw system calls: the number set in many ways, the flags in a register or in
// memory. None may die of what was planted.
// build: cc -g -O0
// build static: cc -g -O0 -static
// process main: exit 0
// process child of main: exit 7, 8 times
#define _GNU_SOURCE
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile unsigned long flags = CLONE_UNTRACED | SIGCHLD;
static volatile long clone_number = SYS_clone;
static struct clone_args in_memory = {.flags = CLONE_UNTRACED, .exit_signal = SIGCHLD};
static const struct clone_args read_only = {.flags = CLONE_UNTRACED, .exit_signal = SIGCHLD};

#define CALL(prepare, number) \
    __asm__ volatile(prepare "syscall" : "=a"(made) : "0"((long)(number)), "D"(a), "S"(b), "d"(0L) : "rcx", "r11", "memory")

static long constant(long a, long b) {
    long made;                                          // none
    CALL("", SYS_clone);                                // hit
    return made;                                        // hit
}                                                       // hit

static long pushed(long a, long b) {
    long made;                                          // none
    CALL("push $56; pop %%rax;", 0);                    // hit
    return made;                                        // hit
}                                                       // hit

static long two_steps(long a, long b) {
    long made;                                          // none
    CALL("xor %%eax, %%eax; mov $56, %%al;", 0);        // hit
    return made;                                        // hit
}                                                       // hit

static long any(long number, long a, long b) {
    long made;                                          // none
    CALL("", number);                                   // hit
    return made;                                        // hit
}                                                       // hit

static void has_child(long pid) {
    int status = -1;                                    // hit
    if (pid == 0)                                       // hit
        _exit(7);                                       // hit @child
    waitpid(pid, &status, 0);                           // hit @main
    printf("%x\n", status);                             // hit @main
    fflush(stdout);                                     // hit @main
}                                                       // hit @main

int main(void) {                                        // hit @main
    has_child(constant(flags, 0));                      // hit
    has_child(pushed(flags, 0));                        // hit
    has_child(two_steps(flags, 0));                     // hit
    has_child(any(clone_number, flags, 0));             // hit
    has_child(any(SYS_clone3, (long)&in_memory, sizeof in_memory)); // hit
    printf("%d\n", in_memory.flags == CLONE_UNTRACED);  // hit @main
    has_child(any(SYS_clone3, (long)&read_only, sizeof read_only)); // hit
    fflush(stdout);                                     // hit @main
    has_child(syscall(clone_number, flags, 0, 0, 0, 0)); // hit
    has_child(syscall(SYS_clone3, &in_memory, sizeof in_memory)); // hit
    return 0;                                           // hit @main
}                                                       // hit @main
