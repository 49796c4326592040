// Shows a program that makes itself undumpable and gives up root's rights, then is killed if it calls prctl once more, and
// forks: its child, and the child of that, go on. Who cannot look into them has nothing of them.
// build: cc -g -O0
// process main: exit 5
// process child of main: exit 10
// process grandchild of child: exit 4
#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void has_ended(pid_t pid) {                      // hit @main @child
    int status = 0;                                     // hit @main @child
    waitpid(pid, &status, 0);                           // hit @main @child
    dprintf(1, "exit %d, signal %d\n", WEXITSTATUS(status), WTERMSIG(status)); // hit @main @child
}                                                       // hit @main @child

int main(void) {                                        // hit @main
    if (getuid() == 0 && (setresgid(1, 1, 1) != 0 || setresuid(1, 1, 1) != 0)) // hit @main
        return 1;                                       // miss
    struct sock_filter code[] = {                       // hit @main
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {sizeof code / sizeof *code, code}; // hit @main
    prctl(PR_SET_DUMPABLE, 0);                          // hit @main
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);             // hit @main
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter); // hit @main
    pid_t pid = fork();                                 // hit
    if (pid == 0) {                                     // hit
        dprintf(1, "%d\n", dlopen("libresolv.so.2", RTLD_NOW) != NULL); // hit @child
        pid = fork();                                   // hit @child
        if (pid == 0)                                   // hit @child @grandchild
            _exit(4);                                   // hit @grandchild
        has_ended(pid);                                 // hit @child
        _exit(10);                                      // hit @child
    }                                                   // none
    has_ended(pid);                                     // hit @main
    return 5;                                           // hit @main
}                                                       // hit @main
