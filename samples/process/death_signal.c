// Shows PR_SET_PDEATHSIG and a subreaper: an orphan gets its signal and a new parent that can wait for it.
// build: cc -g -O0
// process reaper: exit 0
// process parent of reaper: exit 2
// process orphan of parent: signal 12
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void orphan(int ready) {                 // hit @orphan
    prctl(PR_SET_PDEATHSIG, SIGUSR2);           // hit @orphan
    if (write(ready, "x", 1) != 1)              // hit @orphan
        _exit(1);                               // miss
    pause();
}

static int parent(void) {                       // hit @parent
    int ready[2];
    char byte;
    if (pipe(ready) != 0)                       // hit @parent
        return 1;                               // miss
    if (fork() == 0)                            // hit
        orphan(ready[1]);                       // hit @orphan
    return read(ready[0], &byte, 1) == 1 ? 2 : 1; // hit @parent
}

int main(void) {                                // hit @reaper
    prctl(PR_SET_CHILD_SUBREAPER, 1);           // hit @reaper
    pid_t pid = fork();                         // hit
    if (pid == 0)                               // hit @reaper @parent
        _exit(parent());                        // hit @parent
    int status = 0;                             // hit @reaper
    waitpid(pid, &status, 0);                   // hit @reaper
    dprintf(1, "parent ended with %d\n", WEXITSTATUS(status)); // hit @reaper
    wait(&status);                              // hit @reaper
    dprintf(1, "orphan ended by %d\n", WTERMSIG(status)); // hit @reaper
    return 0;                                   // hit @reaper
}
