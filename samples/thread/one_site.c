// Shows eight threads that reach one line together, round after round.
// build: cc -g -O0 -pthread
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

enum { THREADS = 8, SITES = 8 };

static pthread_barrier_t barrier;
static atomic_int sum;

static void a(void) { sum += 1; }       // hit
static void b(void) { sum += 2; }       // hit
static void c(void) { sum += 3; }       // hit
static void d(void) { sum += 4; }       // hit
static void e(void) { sum += 5; }       // hit
static void f(void) { sum += 6; }       // hit
static void g(void) { sum += 7; }       // hit
static void h(void) { sum += 8; }       // hit
static void i(void) { sum += 9; }       // miss
static void (*const sites[])(void) = {a, b, c, d, e, f, g, h, i};

static void *run(void *argument) {                      // hit
    (void)argument;
    for (int site = 0; site < SITES; site++) {          // hit
        pthread_barrier_wait(&barrier);                 // hit
        sites[site]();                                  // hit
    }
    return NULL;                                        // hit
}

int main(void) {                                        // hit
    pthread_t threads[THREADS];
    pthread_barrier_init(&barrier, NULL, THREADS);      // hit
    for (int n = 0; n < THREADS; n++)                   // hit
        pthread_create(&threads[n], NULL, run, NULL);   // hit
    for (int n = 0; n < THREADS; n++)                   // hit
        pthread_join(threads[n], NULL);                 // hit
    printf("sum %d\n", sum);                            // hit
    return 0;                                           // hit
}
