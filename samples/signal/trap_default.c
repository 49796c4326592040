// Shows SIGTRAP left at its default: untouched to the end, though the process runs line after line.
// build: cc -g -O0
#include <signal.h>
#include <stdio.h>

static int lines(int a) {                       // hit
    a += 1;                                     // hit
    a += 2;                                     // hit
    return a;                                   // hit
}

static void told(const char *when) {            // hit
    struct sigaction now;
    sigset_t mask;
    sigaction(SIGTRAP, NULL, &now);             // hit
    sigprocmask(SIG_SETMASK, NULL, &mask);      // hit
    printf("%s: default %d, flags %d, blocked %d\n", when, now.sa_handler == SIG_DFL, now.sa_flags, // hit
           sigismember(&mask, SIGTRAP));
}

int main(void) {                                // hit
    told("first");                              // hit
    int sum = lines(1);                         // hit
    told("last");                               // hit
    return sum - 4;                             // hit
}
