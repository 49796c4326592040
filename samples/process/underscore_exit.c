// Shows _exit: no handler of atexit runs and no buffer is written.
// build: cc -g -O0
// process main: exit 4
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void at_exit(void) {             // miss
    printf("never\n");                  // miss
}                                       // miss

int main(void) {                        // hit
    atexit(at_exit);                    // hit
    dprintf(1, "written\n");            // hit
    fputs("lost", stdout);              // hit
    _exit(4);                           // hit
}
