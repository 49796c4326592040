// Shows longjmp out of nested calls: lines behind the jump did not run.
// build: cc -g -O0
// build optimised: cc -g -O1 -fno-inline
#include <setjmp.h>
#include <stdio.h>

static jmp_buf back;

static void inner(int a) {      // hit
    if (a > 1)                  // hit
        longjmp(back, a);       // hit
    printf("inner %d\n", a);    // hit
}

static void outer(int a) {      // hit
    inner(a);                   // hit
    printf("outer %d\n", a);    // hit
    inner(a + 1);               // hit
    printf("never\n");          // miss
}

int main(void) {                // hit
    int a = setjmp(back);       // hit
    if (a == 0)                 // hit
        outer(1);               // hit
    printf("back with %d\n", a); // hit
    return 0;                   // hit
}
