// Shows a fault in the middle of straight-line code whose handler ends the process.
// build: cc -g -O0
// build optimised: cc -g -O2
// build clang: clang -g -O2
// process main: exit 4
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static volatile int sum;
static int *volatile nowhere;

static void handler(int number) {
    sum += number;                      // hit
    dprintf(1, "%d\n", sum);            // hit
    _exit(4);                           // hit
}

int main(void) {
    signal(SIGSEGV, handler);           // hit
    sum += 1;                           // hit
    sum += 2;                           // hit
    sum += *nowhere;                    // hit
    sum += 3;                           // miss
    sum += 4;                           // miss
    return sum;                         // miss
}
