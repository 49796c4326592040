// Shows SIGSEGV in the middle of a line: that line and those before it ran, those after it did not.
// build: cc -g -O0
// process main: signal 11
#include <stdio.h>
#include <unistd.h>

static int *volatile nowhere;

static int one(void) {          // hit
    dprintf(1, "one\n");        // hit
    return 1;                   // hit
}                               // hit

int main(void) {                // hit
    int sum = one();            // hit
    sum += one() + *nowhere;    // hit
    dprintf(1, "%d\n", sum);    // miss
    return 0;                   // miss
}                               // miss
