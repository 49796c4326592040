// Shows a program's own handler of SIGTRAP: called for its own raise only, with flags and mask as it set them.
// build: cc -g -O0
#include <signal.h>
#include <stdio.h>

static volatile sig_atomic_t calls, code;

static void handler(int number, siginfo_t *info, void *context) { // hit
    (void)number, (void)context;
    calls += 1;                                 // hit
    code = info->si_code;                       // hit
}                                               // hit

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
    printf("%s: its own %d, siginfo %d, SIGUSR2 in its mask %d, blocked %d, calls %d\n", when, // hit
           now.sa_sigaction == handler, (now.sa_flags & SA_SIGINFO) != 0, sigismember(&now.sa_mask, SIGUSR2),
           sigismember(&mask, SIGTRAP), calls);
}

int main(void) {                                // hit
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO}; // hit
    sigaddset(&action.sa_mask, SIGUSR2);        // hit
    sigaction(SIGTRAP, &action, NULL);          // hit
    told("first");                              // hit
    int sum = lines(1);                         // hit
    told("after fresh lines");                  // hit
    raise(SIGTRAP);                             // hit
    printf("sent by tgkill: %d\n", code == SI_TKILL); // hit
    told("last");                               // hit
    return sum - 4;                             // hit
}
