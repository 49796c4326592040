// Shows SIGTRAP blocked: it stays blocked over fresh lines, and a pending one stays pending.
// build: cc -g -O0
#include <signal.h>
#include <stdio.h>

static volatile sig_atomic_t calls;

static void handler(int number) {               // hit
    (void)number;
    calls += 1;                                 // hit
}                                               // hit

static int lines(int a) {                       // hit
    a += 1;                                     // hit
    a += 2;                                     // hit
    return a;                                   // hit
}

static void told(const char *when) {            // hit
    sigset_t mask, waiting;
    struct sigaction now;
    sigprocmask(SIG_SETMASK, NULL, &mask);      // hit
    sigpending(&waiting);                       // hit
    sigaction(SIGTRAP, NULL, &now);             // hit
    printf("%s: blocked %d, pending %d, handler %d, calls %d\n", when, sigismember(&mask, SIGTRAP), // hit
           sigismember(&waiting, SIGTRAP), now.sa_handler == handler, calls);
}

int main(void) {                                // hit
    sigset_t trap, old;
    signal(SIGTRAP, handler);                   // hit
    sigemptyset(&trap);                         // hit
    sigaddset(&trap, SIGTRAP);                  // hit
    sigprocmask(SIG_BLOCK, &trap, &old);        // hit
    told("first");                              // hit
    lines(1);                                   // hit
    told("after fresh lines");                  // hit
    raise(SIGTRAP);                             // hit
    told("after raise");                        // hit
    int sum = lines(0) + 1;                     // hit
    sum += 1;                                   // hit
    told("after more fresh lines");             // hit
    sigprocmask(SIG_SETMASK, &old, NULL);       // hit
    told("last");                               // hit
    return sum - 5;                             // hit
}
