// Shows a program that dies of its own int3, as after a failed assertion of some languages.
// build: cc -g -O0
// process main: signal 5
#include <stdio.h>
#include <unistd.h>

int main(void) {                        // hit
    dprintf(1, "before\n");             // hit
    __asm__ volatile("int3");
    dprintf(1, "after\n");              // miss
    return 0;                           // miss
}
