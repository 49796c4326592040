// Shows generated code whose lines belong to another file, which does not exist, and to line 0.
// build: cc -g -O0
#include <stdio.h>

static int here(int a) {        // hit
    return a + 1;               // hit
}

#line 100 "grammar.y"
static int generated(int a) {
    return a * 2;
}

#line 15 "line_directives.c"
int main(void) {
    printf("%d\n", generated(here(3)));
    return 0;
}
