#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static int status;

__attribute__((constructor)) static void loaded(void) {
    if (fork() == 0) {                      // hit
        dprintf(1, "child of a constructor\n"); // hit @child
        _exit(4);                           // hit @child
    }
    wait(&status);                          // hit @parent
}

int answer(void) {                          // hit @parent
    return WEXITSTATUS(status);             // hit @parent
}
