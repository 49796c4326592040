// Shows abort: SIGABRT with a core dump, though it is blocked and has a handler that returns.
// build: cc -g -O0
// process main: signal 6
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void handler(int number) {           // hit
    dprintf(1, "handled %d\n", number);     // hit
}                                           // hit

int main(void) {                            // hit
    sigset_t all;
    sigfillset(&all);                       // hit
    signal(SIGABRT, handler);               // hit
    sigprocmask(SIG_BLOCK, &all, NULL);     // hit
    abort();                                // hit
}
