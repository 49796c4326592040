// Shows that each process has the instances of a template that it ran itself.
// build: c++ -g -O0
// process parent: exit 0
// process child of parent: exit 7
#include <sys/wait.h>
#include <unistd.h>

template <class T> __attribute__((noinline)) T of(T value) {        // hit @parent @child
    return value;                                                   // hit @parent @child
}                                                                   // hit @parent @child

int main() {
    of(1);                                                          // hit @parent
    if (fork() == 0) {                                              // hit @parent @child
        of('c');                                                    // hit @child
        _exit(7);                                                   // hit @child
    }
    wait(nullptr);                                                  // hit @parent
    of(1.5);                                                        // hit @parent
    return 0;                                                       // hit @parent
}
