// Shows a child that has ended and that nobody has waited for; its pid is on stdout.
// build: cc -g -O0
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
    siginfo_t facts;
    char letter;
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    waitid(P_PID, pid, &facts, WEXITED | WNOWAIT);
    dprintf(1, "%d\n", pid);
    while (read(0, &letter, 1) == 1)
        dprintf(1, "%c\n", letter);
    return 0;
}
