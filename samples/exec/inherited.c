// Shows what an exec keeps: mask, ignored and pending signals, descriptors, limits, alarm; and what it does not.
// build: cc -g -O0
// process main: exit 3
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static void handler(int number) {                       // miss
    (void)number;
}                                                       // miss

static int after(void) {                                // hit
    struct sigaction ignored, handled;
    struct rlimit limit;
    sigset_t mask, waiting;
    sigprocmask(SIG_SETMASK, NULL, &mask);              // hit
    sigpending(&waiting);                               // hit
    sigaction(SIGUSR1, NULL, &ignored);                 // hit
    sigaction(SIGUSR2, NULL, &handled);                 // hit
    getrlimit(RLIMIT_CORE, &limit);                     // hit
    printf("TRAP blocked %d and pending %d, HUP blocked %d\n", sigismember(&mask, SIGTRAP), // hit
           sigismember(&waiting, SIGTRAP), sigismember(&mask, SIGHUP));
    printf("USR1 ignored %d, USR2 default %d\n", ignored.sa_handler == SIG_IGN, handled.sa_handler == SIG_DFL); // hit
    printf("kept %d, closed %d, limit %d, alarm %d\n", fcntl(10, F_GETFD), fcntl(11, F_GETFD), (int)limit.rlim_cur, // hit
           alarm(0) > 0);
    return 3;                                           // hit
}

int main(int argc, char **argv) {                       // hit
    struct rlimit limit = {0, 0};                       // hit
    sigset_t set;
    if (argc > 1)                                       // hit
        return after();                                 // hit
    sigemptyset(&set);                                  // hit
    sigaddset(&set, SIGTRAP);                           // hit
    sigaddset(&set, SIGHUP);                            // hit
    sigprocmask(SIG_BLOCK, &set, NULL);                 // hit
    raise(SIGTRAP);                                     // hit
    signal(SIGUSR1, SIG_IGN);                           // hit
    signal(SIGUSR2, handler);                           // hit
    setrlimit(RLIMIT_CORE, &limit);                     // hit
    dup2(1, 10);                                        // hit
    dup2(1, 11);                                        // hit
    fcntl(11, F_SETFD, FD_CLOEXEC);                     // hit
    alarm(100);                                         // hit
    execl(argv[0], argv[0], "after", (char *)NULL);     // hit
    return 1;                                           // miss
}
