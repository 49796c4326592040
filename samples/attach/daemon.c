// Shows a daemon that has closed all its descriptors before one attaches; fifos are opened for each request.
// build: cc -g -O0
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void work(void) {                // hit
    int answer = open("answer", O_WRONLY); // hit
    dprintf(answer, "worked\n");        // hit
    close(answer);                      // hit
}                                       // hit

static void serve(void) {               // miss
    char letter;
    for (;;) {
        int request = open("request", O_RDONLY); // hit
        ssize_t got = read(request, &letter, 1); // hit
        close(request);                 // hit
        if (got != 1 || letter == 'q')  // hit
            _exit(0);                   // miss
        work();                         // hit
    }
}

int main(void) {                        // miss
    if (mkfifo("request", 0600) != 0 || mkfifo("answer", 0600) != 0) // miss
        return 1;
    pid_t pid = fork();                 // miss
    if (pid == 0) {                     // miss
        setsid();                       // miss
        close_range(0, ~0U, 0);         // miss
        serve();                        // miss
    }
    dprintf(1, "%d\n", pid);            // miss
    return 0;                           // miss
}
