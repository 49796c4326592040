// Shows faults and traps in the middle of straight-line code, whose handler jumps away or goes on behind them.
// build: cc -g -O0
// build optimised: cc -g -O2
// build fast: cc -g -O3 -flto -fcf-protection=full
// build absolute: cc -g -O2 -fno-pie -no-pie -fno-plt
// build clang: clang -g -O2
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>

static volatile int sum, zero, skipped;
static int *volatile nowhere;
static sigjmp_buf back;

static void handler(int number, siginfo_t *info, void *context) {
    (void)info;
    if (skipped) {                                      // hit
        ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += skipped; // hit
        skipped = 0;                                    // hit
    } else {
        siglongjmp(back, number);                       // hit
    }
}

__attribute__((noinline)) static void load(void) {
    sum += 1;                                           // hit
    sum += 2;                                           // hit
    sum += *nowhere;                                    // hit
    sum += 3;                                           // miss
    sum += 4;                                           // miss
}

__attribute__((noinline)) static void division(void) {
    sum += 1;                                           // hit
    sum += 2;                                           // hit
    sum += 7 / zero;                                    // hit
    sum += 3;                                           // miss
    sum += 4;                                           // miss
}

__attribute__((noinline)) static void step(void) {
    sum += 1;                                           // hit
    sum += 2;                                           // hit
    __asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq; nop" : : : "memory", "cc"); // hit
    sum += 3;
    sum += 4;                                           // miss
    sum += 5;                                           // miss
}

__attribute__((noinline)) static void goes_on(void) {
    skipped = 2;                                        // hit
    sum += 1;                                           // hit
    __asm__ volatile("movl (%%rax), %%eax" : : "a"(nowhere) : "memory"); // hit
    sum += 2;                                           // hit
    sum += 3;                                           // hit
}

int main(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGSEGV, &action, NULL);                  // hit
    sigaction(SIGFPE, &action, NULL);                   // hit
    sigaction(SIGTRAP, &action, NULL);                  // hit
    static void (*const all[])(void) = {load, division, step, goes_on};
    for (volatile int i = 0; i < 4; i++) {              // hit
        int number = sigsetjmp(back, 1);
        if (number == 0)                                // hit
            all[i]();                                   // hit
        else
            printf("left by %d\n", number);             // hit
    }
    printf("%d\n", sum);                                // hit
    return 0;                                           // hit
}
