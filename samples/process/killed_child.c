// Shows a child that its parent kills with SIGKILL: nothing that it ran is lost.
// build: cc -g -O0
// process parent: exit 0
// process child of parent: signal 9
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static void child(int ready) {                      // hit @child
    if (write(ready, "x", 1) != 1)                  // hit @child
        _exit(1);                                   // miss
    for (;;)
        pause();
}

int main(void) {                                    // hit @parent
    int ready[2];
    char byte;
    if (pipe(ready) != 0)                           // hit @parent
        return 1;                                   // miss
    pid_t pid = fork();                             // hit
    if (pid == 0)                                   // hit @parent @child
        child(ready[1]);                            // hit @child
    if (read(ready[0], &byte, 1) != 1)              // hit @parent
        return 1;                                   // miss
    kill(pid, SIGKILL);                             // hit @parent
    int status = 0;                                 // hit @parent
    waitpid(pid, &status, 0);                       // hit @parent
    printf("killed by %d\n", WTERMSIG(status));     // hit @parent
    return 0;                                       // hit @parent
}
