// Shows functions that the linker drops: their rows stay, with addresses that mean nothing.
// build: cc -g -O0 -ffunction-sections -Wl,--gc-sections
// build dwarf-4: cc -g -gdwarf-4 -O0 -ffunction-sections -Wl,--gc-sections
// build clang: clang -g -O0 -ffunction-sections -Wl,--gc-sections
// build fixed: cc -g -O0 -no-pie -ffunction-sections -Wl,--gc-sections
#include <stdio.h>

int dropped_first(int a) {      // none
    a += 1;                     // none
    return a * 5;               // none
}

static int kept(int a) {        // hit
    return a + 2;               // hit
}

int dropped_too(int a) {        // none
    return dropped_first(a);    // none
}

int main(void) {                // hit
    printf("%d\n", kept(1));    // hit
    return 0;                   // hit
}
