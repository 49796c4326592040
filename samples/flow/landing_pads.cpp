// Shows exceptions thrown in the middle of statements and caught elsewhere, with objects to destroy and a switch around.
// build: c++ -g -O0
// build optimised: c++ -g -O2
// build lto: c++ -g -O3 -flto -fcf-protection=full
// build clang: clang++ -g -O2
#include <cstdio>

static volatile int sum, one = 1;

struct Guard {
    int n;
    __attribute__((noinline)) explicit Guard(int m) : n(m) { sum += n; } // hit
    __attribute__((noinline)) ~Guard() { sum -= n; }    // hit
};

__attribute__((noinline)) static int thrower(int n) {
    if (n > 2)                                          // hit
        throw n;                                        // hit
    return n;                                           // hit
}

__attribute__((noinline)) static int middle(int n) {
    Guard guard(1);                                     // hit
    sum += 1;                                           // hit
    int found = thrower(n) + thrower(n + 2);            // hit
    sum += 2;                                           // miss
    return found;
}

__attribute__((noinline)) static int around(int n) {
    int found = 0;
    switch (n) {                                        // hit
    case 0:
        found = 1;
        sum += 3;
        break;
    case 1:
        sum += 4;                                       // hit
        try {
            sum += middle(n);                           // hit
            sum += 5;                                   // miss
        } catch (int caught) {
            sum += caught;                              // hit
            sum += 6;                                   // hit
        }
        sum += 7;
        break;
    case 2:
        sum += 8;
        break;
    case 3:
        sum += 9;                                       // hit
        sum += thrower(n);                              // hit
        sum += 10;
        break;
    case 4:
        sum += 11;
        break;
    }
    return found + sum;
}

int main() {
    std::printf("%d\n", around(one));                   // hit
    try {
        around(one + 2);                                // hit
        sum += 12;                                      // miss
    } catch (int caught) {
        sum += caught;                                  // hit
    }
    std::printf("%d\n", sum);                           // hit
    return 0;
}
