// Shows programs that are followed, not measured: without debug info, stripped, of another architecture.
// build: cc -O0
// build stripped: cc -g -O0 -s
// build 32-bit: cc -g -m32 -O0
// build 32-bit-static: cc -g -m32 -O0 -static
// process parent: exit 0
// process child of parent: exit 3
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int handled;

static void handler(int number) {
    handled += number;
}

int main(int argc, char **argv) {
    (void)argv;
    if (argc > 1) {
        dprintf(1, "child\n");
        return 3;
    }
    signal(SIGUSR1, handler);
    raise(SIGUSR1);
    int status = 0;
    if (fork() == 0) {
        execl(argv[0], argv[0], "child", (char *)NULL);
        _exit(127);
    }
    wait(&status);
    dprintf(1, "handled %d, status %d\n", handled, WEXITSTATUS(status));
    return 0;
}
