// Shows signals taken without a handler: sigwaitinfo, signalfd and sigtimedwait, from threads and processes.
// build: cc -g -O0 -pthread
// process parent: exit 0
// process child of parent: exit 1
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

static void *sender(void *argument) {                           // hit @parent
    pthread_kill(*(pthread_t *)argument, SIGUSR1);              // hit @parent
    return NULL;                                                // hit @parent
}

int main(void) {                                                // hit @parent
    sigset_t set;
    siginfo_t info;
    pthread_t self = pthread_self(), thread;                    // hit @parent
    sigemptyset(&set);                                          // hit @parent
    sigaddset(&set, SIGUSR1);                                   // hit @parent
    sigaddset(&set, SIGCHLD);                                   // hit @parent
    sigprocmask(SIG_BLOCK, &set, NULL);                         // hit @parent
    pthread_create(&thread, NULL, sender, &self);               // hit @parent
    sigwaitinfo(&set, &info);                                   // hit @parent
    pthread_join(thread, NULL);                                 // hit @parent
    dprintf(1, "sigwaitinfo: %d, own pid %d\n", info.si_signo, info.si_pid == getpid()); // hit @parent
    pid_t pid = fork();                                         // hit
    if (pid == 0)                                               // hit @parent @child
        _exit(1);                                               // hit @child
    int file = signalfd(-1, &set, 0);                           // hit @parent
    struct signalfd_siginfo facts;
    if (read(file, &facts, sizeof facts) != sizeof facts)       // hit @parent
        return 1;                                               // miss
    dprintf(1, "signalfd: %u, child's %d, status %d\n", facts.ssi_signo, (pid_t)facts.ssi_pid == pid, // hit @parent
            facts.ssi_status);
    wait(NULL);                                                 // hit @parent
    struct timespec short_time = {0, 1000000};                  // hit @parent
    dprintf(1, "sigtimedwait: %d\n", sigtimedwait(&set, &info, &short_time)); // hit @parent
    return 0;                                                   // hit @parent
}
