// Shows jumps to labels whose addresses are sums: of a label or of what the data holds, and a distance from a table.
// build: cc -g -O0
// build optimised: cc -g -O2
// build absolute: cc -g -O2 -fno-pie -no-pie
// build endbr: cc -g -O2 -fcf-protection=full
// build thunk: gcc -g -O1 -mindirect-branch=thunk
// build thunk_absolute: gcc -g -O1 -fno-pie -no-pie -mindirect-branch=thunk-inline
// build clang: clang -g -O0
// build clang_optimised: clang -g -O2 -fno-pie -no-pie
#include <stdio.h>

static volatile int sum;

__attribute__((noinline)) static int from_label(int n) {
    static const int distances[] = {&&a - &&a, &&b - &&a, &&c - &&a};
    goto *(&&a + distances[n]);
a:
    sum += 1;                   // miss
    sum += 2;                   // miss
b:
    sum += 3;                   // hit
    sum += 4;                   // hit
c:
    sum += 5;                   // hit
    sum += 6;                   // hit
    return sum;
}

__attribute__((noinline)) static int from_data(int n) {
    static const int distances[] = {&&a - &&a, &&b - &&a, &&c - &&a};
    static void *volatile base = &&a;
    goto *(base + distances[n]);
a:
    sum += 1;                   // miss
    sum += 2;                   // miss
b:
    sum += 3;                   // hit
    sum += 4;                   // hit
c:
    sum += 5;                   // hit
    sum += 6;                   // hit
    return sum;
}

__attribute__((noinline)) static int from_packed(int n) {
    static const struct {
        char before;
        const void *label;
    } __attribute__((packed)) places[] = {{0, &&a}, {0, &&b}, {0, &&c}};
    goto *places[n].label;
a:
    sum += 1;                   // miss
    sum += 2;                   // miss
b:
    sum += 3;                   // hit
    sum += 4;                   // hit
c:
    sum += 5;                   // hit
    sum += 6;                   // hit
    return sum;
}

int main(void) {
    volatile int n = 2;
    printf("%d %d\n", from_label(n), from_label(n - 1)); // hit
    printf("%d %d\n", from_data(n), from_data(n - 1)); // hit
    printf("%d %d\n", from_packed(n), from_packed(n - 1)); // hit
    return 0;
}
