#include <stdio.h>

__attribute__((constructor)) static void loaded(void) {
    printf("loaded\n");         // hit
}

__attribute__((destructor)) static void unloaded(void) {
    printf("unloaded\n");       // hit
}

int plugin(int round) {         // hit
    if (round == 0)             // hit
        return 10;              // hit
    if (round == 3)             // hit
        return 13;              // hit
    if (round > 3)              // hit
        return 14;              // miss
#ifdef OTHER
    return -round;              // hit
#else
    return round;               // hit
#endif
}
