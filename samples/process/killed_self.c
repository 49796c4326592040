// Shows a process that ends of its own SIGKILL: the line that kills is there, and all before it.
// build: cc -g -O0
// process main: signal 9
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

int main(void) {                        // hit
    dprintf(1, "before\n");             // hit
    kill(getpid(), SIGKILL);            // hit
    dprintf(1, "after\n");              // miss
    return 0;                           // miss
}
