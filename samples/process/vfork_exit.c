// Shows vfork whose child ends with _exit, borrowing its parent's memory until then.
// build: cc -g -O0
// process parent: exit 0
// process child of parent: exit 6, 5 times
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int written;

int main(void) {                                        // hit @parent
    for (int i = 0; i < 5; i++) {                       // hit @parent
        pid_t pid = vfork();                            // hit
        if (pid == 0) {                                 // hit @parent @child
            written += 1;                               // hit @child
            _exit(6);                                   // hit @child
        }
        int status = 0;                                 // hit @parent
        waitpid(pid, &status, 0);                       // hit @parent
        if (WEXITSTATUS(status) != 6)                   // hit @parent
            dprintf(1, "wrong status\n");               // miss
    }
    dprintf(1, "written by the children: %d\n", written); // hit @parent
    return 0;                                           // hit @parent
}                                                       // hit @parent
