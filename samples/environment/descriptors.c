// Shows that a program opens as many descriptors as its limit allows, and that a child has the same.
// build: cc -g -O0
// process parent: exit 0
// process child of parent: exit 63
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static int highest(void) {                              // hit @parent @child
    int last = -1;                                      // hit @parent @child
    for (int fd; (fd = open("/dev/null", O_RDONLY)) >= 0;) // hit @parent @child
        last = fd;                                      // hit @parent @child
    int full = errno == EMFILE;                         // hit @parent @child
    for (int fd = 3; fd <= last; fd++)                  // hit @parent @child
        close(fd);                                      // hit @parent @child
    return full ? last : -1;                            // hit @parent @child
}

int main(void) {                                        // hit @parent
    struct rlimit limit = {64, 64};                     // hit @parent
    setrlimit(RLIMIT_NOFILE, &limit);                   // hit @parent
    dprintf(1, "highest %d\n", highest());              // hit @parent
    if (fork() == 0)                                    // hit
        _exit(highest());                               // hit @child
    int status = 0;                                     // hit @parent
    wait(&status);                                      // hit @parent
    dprintf(1, "child's %d\n", WEXITSTATUS(status));    // hit @parent
    return 0;                                           // hit @parent
}
