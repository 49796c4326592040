// Shows real-time signals with payloads, from itself and from a child, in order and with siginfo intact.
// build: cc -g -O0
// process parent: exit 0
// process child of parent: exit 4
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t other;
static int count, in_order = 1, intact = 1;

static void handler(int number, siginfo_t *info, void *context) {           // hit @parent
    (void)context;
    in_order &= info->si_value.sival_int == count;                          // hit @parent
    intact &= number == SIGRTMIN + 3 && info->si_code == SI_QUEUE && info->si_pid == other; // hit @parent
    count += 1;                                                             // hit @parent
}                                                                           // hit @parent

static void send(pid_t to, int from) {                                      // hit @parent @child
    for (int i = 0; i < 10; i++)                                            // hit @parent @child
        sigqueue(to, SIGRTMIN + 3, (union sigval){.sival_int = from + i});  // hit @parent @child
}                                                                           // hit @parent @child

int main(void) {                                                            // hit @parent
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO}; // hit @parent
    sigset_t queued, old;
    int status = 0;                                                         // hit @parent
    sigaction(SIGRTMIN + 3, &action, NULL);                                 // hit @parent
    sigemptyset(&queued);                                                   // hit @parent
    sigaddset(&queued, SIGRTMIN + 3);                                       // hit @parent
    sigprocmask(SIG_BLOCK, &queued, &old);                                  // hit @parent
    other = getpid();                                                       // hit @parent
    send(other, 0);                                                         // hit @parent
    sigprocmask(SIG_SETMASK, &old, NULL);                                   // hit @parent
    printf("own: %d, in order %d, intact %d\n", count, in_order, intact);   // hit @parent
    fflush(stdout);                                                         // hit @parent
    sigprocmask(SIG_BLOCK, &queued, &old);                                  // hit @parent
    other = fork();                                                         // hit
    if (other == 0) {                                                       // hit @parent @child
        send(getppid(), 10);                                                // hit @child
        _exit(4);                                                           // hit @child
    }
    waitpid(other, &status, 0);                                             // hit @parent
    sigprocmask(SIG_SETMASK, &old, NULL);                                   // hit @parent
    printf("child's: %d, in order %d, intact %d\n", count, in_order, intact); // hit @parent
    return 0;                                                               // hit @parent
}
