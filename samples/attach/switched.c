// Shows a service whose context is switched while it runs: threads that compute all the time, requests, and a child.
// build: cc -g -O0 -pthread
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 3 };

static volatile int stop, mode;
static volatile long sum, rounds[THREADS];

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

/* When it is over, every thread computes the other. */
static void turn(void) {
    mode = 1;
    for (int i = 0; i < THREADS; i++)
        for (long before = rounds[i]; rounds[i] < before + 2;)
            usleep(100);
}

static void *compute(void *argument) {
    while (!stop) {
        if (mode)
            even();
        else
            odd();
        rounds[(long)argument]++;
    }
    return argument;
}

int main(void) {
    char letter;
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, compute, (void *)(long)i);
    dprintf(1, "ready\n");
    while (read(0, &letter, 1) == 1) {
        if (letter == 'a')
            alpha();
        else if (letter == 'b')
            beta();
        else if (letter == 'm')
            turn();
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
