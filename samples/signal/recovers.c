// Shows a program that recovers from SIGSEGV, SIGFPE and SIGILL with siglongjmp, and skips a fault in its handler.
// build: cc -g -O0
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>

static sigjmp_buf back;
static volatile int zero;
static int *volatile nowhere;
static char *page;

static void handler(int number) {                   // hit
    siglongjmp(back, number);                       // hit
}

static void makes_writable(int number) {            // hit
    (void)number;
    mprotect(page, 4096, PROT_READ | PROT_WRITE);   // hit
}                                                   // hit

static int fault(int which) {                       // hit
    if (which == 0)                                 // hit
        return *nowhere;                            // hit
    if (which == 1)                                 // hit
        return 7 / zero;                            // hit
    __asm__ volatile("ud2");                        // hit
    return 0;                                       // miss
}

int main(void) {                                    // hit
    signal(SIGSEGV, handler);                       // hit
    signal(SIGFPE, handler);                        // hit
    signal(SIGILL, handler);                        // hit
    for (volatile int which = 0; which < 3; which++) { // hit
        int number = sigsetjmp(back, 1);            // hit
        if (number == 0)                            // hit
            fault(which);                           // hit
        else
            printf("recovered from %d\n", number);  // hit
    }
    page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); // hit
    signal(SIGSEGV, makes_writable);                // hit
    *page = 7;                                      // hit
    printf("written %d\n", *page);                  // hit
    return 0;                                       // hit
}
