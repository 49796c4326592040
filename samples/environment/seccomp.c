// Shows a program that limits itself with seccomp: forbidden calls fail, the rest goes on, in its child too.
// build: cc -g -O0
// process parent: exit 0
// process child of parent: exit 1
// process strict of parent: signal 9
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int forbidden(void) {                                        // hit @parent @child
    return syscall(SYS_getpriority, 0, 0) == -1 && errno == EPERM;  // hit @parent @child
}

static void strict(void) {                                          // hit @strict
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);                     // hit @strict
    syscall(SYS_getpid);                                            // hit @strict
    _exit(1);                                                       // miss
}

int main(void) {                                                    // hit @parent
    struct sock_filter code[] = {                                   // hit @parent
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpriority, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {sizeof code / sizeof *code, code};  // hit @parent
    int status = 0;                                                 // hit @parent
    pid_t pid = fork();                                             // hit
    if (pid == 0)                                                   // hit @parent @strict
        strict();                                                   // hit @strict
    waitpid(pid, &status, 0);                                       // hit @parent
    dprintf(1, "strict ended by %d\n", WTERMSIG(status));           // hit @parent
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);                         // hit @parent
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);            // hit @parent
    dprintf(1, "forbidden %d\n", forbidden());                      // hit @parent
    if (fork() == 0)                                                // hit
        _exit(forbidden());                                         // hit @child
    wait(&status);                                                  // hit @parent
    dprintf(1, "in the child %d\n", WEXITSTATUS(status));           // hit @parent
    return 0;                                                       // hit @parent
}
