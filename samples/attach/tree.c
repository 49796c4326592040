// Shows a family that exists before one attaches: each passes a letter on to its child and works on it.
// build: cc -g -O0
// process main: exit 0
// process child of main: exit 7
// process grandchild of child: exit 8
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static int to_child = -1, from_child = -1;

static void work_main(void) {           // hit @main
    dprintf(1, "main\n");               // hit @main
}                                       // hit @main

static void work_child(void) {          // hit @child
    dprintf(1, "child\n");              // hit @child
}                                       // hit @child

static void work_grandchild(void) {     // hit @grandchild
    dprintf(1, "grandchild\n");         // hit @grandchild
}                                       // hit @grandchild

static void before(void) {              // miss
    dprintf(1, "ready\n");              // miss
}                                       // miss

int main(void) {                        // miss
    static void (*const work[])(void) = {work_main, work_child, work_grandchild};
    static const int ends[] = {0, 7, 8};
    int generation = 0, from = 0, to = -1, down[2], up[2];
    char letter;
    while (generation < 2) {            // miss
        pipe(down);                     // miss
        pipe(up);                       // miss
        if (fork() != 0) {              // miss
            to_child = down[1];         // miss
            from_child = up[0];         // miss
            close(down[0]);             // miss
            close(up[1]);               // miss
            break;                      // miss
        }
        close(down[1]);                 // miss
        close(up[0]);                   // miss
        from = down[0];                 // miss
        to = up[1];                     // miss
        generation++;                   // miss
    }
    if (generation == 2)                // miss
        before();                       // miss
    while (read(from, &letter, 1) == 1) { // hit @main @child @grandchild
        work[generation]();             // hit @main @child @grandchild
        if (to_child >= 0) {            // hit @main @child @grandchild
            write(to_child, &letter, 1); // hit @main @child
            read(from_child, &letter, 1); // hit @main @child
        }
        if (to >= 0)                    // hit @main @child @grandchild
            write(to, &letter, 1);      // hit @child @grandchild
        else
            dprintf(1, "done\n");       // hit @main
    }
    if (to_child >= 0) {                // hit @main @child @grandchild
        close(to_child);                // hit @main @child
        wait(NULL);                     // hit @main @child
    }
    return ends[generation];            // hit @main @child @grandchild
}
