// Shows another tracer: a child of this program, whose pid is on stdout, is traced by it until the input ends.
// build: cc -g -O0
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
    char letter;
    pid_t pid = fork();
    if (pid == 0)
        for (;;)
            pause();
    if (ptrace(PTRACE_SEIZE, pid, 0, 0) != 0)
        return 1;
    dprintf(1, "%d\n", pid);
    while (read(0, &letter, 1) == 1)
        dprintf(1, "%c\n", letter);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    return 0;
}
