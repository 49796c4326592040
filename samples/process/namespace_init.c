// Shows the init of a pid namespace that faults: it dies of that as without a tracer, which the kernel does not let a
// traced one do.
// build: cc -g -O0 -pthread
// process main: exit 0
// process aborts of main: signal 11
// process threaded of main: signal 7
// process illegal of main: signal 4
// process traps of main: signal 5
// process divides of main: signal 8
// process filtered of main: signal 31
#define _GNU_SOURCE
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char stack[1 << 20] __attribute__((aligned(16)));
static volatile int zero, joins;

static int aborts(void *argument) {                     // hit @aborts
    // Its own SIGABRT does not reach an init; what abort() does then, does.
    abort();                                            // hit @aborts
    return 1;                                           // none
}                                                       // none

static void *beyond_the_end(void *argument) {           // hit @threaded
    while (!joins) continue;                            // hit @threaded
    FILE *file = tmpfile();                             // hit @threaded
    volatile char *page = mmap(0, 4096, PROT_READ, MAP_SHARED, fileno(file), 0); // hit @threaded
    return (void *)(long)*page;                         // hit @threaded
}                                                       // miss

static int threaded(void *argument) {                   // hit @threaded
    pthread_t thread;                                   // none
    pthread_create(&thread, 0, beyond_the_end, 0);      // hit @threaded
    joins = 1, pthread_join(thread, 0);                 // hit @threaded
    return 1;                                           // miss
}                                                       // miss

static int illegal(void *argument) {                    // hit @illegal
    __builtin_trap();                                   // hit @illegal
}                                                       // none

static int traps(void *argument) {                      // hit @traps
    __asm__ volatile("int3");
    return 1;                                           // miss
}                                                       // miss

static int divides(void *argument) {                    // hit @divides
    return 7 / zero;                                    // hit @divides
}                                                       // miss

static int filtered(void *argument) {                   // hit @filtered
    struct sock_filter filter[] = {                     // hit @filtered
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),          // none
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1), // none
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),    // none
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),   // none
    };                                                  // none
    struct sock_fprog program = {4, filter};            // hit @filtered
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);             // hit @filtered
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program); // hit @filtered
    return getppid();                                   // hit @filtered
}                                                       // miss

static void has_an_init(int (*init)(void *)) {          // hit @main
    int status = 0;                                     // hit @main
    int flags = CLONE_NEWPID | SIGCHLD | (geteuid() ? CLONE_NEWUSER : 0); // hit @main
    pid_t pid = clone(init, stack + sizeof stack, flags, 0); // hit @main
    waitpid(pid, &status, 0);                           // hit @main
    printf("signal %d\n", WTERMSIG(status));            // hit @main
}                                                       // hit @main

int main(void) {                                        // hit @main
    has_an_init(aborts);                                // hit @main
    has_an_init(threaded);                              // hit @main
    has_an_init(illegal);                               // hit @main
    has_an_init(traps);                                 // hit @main
    has_an_init(divides);                               // hit @main
    has_an_init(filtered);                              // hit @main
    return 0;                                           // hit @main
}                                                       // hit @main
