// Shows a child that runs again what its parent had run: the child's file is complete on its own.
// build: cc -g -O0
// process parent: exit 3
// process child of parent: exit 7
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static int shared(int a) {              // hit @parent @child
    return a * 2;                       // hit @parent @child
}                                       // hit @parent @child

static int before(int a) {              // hit @parent
    return a + 1;                       // hit @parent
}                                       // hit @parent

static int only_child(void) {           // hit @child
    dprintf(1, "child %d\n", shared(3)); // hit @child
    return 7;                           // hit @child
}                                       // hit @child

int main(void) {                        // hit @parent
    int sum = before(1) + shared(1);    // hit @parent
    pid_t pid = fork();                 // hit
    if (pid == 0)                       // hit @parent @child
        return only_child();            // hit @child
    int status = 0;                     // hit @parent
    waitpid(pid, &status, 0);           // hit @parent
    dprintf(1, "parent %d, child's status %d\n", sum, WEXITSTATUS(status)); // hit @parent
    if (!WIFEXITED(status))             // hit @parent
        return 1;                       // miss
    return 3;                           // hit @parent
}                                       // hit @parent @child
