// Shows switches whose tables lead behind the function's end for cases that cannot be, and cases that fall into others.
// build: cc -g -O0
// build optimised: cc -g -O2
// build endbr: cc -g -O2 -fcf-protection=full
// build lto: cc -g -O3 -flto
// build absolute: cc -g -O2 -fno-pie -no-pie
// build clang: clang -g -O1
// build clang_absolute: clang -g -O2 -fno-pie -no-pie
// build clang_size: clang -g -Os -ffunction-sections
#include <stdio.h>

static volatile int seen;

__attribute__((noinline)) static int chosen(int n) {
    switch (n) {                // hit
    case 0:
        seen += 1;              // miss
        seen *= 2;              // miss
    case 1:
        seen += 3;              // miss
        seen *= 4;              // miss
    case 2:
        seen += 5;
        seen *= 6;
        return 1;
    case 3:
        __builtin_unreachable();
    case 4:
        seen += 7;              // miss
        seen *= 8;              // miss
    case 5:
        seen += 9;              // hit
        seen *= 10;             // hit
    case 7:
        seen += 11;
        seen *= 12;
        return 2;
    default:
        __builtin_unreachable();
    }
}

__attribute__((noinline)) static int nested(int n, int m) {
    switch (n) {                // hit
    case 10:
        seen += 1;              // hit
        switch (m) {
        case 0:
            seen += 2;
        case 1:
            seen += 3;          // hit
        case 2:
            seen += 4;          // hit
        case 3:
            seen += 5;          // hit
            break;
        case 4:
            seen += 6;
        }
        seen += 7;              // hit
    case 2000:
        seen += 8;
        break;
    case 300000:
        seen += 9;
    }
    return seen;                // hit
}

int main(void) {
    static const volatile int numbers[] = {5, 7, 2};
    for (int i = 0; i < 3; i++)
        printf("%d\n", chosen(numbers[i])); // hit
    printf("%d\n", nested(numbers[0] * 2, 1)); // hit
    return 0;
}
