// Shows system() and popen(): a shell between the program and itself, run again as the shell's child.
// build: cc -g -O0
// process program: exit 0
// process shell of program: exit 12, 2 times
// process again of shell: exit 11, 2 times
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static int again(void) {                                // hit @again
    puts("again");                                      // hit @again
    return 11;                                          // hit @again
}

int main(int argc, char **argv) {                       // hit @program @again
    char command[4200], answer[64];
    if (argc > 1)                                       // hit @program @again
        return again();                                 // hit @again
    snprintf(command, sizeof command, "'%s' again; exit 12", argv[0]); // hit @program
    int status = system(command);                       // hit
    printf("system: %d\n", WEXITSTATUS(status));        // hit @program
    FILE *pipe = popen(command, "r");                   // hit
    if (fgets(answer, sizeof answer, pipe) == NULL)     // hit @program
        return 1;                                       // miss
    status = pclose(pipe);                              // hit @program
    printf("popen: %d, %s", WEXITSTATUS(status), answer); // hit @program
    return 0;                                           // hit @program
}
