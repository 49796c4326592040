// Shows one line with many statements, one statement over many lines, a loop in a macro, and no newline at the end.
// build: cc -g -O0
#include <stdio.h>

#define TIMES(n, what)                          \
    for (int i = 0; i < (n); i++) {             \
        what;                                   \
    }

static int add(int a, int b) { return a + b; }  // hit
static int never(int a) { return a; }           // miss

int main(int argc, char **argv) {               // hit
    (void)argv;
    int sum = 0; sum += 1; sum += 2;            // hit
    TIMES(3, sum += add(sum, 1))                // hit
    sum = add(                                  // hit
        add(sum, 2),
        argc > 9 ? never(1) : add(1, 1));
    printf("%d\n", sum); return 0;              // hit
}
