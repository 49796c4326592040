// Shows a fork in a signal handler, with the signal blocked and a pending one that the child does not inherit.
// build: cc -g -O0
// process parent: exit 0
// process child of parent: exit 2
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t calls;

static void handler(int number) {                   // hit @parent
    sigset_t waiting;
    calls += 1;                                     // hit @parent
    if (calls > 1)                                  // hit @parent
        return;                                     // hit @parent
    raise(number);                                  // hit @parent
    if (fork() == 0) {                              // hit
        sigpending(&waiting);                       // hit @child
        _exit(2 + sigismember(&waiting, number));   // hit @child
    }
}                                                   // hit @parent

int main(void) {                                    // hit @parent
    int status = 0;                                 // hit @parent
    signal(SIGUSR1, handler);                       // hit @parent
    raise(SIGUSR1);                                 // hit @parent
    wait(&status);                                  // hit @parent
    printf("%d calls, status %d\n", calls, WEXITSTATUS(status)); // hit @parent
    return 0;                                       // hit @parent
}
