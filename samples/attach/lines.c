// Shows that only lines that run while one is attached are reported: a and d run before, b while, c after, and e never.
// build: cc -g -O0
#include <stdio.h>
#include <unistd.h>

static void work_a(void) {              // miss
    dprintf(1, "a\n");                  // miss
}                                       // miss

static void work_b(void) {              // hit
    dprintf(1, "b\n");                  // hit
}                                       // hit

static void work_c(void) {              // miss
    dprintf(1, "c\n");                  // miss
}                                       // miss

static void work_d(int again) {         // hit
    if (again)                          // hit
        dprintf(1, "d again\n");        // hit
    else
        dprintf(1, "d\n");              // miss
}                                       // hit

static void work_e(void) {              // miss
    dprintf(1, "e\n");                  // miss
}                                       // miss

int main(void) {                        // miss
    char letter;
    int ds = 0;                         // miss
    dprintf(1, "ready\n");              // miss
    while (read(0, &letter, 1) == 1) {  // hit
        switch (letter) {               // hit
        case 'a':
            work_a();                   // miss
            break;                      // miss
        case 'b':
            work_b();                   // hit
            break;                      // hit
        case 'c':
            work_c();                   // miss
            break;                      // miss
        case 'd':
            work_d(ds++);               // hit
            break; // perhaps after the answer let somebody detach
        case 'e':
            work_e();                   // miss
            break;                      // miss
        }
    }
    return 0;                           // miss
}
