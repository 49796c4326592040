// Shows a program that has a handler for SIGTRAP, and a thread that blocks every signal, before one attaches. At capital
// letters both threads run new code at the same time, at others one after the other.
// build: cc -g -O0 -pthread
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static volatile sig_atomic_t traps;
static volatile int counter_a, counter_b;
static int requests[2], answers[2];

static void handler(int number) {       // hit
    (void)number;
    traps++;                            // hit
}                                       // hit

static void work_unblocked(void) {      // hit
    counter_a++;                        // hit
    counter_a++;                        // hit
    counter_a++;                        // hit
    counter_a++;                        // hit
    counter_a++;                        // hit
    counter_a++;                        // hit
    counter_a++;                        // hit
    counter_a++;                        // hit
    counter_a++;                        // hit
    counter_a++;                        // hit
    counter_a++;                        // hit
    counter_a++;                        // hit
    counter_a++;                        // hit
    counter_a++;                        // hit
    counter_a++;                        // hit
    counter_a++;                        // hit
}                                       // hit

static void work_blocked(void) {        // hit
    counter_b++;                        // hit
    counter_b++;                        // hit
    counter_b++;                        // hit
    counter_b++;                        // hit
    counter_b++;                        // hit
    counter_b++;                        // hit
    counter_b++;                        // hit
    counter_b++;                        // hit
    counter_b++;                        // hit
    counter_b++;                        // hit
    counter_b++;                        // hit
    counter_b++;                        // hit
    counter_b++;                        // hit
    counter_b++;                        // hit
    counter_b++;                        // hit
    counter_b++;                        // hit
}                                       // hit

static void facts(const char *who) {    // hit
    struct sigaction action;
    sigset_t set;
    sigaction(SIGTRAP, NULL, &action);  // hit
    pthread_sigmask(SIG_SETMASK, NULL, &set); // hit
    dprintf(1, "%s: %d traps, %s, %s\n", who, (int)traps, action.sa_handler == handler ? "handled" : "not handled", // hit
            sigismember(&set, SIGTRAP) ? "blocked" : "not blocked"); // hit
}                                       // hit

static void *blocker(void *argument) {  // miss
    char letter;
    while (read(requests[0], &letter, 1) == 1) { // hit
        work_blocked();                 // hit
        facts("thread");                // hit
        (void)!write(answers[1], &letter, 1); // hit
    }
    return argument;                    // miss
}

int main(void) {                        // miss
    char letter;
    pthread_t thread;
    sigset_t all;
    if (pipe(requests) != 0 || pipe(answers) != 0) // miss
        return 1;
    signal(SIGTRAP, handler);           // miss
    sigfillset(&all);                   // miss
    pthread_sigmask(SIG_SETMASK, &all, NULL); // miss
    pthread_create(&thread, NULL, blocker, NULL); // miss
    sigemptyset(&all);                  // miss
    pthread_sigmask(SIG_SETMASK, &all, NULL); // miss
    dprintf(1, "ready\n");              // miss
    while (read(0, &letter, 1) == 1) {  // hit
        int together = letter < 'a';    // hit
        if (letter == 't' || letter == 'T') // hit
            raise(SIGTRAP);             // hit
        // One line, so that this thread meets no breakpoint while the other one runs, unless it is to.
        if (write(requests[1], &letter, 1) == 1 && !together && read(answers[0], &letter, 1) != 1) // hit
            return 1;                   // miss
        work_unblocked();               // hit
        if (together && read(answers[0], &letter, 1) != 1) // hit
            return 1;                   // miss
        facts("main");                  // hit
    }
    return 0;                           // miss
}
