// Shows a C++ program that dies of an exception that nobody catches.
// build: c++ -g -O0
// process main: signal 6
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <unistd.h>

static void last_words() {                      // hit
    dprintf(1, "uncaught\n");                   // hit
    std::abort();                               // hit
}

static int thrower(bool wanted) {               // hit
    if (wanted)                                 // hit
        throw 1;                                // hit
    return 0;                                   // miss
}

int main() {                                    // hit
    std::set_terminate(last_words);             // hit
    thrower(true);                              // hit
    dprintf(1, "never\n");                      // miss
}
