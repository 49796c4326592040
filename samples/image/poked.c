// Shows a program that patches its running code by int3: over an instruction's first byte, then the rest, then that byte.
// build: cc -g -O0 -pthread
// process parent: exit 0
// process child of parent: exit 3
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

enum { LENGTH = 5, ROUNDS = 200, THREADS = 3 };
typedef volatile unsigned char *Code;
static volatile int traps, strange, offs, ons, early_ons, stop;

/* A no-op that becomes a jump. The jump behind it ends the line, of which nothing else tells, so a breakpoint is there. */
#define KEY(name) ".globl " name "\n" name ": %{disp8%} nopl 0(%%rax,%%rax,1)\n jmp %l[off]"
extern unsigned char late_key[], late_on[], early_key[], early_on[];

__attribute__((noipa)) static int late(int skips) {             // hit
    if (skips)                                                  // hit
        goto off;                                               // miss
    __asm__ goto(KEY("late_key") : : : : on, off);              // hit
on:
    __asm__ volatile(".globl late_on\nlate_on:");
    __atomic_add_fetch(&ons, 1, __ATOMIC_RELAXED);              // hit
    return 1;                                                   // hit
off:
    __atomic_add_fetch(&offs, 1, __ATOMIC_RELAXED);             // hit
    return 0;                                                   // hit
}

__attribute__((noipa)) static int early(int skips) {            // hit @parent
    if (skips)                                                  // hit @parent
        goto off;                                               // miss
    __asm__ goto(KEY("early_key") : : : : on, off);             // hit @parent
on:
    __asm__ volatile(".globl early_on\nearly_on:");
    __atomic_add_fetch(&early_ons, 1, __ATOMIC_RELAXED);        // hit @parent
    return 1;                                                   // hit @parent
off:
    return 0;                                                   // hit @parent
}

static void handler(int number, siginfo_t *info, void *context) { // hit
    greg_t *ip = &((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP]; // hit
    (void)number, (void)info;
    strange += *ip - 1 != (greg_t)late_key && *ip - 1 != (greg_t)early_key; // hit
    *ip += LENGTH - 1;                                          // hit
    __atomic_add_fetch(&traps, 1, __ATOMIC_RELAXED);            // hit
}                                                               // hit

/* Every thread goes on with what is there now. */
static void sync_code(void) {                                   // hit
    syscall(SYS_membarrier, 1 << 5, 0, 0);                      // hit
}                                                               // hit

static void begin(Code at) {                                    // hit
    *at = 0xcc;                                                 // hit
    sync_code();                                                // hit
}                                                               // hit

static void go_on(Code at, const unsigned char *code) {         // hit @parent
    memcpy((void *)(at + 1), code + 1, LENGTH - 1);             // hit @parent
    sync_code();                                                // hit @parent
}                                                               // hit @parent

static void finish(Code at, const unsigned char *code) {        // hit @parent
    *at = code[0];                                              // hit @parent
    sync_code();                                                // hit @parent
}                                                               // hit @parent

static void poke(Code at, const unsigned char *code) {          // hit @parent
    begin(at);                                                  // hit @parent
    go_on(at, code);                                            // hit @parent
    finish(at, code);                                           // hit @parent
}                                                               // hit @parent

static void *work(void *unused) {                               // hit @parent
    do
        late(0), early(0);                                      // hit @parent
    while (!stop);                                              // hit @parent
    return unused;                                              // hit @parent
}

static void jump(unsigned char *code, const unsigned char *from, const unsigned char *to) { // hit @parent
    int32_t distance = (int32_t)(to - from - LENGTH);           // hit @parent
    code[0] = 0xe9;                                             // hit @parent
    memcpy(code + 1, &distance, sizeof distance);               // hit @parent
}                                                               // hit @parent

int main(void) {                                                // hit @parent
    uintptr_t page = (uintptr_t)late_key & ~4095UL;             // hit @parent
    mprotect((void *)page, 8192, PROT_READ | PROT_WRITE | PROT_EXEC); // hit @parent
    syscall(SYS_membarrier, 1 << 6, 0, 0);                      // hit @parent
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO}; // hit @parent
    sigaction(SIGTRAP, &action, NULL);                          // hit @parent
    unsigned char nop[LENGTH] = {0x0f, 0x1f, 0x44, 0, 0}, to_late[LENGTH], to_early[LENGTH]; // hit @parent
    jump(to_late, late_key, late_on);                           // hit @parent
    jump(to_early, early_key, early_on);                        // hit @parent

    /* One line has run before it is patched, the other one has not. Each state on the way is met. */
    int was = late(0);                                          // hit @parent
    begin(late_key);                                            // hit @parent
    was += late(0);                                             // hit @parent
    go_on(late_key, to_late);                                   // hit @parent
    was += late(0);                                             // hit @parent
    finish(late_key, to_late);                                  // hit @parent
    int is = late(0);                                           // hit @parent
    printf("ran before: off %d, on %d, %d traps\n", was == 0, is, traps); // hit @parent
    begin(early_key);                                           // hit @parent
    go_on(early_key, to_early);                                 // hit @parent
    was = early(0);                                             // hit @parent
    finish(early_key, to_early);                                // hit @parent
    is = early(0);                                              // hit @parent
    printf("never ran: off %d, on %d, %d traps\n", was == 0, is, traps); // hit @parent

    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)                           // hit @parent
        pthread_create(&threads[i], NULL, work, NULL);          // hit @parent
    poke(early_key, nop);                                       // hit @parent
    for (int i = 0; i < ROUNDS; i++) {                          // hit @parent
        poke(late_key, nop);                                    // hit @parent
        poke(late_key, to_late);                                // hit @parent
    }
    poke(late_key, nop);                                        // hit @parent
    stop = 1;                                                   // hit @parent
    for (int i = 0; i < THREADS; i++)                           // hit @parent
        pthread_join(threads[i], NULL);                         // hit @parent
    printf("threads: off %d, on %d, early on %d, strange %d\n", offs > 0, ons > 0, early_ons > 0, strange); // hit @parent

    /* Its child has the breakpoint, too. */
    begin(late_key);                                            // hit @parent
    traps = 0;                                                  // hit @parent
    fflush(stdout);                                             // hit @parent
    if (fork() == 0) {                                          // hit @parent @child
        begin(late_key);                                        // hit @child
        _exit(late(0) + late(0) == 0 && traps == 2 ? 3 : 4);    // hit @child
    }
    wait(NULL);                                                 // hit @parent
    is = late(0);                                               // hit @parent
    printf("forked: off %d, %d traps\n", is == 0, traps);       // hit @parent
    return 0;                                                   // hit @parent
}
