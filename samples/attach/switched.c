// Shows a service whose context is switched while it runs: threads that compute all the time, requests, and a child.
// build: cc -g -O0 -pthread
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 3 };

static volatile int stop, mode;
static volatile long sum;

static void even(void) {
    sum += 2;
    if (sum % 7 == 0)
        sum += 1;
}

static void odd(void) {
    sum += 3;
}

static void alpha(void) {
    sum += 5;
    sum += 6;
}

static void beta(void) {
    sum += 7;
}

static void child(void) {
    sum += 8;
}

static void *compute(void *argument) {
    while (!stop) {
        if (mode)
            even();
        else
            odd();
    }
    return argument;
}

int main(void) {
    char letter;
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, compute, NULL);
    dprintf(1, "ready\n");
    while (read(0, &letter, 1) == 1) {
        if (letter == 'a')
            alpha();
        else if (letter == 'b')
            beta();
        else if (letter == 'm')
            mode = 1;
        else if (letter == 'f') {
            int pid = fork();
            if (pid == 0) {
                child();
                _exit(0);
            }
            waitpid(pid, NULL, 0);
        }
        dprintf(1, "done %c\n", letter);
    }
    stop = 1;
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
