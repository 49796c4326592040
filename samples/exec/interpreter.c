// Shows a script with a #! line, whose interpreter is the program that is measured.
// build: cc -g -O0
// process parent: exit 0
// process child of parent: exit 2
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int interpret(const char *argument, const char *path) {  // hit @child
    char line[256];
    int lines = 0;                                              // hit @child
    FILE *script = fopen(path, "r");                            // hit @child
    if (script == NULL)                                         // hit @child
        return 100;                                             // miss
    dprintf(1, "%s\n", argument);                               // hit @child
    if (fgets(line, sizeof line, script) == NULL)               // hit @child
        return 101;                                             // miss
    while (fgets(line, sizeof line, script) != NULL) {          // hit @child
        dprintf(1, "%d: %s", ++lines, line);                    // hit @child
    }
    fclose(script);                                             // hit @child
    return lines;                                               // hit @child
}

int main(int argc, char **argv) {                               // hit @parent @child
    char script[] = "script-XXXXXX";                            // hit @parent @child
    if (argc > 2)                                               // hit @parent @child
        return interpret(argv[1], argv[2]);                     // hit @child
    int file = mkstemp(script);                                 // hit @parent
    dprintf(file, "#!%s one argument\nfirst line\nsecond line\n", argv[0]); // hit @parent
    fchmod(file, 0700);                                         // hit @parent
    close(file);                                                // hit @parent
    if (fork() == 0) {                                          // hit
        execl(script, script, (char *)NULL);                    // hit @child
        _exit(127);                                             // miss
    }
    wait(NULL);                                                 // hit @parent
    unlink(script);                                             // hit @parent
    return 0;                                                   // hit @parent
}
