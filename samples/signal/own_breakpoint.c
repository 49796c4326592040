// Shows a program's own int3 with a handler for it: the handler finds the address just behind the instruction.
// build: cc -g -O0
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <ucontext.h>

extern char behind[];
static volatile sig_atomic_t calls, code, exact;

static void handler(int number, siginfo_t *info, void *context) { // hit
    ucontext_t *at = context;                   // hit
    (void)number;
    calls += 1;                                 // hit
    code = info->si_code;                       // hit
    exact += at->uc_mcontext.gregs[REG_RIP] == (greg_t)behind; // hit
}                                               // hit

static void trap(void) {                        // hit
    __asm__ volatile("int3\nbehind:");
}                                               // hit

int main(void) {                                // hit
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO}; // hit
    sigaction(SIGTRAP, &action, NULL);          // hit
    for (int i = 0; i < 3; i++)                 // hit
        trap();                                 // hit
    printf("%d calls, from the kernel %d, exact %d\n", calls, code == SI_KERNEL, exact); // hit
    return 0;                                   // hit
}
