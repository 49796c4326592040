// Shows loops of one instruction and vector loops, over which a trap and its way back must not step twice.
// build: cc -g -O0
// build optimised: cc -g -O3
#include <stdio.h>
#include <string.h>

static char text[1000];
static volatile int length = 999;

static void fill(char *to, char byte, unsigned long count) {
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(count) : "a"(byte) : "memory"); // hit
}

static int total(const int *numbers, int count) {
    int sum = 0;
    for (int i = 0; i < count; i++)
        sum += numbers[i] * numbers[i];
    return sum;
}

int main(void) {
    int numbers[100];
    fill(text, 'a', length);                        // hit
    for (int i = 0; i < 100; i++)
        numbers[i] = i ^ length;                    // hit
    printf("%zu %d\n", strlen(text), total(numbers, 100));
    if (length < 0)                                 // hit
        puts("never");                              // miss
    return 0;
}
