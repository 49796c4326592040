// Shows a shared library with a constructor and a destructor, both measured, and one that is preloaded by nobody.
// build: cc -g -O0 -shared -fPIC "$src"/library.c -o "$out".so && cc -g -O0 "$src"/main.c "$out".so -o "$out"
// build prelinked-now: cc -g -O0 -shared -fPIC "$src"/library.c -o "$out".so && cc -g -O0 -Wl,-z,now "$src"/main.c "$out".so -o "$out"
// build musl: musl-gcc -g -O0 -shared -fPIC "$src"/library.c -o "$out".so && musl-gcc -g -O0 "$src"/main.c "$out".so -o "$out"
#include <stdio.h>

int from_library(int a);

int main(void) {                            // hit
    printf("main\n");                       // hit
    printf("%d\n", from_library(2));        // hit
    return 0;                               // hit
}
