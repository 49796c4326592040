#include <stdio.h>

__attribute__((constructor)) static void loaded(void) { // hit
    printf("loaded\n");                     // hit
}                                           // hit

__attribute__((destructor)) static void unloaded(void) { // hit
    printf("unloaded\n");                   // hit
}                                           // hit

int from_library(int a) {                   // hit
    if (a > 5)                              // hit
        return 0;                           // miss
    return a * 3;                           // hit
}

int never_called(int a) {                   // miss
    return a;                               // miss
}
