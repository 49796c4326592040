#include "inline.h"

int never_called(int a) {
    return a - 1;                       // miss
}

int other(int a) {
    return (int)largest(2.5, a + 0.5);  // hit
}
