// Shows execs that fail in a child, which goes on: the program is missing, not executable, a folder, not a program.
// build: cc -g -O0
// process parent: exit 0
// process child of parent: exit 4
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int refused(const char *path) {                  // hit @child
    execl(path, path, (char *)NULL);                    // hit @child
    dprintf(1, "%s\n", strerror(errno));                // hit @child
    return 1;                                           // hit @child
}

int main(void) {                                        // hit @parent
    pid_t pid = fork();                                 // hit
    if (pid == 0) {                                     // hit @parent @child
        int count = refused("/does/not/exist");         // hit @child
        count += refused("/");                          // hit @child
        count += refused("/dev/null");                  // hit @child
        count += refused("/proc/self/cmdline/below");   // hit @child
        return count;                                   // hit @child
    }
    int status = 0;                                     // hit @parent
    waitpid(pid, &status, 0);                           // hit @parent
    dprintf(1, "%d refused\n", WEXITSTATUS(status));    // hit @parent
    return 0;                                           // hit @parent
}
