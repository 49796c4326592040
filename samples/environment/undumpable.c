// Shows a program that makes itself undumpable and gives up root's rights, then loads a library, forks and has a child
// that does the same: a tracer without CAP_SYS_PTRACE is kept out of its memory from then on.
// build: cc -g -O0
// process main: exit 5
// process child of main: exit 10
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int sum(int numbers) {                           // hit @child
    int sum = 0;                                        // hit @child
    for (int i = 0; i < numbers; i++)                   // hit @child
        sum += i;                                       // hit @child
    return sum;                                         // hit @child
}                                                       // hit @child

static void load(const char *library) {                 // hit
    printf("%s: %d\n", library, dlopen(library, RTLD_NOW) != 0); // hit
}                                                       // hit

int main(void) {                                        // hit @main
    if (getuid() == 0 && (setresgid(1, 1, 1) != 0 || setresuid(1, 1, 1) != 0)) // hit @main
        return 1;                                       // miss
    prctl(PR_SET_DUMPABLE, 0);                          // hit @main
    load("libm.so.6");                                  // hit @main
    fflush(stdout);                                     // hit @main
    pid_t pid = fork();                                 // hit
    if (pid == 0) {                                     // hit
        signal(SIGTRAP, SIG_IGN);                       // hit @child
        load("libresolv.so.2");                         // hit @child
        printf("dumpable %d\n", prctl(PR_GET_DUMPABLE)); // hit @child
        fflush(stdout);                                 // hit @child
        _exit(sum(5));                                  // hit @child
    }                                                   // none
    int status = 0;                                     // hit @main
    waitpid(pid, &status, 0);                           // hit @main
    printf("exit %d, signal %d\n", WEXITSTATUS(status), WTERMSIG(status)); // hit @main
    return 5;                                           // hit @main
}                                                       // hit @main
