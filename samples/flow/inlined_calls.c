// Shows calls of functions that are inlined: the line of the call has no instruction of its own.
// build: gcc -g -O0
// build clang: clang -g -O0
// build optimised: gcc -g -O2
// build clang_optimised: clang -g -O2
#include <stdio.h>

static volatile int sum;

static inline __attribute__((always_inline)) int added(const int *numbers, int count) {
    int all = 0;
    for (int i = 0; i < count; i++)                     // hit
        all += numbers[i];                              // hit
    if (all == 77)                                      // hit
        sum = 1;                                        // miss
    return all;
}

__attribute__((noinline)) static int outer(const int *numbers, int count) {
    return added(numbers, count);                       // hit
}

__attribute__((noinline)) static int never(const int *numbers, int count) {
    return added(numbers, count);                       // miss
}

int main(int argc, char **argv) {
    const int numbers[3] = {1, 2, argc};
    int (*volatile of)(const int *, int) = argc > 9 ? never : outer;
    printf("%d\n", of(numbers, 3));                     // hit
    return argv[0] == 0;
}
