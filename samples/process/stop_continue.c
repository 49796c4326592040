// Shows a child stopped and continued by its parent, which sees both with WUNTRACED and WCONTINUED.
// build: cc -g -O0
// process parent: exit 0
// process child of parent: exit 5
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static int child(int go) {                          // hit @child
    char byte;
    if (read(go, &byte, 1) != 1)                    // hit @child
        return 1;                                   // miss
    setpgid(0, 0);                                  // hit @child
    raise(SIGTSTP);                                 // hit @child
    return 5;                                       // hit @child
}

static void expect(pid_t pid, const char *what) {   // hit @parent
    int status = 0;                                 // hit @parent
    waitpid(pid, &status, WUNTRACED | WCONTINUED);  // hit @parent
    if (WIFSTOPPED(status))                         // hit @parent
        dprintf(1, "%s: stopped by %d\n", what, WSTOPSIG(status)); // hit @parent
    else if (WIFCONTINUED(status))                  // hit @parent
        dprintf(1, "%s: continued\n", what);        // hit @parent
}

int main(void) {                                    // hit @parent
    int go[2], status = 0;                          // hit @parent
    if (pipe(go) != 0)                              // hit @parent
        return 1;                                   // miss
    pid_t pid = fork();                             // hit
    if (pid == 0)                                   // hit @parent @child
        return child(go[0]);                        // hit @child
    for (int i = 0; i < 3; i++) {                   // hit @parent
        kill(pid, SIGSTOP);                         // hit @parent
        expect(pid, "SIGSTOP");                     // hit @parent
        kill(pid, SIGCONT);                         // hit @parent
        expect(pid, "SIGCONT");                     // hit @parent
    }
    if (write(go[1], "x", 1) != 1)                  // hit @parent
        return 1;                                   // miss
    expect(pid, "its own SIGTSTP");                 // hit @parent
    kill(pid, SIGCONT);                             // hit @parent
    waitpid(pid, &status, 0);                       // hit @parent
    dprintf(1, "ended with %d\n", WEXITSTATUS(status)); // hit @parent
    return 0;                                       // hit @parent
}
