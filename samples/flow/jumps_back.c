// Shows longjmp out of a callee and out of a handler, setjmp that returns twice, and contexts that switch in loops.
// build: cc -g -O0
// build optimised: cc -g -O2
// build fast: cc -g -O3 -flto -fno-plt -fcf-protection=full
// build absolute: cc -g -O2 -fno-pie -no-pie
// build clang: clang -g -O2
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <ucontext.h>

static volatile int sum;
static sigjmp_buf back;
static ucontext_t here, there;
static char stack[65536];

__attribute__((noinline)) static void callee(int n) {
    sum += 1;                                           // hit
    if (n == 3)                                         // hit
        longjmp(back, 5);                               // hit
    sum += 2;                                           // hit
}

__attribute__((noinline)) static int caller(int n) {
    sum += 3;                                           // hit
    callee(n);                                          // hit
    sum += 4;                                           // miss
    sum += 5;                                           // miss
    return sum;                                         // miss
}

static void handler(int number) {
    sum += number;                                      // hit
    siglongjmp(back, 6);                                // hit
}

static void switches(void) {
    for (int i = 0; i < 2; i++) {
        sum += 6;                                       // hit
        swapcontext(&there, &here);                     // hit
        sum += 7;                                       // hit
    }
    sum += 8;                                           // miss
}

int main(void) {
    volatile int twice = 0;
    int n = sigsetjmp(back, 1);                         // hit
    twice += 1;                                         // hit
    if (n == 0) {                                       // hit
        callee(2);                                      // hit
        caller(3);                                      // hit
        sum += 9;
    } else if (n == 5) {
        signal(SIGUSR1, handler);                       // hit
        sum += 10;                                      // hit
        raise(SIGUSR1);                                 // hit
        sum += 11;
    }
    getcontext(&there);
    there.uc_stack.ss_sp = stack;
    there.uc_stack.ss_size = sizeof stack;
    there.uc_link = NULL;
    makecontext(&there, switches, 0);                   // hit
    swapcontext(&here, &there);                         // hit
    sum += 12;                                          // hit
    swapcontext(&here, &there);                         // hit
    printf("%d %d\n", twice, sum);                      // hit
    return 0;
}
