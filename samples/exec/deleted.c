// Shows a program whose file is deleted while it runs, and which then forks.
// build: cc -g -O0
// process main: exit 0
// process copy of main: exit 6
// process child of copy: exit 7
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int after_deletion(void) {                       // hit @child
    dprintf(1, "child of a deleted program\n");         // hit @child
    return 7;                                           // hit @child
}

static int copy(const char *self) {                     // hit @copy
    unlink(self);                                       // hit @copy
    if (fork() == 0)                                    // hit
        _exit(after_deletion());                        // hit @child
    wait(NULL);                                         // hit @copy
    return 6;                                           // hit @copy
}

int main(int argc, char **argv) {                       // hit @main @copy
    if (argc > 1)                                       // hit @main @copy
        return copy(argv[0]);                           // hit @copy
    char path[] = "deleted-XXXXXX";                     // hit @main
    struct stat facts;
    int from = open("/proc/self/exe", O_RDONLY);        // hit @main
    int to = mkstemp(path);                             // hit @main
    fstat(from, &facts);                                // hit @main
    while (sendfile(to, from, NULL, facts.st_size) > 0) // hit @main
        ;
    fchmod(to, 0700);                                   // hit @main
    close(to);                                          // hit @main
    if (fork() == 0) {                                  // hit
        execl(path, path, "copy", (char *)NULL);        // hit
        _exit(127);                                     // miss
    }
    int status = 0;                                     // hit @main
    wait(&status);                                      // hit @main
    printf("status %d\n", WEXITSTATUS(status));         // hit @main
    return 0;                                           // hit @main
}
