// Shows forks within forks: every generation has a file of its own, with its real parent.
// build: cc -g -O0
// process first: exit 1
// process second of first: exit 2
// process third of second: exit 3
// process fourth of third: exit 4
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static int ended(int generation) {
    switch (generation) {           // hit @first @second @third @fourth
    case 1:
        dprintf(1, "first\n");      // hit @first
        break;                      // hit @first
    case 2:
        dprintf(1, "second\n");     // hit @second
        break;                      // hit @second
    case 3:
        dprintf(1, "third\n");      // hit @third
        break;                      // hit @third
    default:
        dprintf(1, "fourth\n");     // hit @fourth
    }
    return generation;              // hit @first @second @third @fourth
}

int main(void) {                    // hit @first
    int generation = 1;             // hit @first
    while (generation < 4) {        // hit
        pid_t pid = fork();         // hit @first @second @third
        if (pid != 0) {             // hit @first @second @third @fourth
            waitpid(pid, NULL, 0);  // hit @first @second @third
            break;                  // hit @first @second @third
        }
        generation++;               // hit @second @third @fourth
    }
    return ended(generation);       // hit @first @second @third @fourth
}
