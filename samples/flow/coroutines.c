// Shows coroutines on stacks of their own, switched with swapcontext.
// build: cc -g -O0
#include <stdio.h>
#include <ucontext.h>

static ucontext_t scheduler, first, second;
static char stacks[2][65536];

static void steps(int number) {             // hit
    for (int i = 0; i < 3; i++) {           // hit
        printf("%d: %d\n", number, i);      // hit
        if (number == 1)                    // hit
            swapcontext(&first, &second);   // hit
        else
            swapcontext(&second, &first);   // hit
    }
    printf("%d ends\n", number);            // hit
}

static void make(ucontext_t *one, char *stack, int number) { // hit
    getcontext(one);                        // hit
    one->uc_stack.ss_sp = stack;            // hit
    one->uc_stack.ss_size = sizeof stacks[0]; // hit
    one->uc_link = &scheduler;              // hit
    makecontext(one, (void (*)(void))steps, 1, number); // hit
}

int main(void) {                            // hit
    make(&first, stacks[0], 1);             // hit
    make(&second, stacks[1], 2);            // hit
    swapcontext(&scheduler, &first);        // hit
    puts("back");                           // hit
    return 0;                               // hit
}
