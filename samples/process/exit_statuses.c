// Shows what a parent learns of its children's ends through waitid and SIGCHLD's siginfo.
// build: cc -g -O0
// process parent: exit 0
// process two_hundred of parent: exit 200
// process high of parent: exit 255
// process quit of parent: signal 3
// process bus of parent: signal 7
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t code, status;

static void ended(int number, siginfo_t *info, void *context) {    // hit @parent
    (void)context;
    code = number == SIGCHLD ? info->si_code : -1;                  // hit @parent
    status = info->si_status;                                       // hit @parent
}                                                                   // hit @parent

static void observe(int end) {                                      // hit @parent
    sigset_t child, old;
    sigemptyset(&child);                                            // hit @parent
    sigaddset(&child, SIGCHLD);                                     // hit @parent
    sigprocmask(SIG_BLOCK, &child, &old);                           // hit @parent
    pid_t pid = fork();                                             // hit
    if (pid == 0) {                                                 // hit
        if (end < 0)                                                // hit @two_hundred @high @quit @bus
            raise(-end);                                            // hit @quit @bus
        _exit(end);                                                 // hit @two_hundred @high
    }
    sigsuspend(&old);                                               // hit @parent
    siginfo_t info = {0};                                           // hit @parent
    waitid(P_PID, pid, &info, WEXITED);                             // hit @parent
    int dumped = info.si_code == CLD_DUMPED || info.si_code == CLD_KILLED; // hit @parent
    dprintf(1, "exited %d, by signal %d, status %d; SIGCHLD: same code %d, status %d\n", // hit @parent
            info.si_code == CLD_EXITED, dumped, info.si_status, code == info.si_code, status);
    sigprocmask(SIG_SETMASK, &old, NULL);                           // hit @parent
}

int main(void) {                                                    // hit @parent
    struct sigaction action = {.sa_sigaction = ended, .sa_flags = SA_SIGINFO}; // hit @parent
    sigaction(SIGCHLD, &action, NULL);                              // hit @parent
    observe(200);                                                   // hit @parent
    observe(255);                                                   // hit @parent
    observe(-SIGQUIT);                                              // hit @parent
    observe(-SIGBUS);                                               // hit @parent
    return 0;                                                       // hit @parent
}
