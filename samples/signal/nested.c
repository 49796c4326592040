// Shows handlers that interrupt handlers at lines that run for the first time, with SA_NODEFER and SA_RESETHAND.
// build: cc -g -O0
#include <signal.h>
#include <stdio.h>

static volatile sig_atomic_t depth, deepest, once;

static void deeper(int number) {                // hit
    depth += 1;                                 // hit
    if (depth > deepest)                        // hit
        deepest = depth;                        // hit
    if (depth < 5)                              // hit
        raise(number);                          // hit
    depth -= 1;                                 // hit
}                                               // hit

static void only_once(int number) {             // hit
    struct sigaction now;
    once += 1;                                  // hit
    sigaction(number, NULL, &now);              // hit
    once += now.sa_handler == SIG_DFL ? 10 : 0; // hit
}                                               // hit

int main(void) {                                // hit
    struct sigaction action = {.sa_handler = deeper, .sa_flags = SA_NODEFER}; // hit
    sigaction(SIGUSR1, &action, NULL);          // hit
    raise(SIGUSR1);                             // hit
    action.sa_handler = only_once;              // hit
    action.sa_flags = SA_RESETHAND;             // hit
    sigaction(SIGUSR2, &action, NULL);          // hit
    raise(SIGUSR2);                             // hit
    printf("deepest %d, depth %d, once %d\n", deepest, depth, once); // hit
    return 0;                                   // hit
}
