// Shows children that outlive their parent, which dies of a signal.
// build: cc -g -O0
// process parent: signal 15
// process orphan of parent: exit 4, 3 times
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static int outlive(int until_closed) {          // hit @orphan
    char byte;
    if (read(until_closed, &byte, 1) != 0)      // hit @orphan
        return 1;                               // miss
    dprintf(1, "an orphan ends\n");             // hit @orphan
    return 4;                                   // hit @orphan
}

int main(void) {                                // hit @parent
    int alive[2];
    if (pipe(alive) != 0)                       // hit @parent
        return 1;                               // miss
    for (int i = 0; i < 3; i++) {               // hit
        if (fork() == 0) {                      // hit
            close(alive[1]);                    // hit @orphan
            return outlive(alive[0]);           // hit @orphan
        }
    }
    raise(SIGTERM);                             // hit @parent
    return 0;                                   // miss
}
