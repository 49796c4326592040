// Shows vfork followed by an exec of another program.
// build: cc -g -O0
// process parent: exit 0
// process child of parent: exit 5
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {                                                // hit @parent
    pid_t pid = vfork();                                        // hit
    if (pid == 0) {                                             // hit @parent @child
        execl("/bin/sh", "sh", "-c", "echo child; exit 5", (char *)NULL); // hit @child
        _exit(127);                                             // miss
    }
    int status = 0;                                             // hit @parent
    waitpid(pid, &status, 0);                                   // hit @parent
    dprintf(1, "parent saw %d\n", WEXITSTATUS(status));         // hit @parent
    return 0;                                                   // hit @parent
}                                                               // hit @parent
