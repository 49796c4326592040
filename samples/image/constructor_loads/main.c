// Shows a library whose constructor opens another library, and that one's constructor forks.
// build: cc -g -O0 -shared -fPIC "$src"/inner.c -o "$out".inner.so && cc -g -O0 -shared -fPIC "$src"/outer.c -o "$out".outer.so && cc -g -O0 "$src"/main.c "$out".outer.so -o "$out"
// process parent: exit 0
// process child of parent: exit 4
#include <stdio.h>

extern int from_inner;

int main(void) {                            // hit @parent
    dprintf(1, "main: %d\n", from_inner);   // hit @parent
    return 0;                               // hit @parent
}
