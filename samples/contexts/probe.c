// Shows a program that says itself in which context it is: a test runner of its own.
// build: cc -g -O0
// build: cc -g -O2
// build: clang -g -O0
// process runner: exit 0
// process child of runner: exit 7
#include "cov_trace_context.h"
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int sum;

static void __attribute__((noinline)) add(void) {
    sum += 1; // hit @runner
}

static void __attribute__((noinline)) subtract(void) {
    sum -= 1; // hit @runner
}

static void __attribute__((noinline)) in_child(void) {
    sum += 2; // hit @child
}

static void __attribute__((noinline)) both(void) {
    sum *= 2; // hit @runner
}

static void test_add(void) {
    add();  // hit @runner
    both(); // hit @runner
}

static void test_subtract(void) {
    subtract();       // hit @runner
    both();           // hit @runner
    int pid = fork(); // hit @runner
    if (pid == 0) { // hit @runner @child
        in_child();   // hit @child
        _exit(7);     // hit @child
    }
    wait(NULL); // hit @runner
}

int main(void) {
    const struct {
        const char *name;
        void (*run)(void);
    } tests[] = {{"add, twice", test_add}, {"subtract", test_subtract}};
    both(); // hit @runner
    for (int i = 0; i < 2; i++) {
        COV_TRACE_CONTEXT(tests[i].name);
        tests[i].run(); // hit @runner
        COV_TRACE_CONTEXT(NULL);
    }
    printf("%d\n", sum); // hit @runner
    return 0;
}
