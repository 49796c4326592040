// Shows functions that share lines with others: instances of templates, two on one line, made by a macro, lambdas.
// build: c++ -g -O0
// build optimized: c++ -g -O2
// build clang: clang++ -g -O0
// build clang_optimized: clang++ -g -O2
#include <unistd.h>

template <class T> __attribute__((noinline)) T twice_of(T value) {
    T sum = 0;
    for (volatile int i = 0; i < 2; i++)                            // hit
        sum += value;
    return sum;
}

static __attribute__((noinline)) int left(volatile int x) { return x + 1; } static __attribute__((noinline)) int right(volatile int x) { return x - 1; }

#define MAKE(name, by) static __attribute__((noinline)) int name(volatile int x) { return x * by; }
MAKE(made, 3) MAKE(unmade, 5)

int main(int argc, char **) {
    volatile int always = argc;
    auto used = [](volatile int x) __attribute__((noinline)) {
        return x + 1;
    };
    auto unused = [](volatile int x) __attribute__((noinline)) {
        return x - 1;
    };
    if (always > 5)
        return twice_of(1.5) + right(2) + unmade(3) + unused(4);    // miss
    for (int i = 0; i < 2; i++)
        write(-1, "", twice_of(always));
    return made(always) + left(1) + used(3) - 9;
}
