// Shows two processes that hand data to each other through pipes, and a reader that leaves its writer to SIGPIPE.
// build: cc -g -O0
// process parent: exit 0
// process doubler of parent: exit 3
// process writer of parent: signal 13
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static int doubler(int in, int out) {                   // hit @doubler
    int number;
    while (read(in, &number, sizeof number) > 0) {      // hit @doubler
        number *= 2;                                    // hit @doubler
        if (write(out, &number, sizeof number) < 0)     // hit @doubler
            return 1;                                   // miss
    }
    return 3;                                           // hit @doubler
}

static void writer(int out) {                           // hit @writer
    while (write(out, "x", 1) == 1)                     // hit @writer
        ;
    _exit(1);                                           // miss
}

static int endless(void) {                              // hit @parent
    int ends[2], status = 0;                            // hit @parent
    char byte;
    if (pipe(ends) != 0)                                // hit @parent
        return 1;                                       // miss
    if (fork() == 0) {                                  // hit
        close(ends[0]);                                 // hit @writer
        writer(ends[1]);                                // hit @writer
    }
    close(ends[1]);                                     // hit @parent
    if (read(ends[0], &byte, 1) != 1)                   // hit @parent
        return 1;                                       // miss
    close(ends[0]);                                     // hit @parent
    wait(&status);                                      // hit @parent
    return WTERMSIG(status);                            // hit @parent
}

int main(void) {                                        // hit @parent
    int to[2], from[2], status = 0, sum = 0;            // hit @parent
    if (pipe(to) != 0 || pipe(from) != 0)               // hit @parent
        return 1;                                       // miss
    if (fork() == 0) {                                  // hit
        close(to[1]);                                   // hit @doubler
        _exit(doubler(to[0], from[1]));                 // hit @doubler
    }
    for (int i = 0; i < 200; i++) {                     // hit @parent
        int number = i;                                 // hit @parent
        if (write(to[1], &number, sizeof number) < 0 || read(from[0], &number, sizeof number) < 0) // hit @parent
            return 1;                                   // miss
        sum += number;                                  // hit @parent
    }
    close(to[1]);                                       // hit @parent
    wait(&status);                                      // hit @parent
    dprintf(1, "sum %d, status %d, ", sum, WEXITSTATUS(status)); // hit @parent
    dprintf(1, "writer ended by %d\n", endless());      // hit @parent
    return 0;                                           // hit @parent
}
