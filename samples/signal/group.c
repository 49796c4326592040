// Shows signals sent to a process group of three children, of which each does something else with it.
// build: cc -g -O0
// process parent: exit 0
// process handles of parent: exit 10
// process ignores of parent: exit 11
// process dies of parent: signal 1
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static int ready[2], go[2];

static void handler(int number) {                       // hit @handles
    (void)number;
    _exit(10);                                          // hit @handles
}

static pid_t child(pid_t group, void (*disposition)(int)) {
    pid_t pid = fork();                                 // hit
    if (pid == 0) {                                     // hit
        char byte;
        setpgid(0, group);                              // hit @handles @ignores @dies
        signal(SIGHUP, disposition);                    // hit @handles @ignores @dies
        close(go[1]);                                   // hit @handles @ignores @dies
        if (write(ready[1], "x", 1) != 1)               // hit @handles @ignores @dies
            _exit(1);                                   // miss
        if (read(go[0], &byte, 1) == 0)                 // hit
            _exit(11);                                  // hit @ignores
    }
    setpgid(pid, group);                                // hit @parent
    return pid;                                         // hit @parent
}

int main(void) {                                        // hit @parent
    char bytes[3];
    int status = 0;                                     // hit @parent
    if (pipe(ready) != 0 || pipe(go) != 0)              // hit @parent
        return 1;                                       // miss
    pid_t first = child(0, handler);                    // hit @parent
    pid_t second = child(first, SIG_IGN);               // hit @parent
    pid_t third = child(first, SIG_DFL);                // hit @parent
    for (int i = 0; i < 3; i++)                         // hit @parent
        if (read(ready[0], bytes, 1) != 1)              // hit @parent
            return 1;                                   // miss
    kill(-first, SIGHUP);                               // hit @parent
    waitpid(first, &status, 0);                         // hit @parent
    printf("exit %d\n", WEXITSTATUS(status));           // hit @parent
    waitpid(third, &status, 0);                         // hit @parent
    printf("signal %d\n", WTERMSIG(status));            // hit @parent
    close(go[1]);                                       // hit @parent
    waitpid(second, &status, 0);                        // hit @parent
    printf("exit %d\n", WEXITSTATUS(status));           // hit @parent
    return 0;                                           // hit @parent
}
