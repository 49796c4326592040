// Shows an interpreter's dispatch through computed gotos, whose targets only the data names.
// build: cc -g -O0
// build optimised: cc -g -O2
#include <stdio.h>

int main(void) {
    static const void *const targets[] = {&&push, &&add, &&negate, &&end};
    static const volatile unsigned char program[] = {0, 0, 1, 0, 1, 3};
    const volatile unsigned char *next = program;
    volatile int stack[8];
    volatile int top = 0;                                       // hit
    goto *targets[*next++];
push:
    stack[top] = top + 1;                                       // hit
    top += 1;                                                   // hit
    goto *targets[*next++];
add:
    top -= 1;                                                   // hit
    stack[top - 1] += stack[top];                               // hit
    goto *targets[*next++];
negate:
    stack[top - 1] = -stack[top - 1];                           // miss
    goto *targets[*next++];
end:
    printf("%d\n", stack[top - 1]);                             // hit
    return 0;                                                   // hit
}
