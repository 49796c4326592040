// Shows statements of optimized code that have no instruction of their own, and lines of which no statement begins.
// build: gcc -g -O2
// build size: gcc -g -Os
// build debug: gcc -g -Og
// build lto: gcc -g -O2 -flto
#include <stdio.h>
#include <stdlib.h>

static volatile int sum;

static int square(int x)
{
    int y = x + 1;                                      // hit
    return y * y;                                       // hit
}

__attribute__((noinline)) static int total(const int *numbers, int count)
{
    int all = 0;
    for (int i = 0; i < count; i++) {                   // hit
        if (numbers[i] > 2)                             // hit
            all += square(numbers[i]);                  // hit
        else
            all -= 1;                                   // hit
    }
    sum += 1;                                           // hit
    return all;
}                                                       // hit

__attribute__((noinline)) static void never(int n)
{                                                       // miss
    int more = n;                                       // miss
    sum += more;                                        // miss
    if (more > 7)                                       // miss
        exit(more);                                     // miss
}

__attribute__((noinline)) static int kind(int n)
{                                                       // hit
    int found;
    switch (n) {                                        // hit
    case 1:
        sum += 10;                                      // miss
        found = 1;
        break;
    case 2:
        sum += 20;                                      // hit
        found = 2;
        break;
    default:
        sum += 30;                                      // miss
        found = 3;
        break;
    }
    sum += found;                                       // hit
    return found;
}                                                       // hit

int main(int argc, char **argv)
{                                                       // hit
    int numbers[] = {1, 2, 3, argc};                    // hit
    int all = total(numbers, 4);                        // hit
    if (all > 1000)                                     // hit
        never(all);                                     // miss
    printf("%d %d\n", all, kind(argc + 1));             // hit
    return argv[0] == 0;                                // hit
}
