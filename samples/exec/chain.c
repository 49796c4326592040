// Shows one pid that execs itself three times: one file, with every program image that it ran.
// build: cc -g -O0
// process main: exit 9
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int last(void) {                         // hit
    puts("last");                               // hit
    return 9;                                   // hit
}                                               // hit

int main(int argc, char **argv) {               // hit
    int left = argc > 1 ? atoi(argv[1]) : 3;    // hit
    char next[12];
    if (left == 0)                              // hit
        return last();                          // hit
    dprintf(1, "%d to go\n", left);             // hit
    snprintf(next, sizeof next, "%d", left - 1); // hit
    execl(argv[0], argv[0], next, (char *)NULL); // hit
    return 1;                                   // miss
}                                               // hit
