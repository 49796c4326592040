// Shows which instances of a template run while one is attached: one that runs all the time, and one that comes later.
// build: c++ -g -O0
#include <stdio.h>
#include <unistd.h>

template <class T> __attribute__((noinline)) T serve(T value) {
    char letter;
    while (read(0, &letter, 1) == 1 && letter != 'q') {
        dprintf(1, "%c\n", letter);
        if (letter == 'i')
            serve(1);
        if (letter == 'c')
            serve('c');
    }
    return value;
}

int main() {
    dprintf(1, "ready\n");
    serve(1.5);
    return 0;
}
