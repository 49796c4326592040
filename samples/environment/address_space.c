// Shows that the layout stays random: the program, its heap, stack and libraries move from exec to exec.
// build: cc -g -O0 -fPIE -pie
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ROUNDS = 4, PLACES = 4 };

int main(int argc, char **argv) {                                       // hit
    uintptr_t now[PLACES] = {(uintptr_t)main, (uintptr_t)malloc(1), (uintptr_t)&argc, (uintptr_t)puts}; // hit
    char next[PLACES + 2][20];
    int moved = argc > 2 ? atoi(argv[2]) : 0;                           // hit
    int round = argc > 1 ? atoi(argv[1]) : 0;                           // hit
    for (int i = 0; i < PLACES; i++) {                                  // hit
        if (round > 0 && strtoull(argv[3 + i], NULL, 16) != now[i])     // hit
            moved |= 1 << i;                                            // hit
        snprintf(next[2 + i], sizeof next[0], "%" PRIxPTR, now[i]);     // hit
    }
    if (round == ROUNDS) {                                              // hit
        printf("moved: %x\n", moved);                                   // hit
        return 0;                                                       // hit
    }
    snprintf(next[0], sizeof next[0], "%d", round + 1);                 // hit
    snprintf(next[1], sizeof next[0], "%d", moved);                     // hit
    execl(argv[0], argv[0], next[0], next[1], next[2], next[3], next[4], next[5], (char *)NULL); // hit
    return 1;                                                           // miss
}
