// Shows children made with CLONE_UNTRACED by syscall() after it made thousands of other calls: at once, after a pause, by
// a child, and while another thread goes on making them. None may die of what was planted.
// build: cc -g -O0 -pthread
// build static: cc -g -O0 -static -pthread
// process main: exit 0
// process child of main: exit 7
// process grandchild of child: exit 6
// process late of main: exit 8
// process beside of main: exit 9
#define _GNU_SOURCE
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile unsigned long flags = CLONE_UNTRACED | SIGCHLD;
static volatile long number = SYS_clone;
static volatile int ended;

static void call_often(void) {
    for (int i = 0; i < 5000; i++)                      // hit @main @child
        syscall(SYS_getppid);                           // hit @main @child
}

static void *call_on(void *nothing) {
    while (!ended)                                      // hit @main
        syscall(SYS_getppid);                           // hit @main
    return nothing;                                     // hit @main
}

static void has_ended(long pid) {
    int status = -1;                                    // hit @main @child
    waitpid(pid, &status, 0);                           // hit @main @child
    dprintf(1, "%x\n", status);                         // hit @main @child
}

int main(void) {
    call_often();                                       // hit @main
    long pid = syscall(SYS_clone, flags, 0, 0, 0, 0);   // hit @main
    if (pid == 0) {                                     // hit @main @child
        call_often();                                   // hit @child
        struct clone_args args = {.flags = CLONE_UNTRACED, .exit_signal = SIGCHLD}; // hit @child
        pid = syscall(SYS_clone3, &args, sizeof args);  // hit @child
        if (pid == 0)                                   // hit @child @grandchild
            _exit(6);                                   // hit @grandchild
        has_ended(pid);                                 // hit @child
        _exit(7);                                       // hit @child
    }
    has_ended(pid);                                     // hit @main

    /* Nothing in the program tells which call this will be, but it is a while since the others. */
    sleep(1);                                           // hit @main
    pid = syscall(number, flags, 0, 0, 0, 0);           // hit @main
    if (pid == 0)                                       // hit @main @late
        _exit(8);                                       // hit @late
    has_ended(pid);                                     // hit @main

    pthread_t other;                                    // none
    pthread_create(&other, NULL, call_on, NULL);        // hit @main
    usleep(200000);                                     // hit @main
    pid = syscall(SYS_clone, flags, 0, 0, 0, 0);        // hit @main
    if (pid == 0)                                       // hit @main @beside
        _exit(9);                                       // hit @beside
    has_ended(pid);                                     // hit @main
    ended = 1;                                          // hit @main
    pthread_join(other, NULL);                          // hit @main
    return 0;                                           // hit @main
}
