// Shows a handler that runs with every signal blocked, on an alternate stack, and runs fresh lines there.
// build: cc -g -O0
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static char alternate[65536];
static int inside, nested, mask_full;

static int fresh(void) {                            // hit
    return 5;                                       // hit
}

static void handler(int number) {                   // hit
    char here;
    sigset_t now;
    inside = &here >= alternate && &here < alternate + sizeof alternate; // hit
    sigprocmask(SIG_SETMASK, NULL, &now);           // hit
    mask_full = 0;                                  // hit
    for (int n = 1; n < 65; n++)                    // hit
        mask_full += sigismember(&now, n) == 1;     // hit
    nested += number == SIGUSR1 ? fresh() : 1;      // hit
    raise(SIGUSR1);                                 // hit
    signal(SIGUSR1, SIG_IGN);                       // hit
}

int main(void) {                                    // hit
    stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate}; // hit
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK}; // hit
    sigset_t now;
    sigaltstack(&stack, NULL);                      // hit
    sigfillset(&action.sa_mask);                    // hit
    sigaction(SIGUSR1, &action, NULL);              // hit
    raise(SIGUSR1);                                 // hit
    sigprocmask(SIG_SETMASK, NULL, &now);           // hit
    printf("on its stack %d, nested %d, blocked %d, afterwards %d\n", inside, nested, mask_full, // hit
           sigismember(&now, SIGTRAP));
    return 0;                                       // hit
}
