// Shows a switch compiled to a jump table, dense and with holes.
// build: cc -g -O0
// build optimised: cc -g -O2 -fno-tree-switch-conversion
// build clang: clang -g -O1
#include <stdio.h>

static volatile int seen;

static void chosen(int n) {
    switch (n) {                // hit
    case 0:
        seen += 3;              // hit
        break;
    case 1:
        seen *= 5;              // miss
        break;
    case 2:
        seen ^= 7;              // hit
        break;
    case 3:
        seen -= 9;              // miss
        break;
    case 4:
        seen |= 64;             // hit
        break;
    case 6:
        seen <<= 2;             // hit
        break;
    case 9:
        seen %= 11;             // miss
        break;
    default:
        seen += 1000;           // hit
    }
}

int main(void) {
    static const volatile int numbers[] = {0, 2, 4, 6, 7};
    for (int i = 0; i < 5; i++) // hit
        chosen(numbers[i]);     // hit
    printf("%d\n", seen);       // hit
    return 0;
}
