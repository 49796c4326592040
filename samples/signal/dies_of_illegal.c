// Shows a program that ends at __builtin_trap.
// build: cc -g -O0
// process main: signal 4
#include <unistd.h>
#include <stdio.h>

int main(int argc, char **argv) {       // hit
    (void)argv;
    dprintf(1, "before\n");             // hit
    if (argc > 0)                       // hit
        __builtin_trap();               // hit
    dprintf(1, "after\n");              // miss
    return 0;                           // miss
}
