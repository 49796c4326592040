// Shows a process that runs some lines and not others.
// build: cc -g -O0
// process main: exit 6
#include <stdio.h>

static int larger(int a, int b) {   // hit
    if (a > b)                      // hit
        return a;                   // hit
    return b;                       // miss
}                                   // hit

static int never_called(int a) {    // miss
    return a + 1;                   // miss
}                                   // miss

int main(int argc, char **argv) {   // hit
    (void)argv;
    int sum = 0;                    // hit
    for (int i = 0; i < 3; i++)     // hit
        sum += larger(i + 1, i);    // hit
    if (argc > 1)                   // hit
        sum = never_called(sum);    // miss
    printf("sum %d\n", sum);        // hit
    return sum;                     // hit
}                                   // hit
