// Shows indirect functions, whose resolvers run while the program is relocated, before its constructors.
// build: cc -g -O0
// build static: cc -g -O0 -static
#include <stdio.h>

static int chosen(int a) {                          // hit
    return a + 1;                                   // hit
}

static int other(int a) {                           // miss
    return a - 1;                                   // miss
}

static volatile int wanted = 1;

__attribute__((used)) static int (*resolver(void))(int) {
    return wanted ? chosen : other;                 // hit
}

int indirect(int a) __attribute__((ifunc("resolver")));

int main(void) {                                    // hit
    printf("%d\n", indirect(1));                    // hit
    return 0;                                       // hit
}
