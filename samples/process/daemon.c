// Shows a daemon: forked twice, in a session of its own, at work after its parent and grandparent have ended.
// build: cc -g -O0
// process main: exit 0
// process middle of main: exit 2
// process daemon of middle: exit 9
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static int work(int until_closed) {             // hit @daemon
    char byte;
    while (read(until_closed, &byte, 1) > 0)    // hit @daemon
        ;
    dprintf(1, "daemon: everybody has left\n"); // hit @daemon
    return 9;                                   // hit @daemon
}                                               // hit @daemon

int main(void) {                                // hit @main
    int alive[2];
    if (pipe(alive) != 0)                       // hit @main
        return 1;                               // miss
    pid_t middle = fork();                      // hit
    if (middle == 0) {                          // hit @main @middle
        setsid();                               // hit @middle
        if (fork() != 0)                        // hit
            _exit(2);                           // hit @middle
        close(alive[1]);                        // hit @daemon
        _exit(work(alive[0]));                  // hit @daemon
    }
    waitpid(middle, NULL, 0);                   // hit @main
    dprintf(1, "main: the middle has ended\n"); // hit @main
    return 0;                                   // hit @main
}                                               // hit @main
