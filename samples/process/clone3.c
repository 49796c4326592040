// Shows clone3 used as a fork that gives a pidfd and no signal at the child's end.
// build: cc -g -O0
// process parent: exit 0
// process child of parent: exit 8
#define _GNU_SOURCE
#include <linux/sched.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int shared(int a) {                  // hit @parent @child
    return a + 1;                           // hit @parent @child
}                                           // hit @parent @child

int main(void) {                            // hit @parent
    int pidfd = -1;                         // hit @parent
    struct clone_args args = {              // hit @parent
        .flags = CLONE_PIDFD,
        .pidfd = (uintptr_t)&pidfd,
    };
    int seen = shared(1);                   // hit @parent
    long pid = syscall(SYS_clone3, &args, sizeof args); // hit
    if (pid == 0)                           // hit @parent @child
        _exit(shared(7));                   // hit @child
    struct pollfd ended = {.fd = pidfd, .events = POLLIN}; // hit @parent
    poll(&ended, 1, -1);                    // hit @parent
    siginfo_t info = {0};                   // hit @parent
    waitid(P_PIDFD, pidfd, &info, WEXITED | __WALL); // hit @parent
    printf("seen %d, same pid %d, status %d\n", seen, info.si_pid == pid, info.si_status); // hit @parent
    return 0;                               // hit @parent
}                                           // hit @parent
