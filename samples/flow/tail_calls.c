// Shows optimised code: tail calls, functions split into hot and cold parts, inlined ones.
// build: cc -g -O2
// build clang: clang -g -O2
#include <stdio.h>
#include <stdlib.h>

static volatile int sink;

__attribute__((noinline)) static int odd(unsigned n);

__attribute__((noinline)) static int even(unsigned n) {
    if (n == 0)                         // hit
        return sink;
    sink += 1;                          // hit
    return odd(n - 1);
}

__attribute__((noinline)) static int odd(unsigned n) {
    if (n == 0)
        return -1;
    sink += 2;                          // hit
    return even(n - 1);
}

__attribute__((noinline, cold)) static void unlikely(int n) {
    fprintf(stderr, "unlikely %d\n", n); // miss
    abort();                            // miss
}

int main(int argc, char **argv) {
    (void)argv;
    int n = even(10);                   // hit
    if (__builtin_expect(argc > 5, 0))  // hit
        unlikely(n);                    // miss
    printf("%d\n", n);                  // hit
    return 0;
}
