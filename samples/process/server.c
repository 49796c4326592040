// Shows a service that works until its input ends: what it does depends on the letters it reads.
// build: cc -g -O0
// process server: exit 0
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static void told(int number) {                  // miss
    dprintf(1, "signal %d\n", number);          // miss
    if (number != SIGINT)                       // miss
        _exit(100 + number);                    // miss
}                                               // miss

static void work_a(void) {                      // miss
    dprintf(1, "a\n");                          // miss
}                                               // miss

static void work_b(void) {                      // miss
    dprintf(1, "b\n");                          // miss
}                                               // miss

static int daemon_until_fifo_opens(void) {      // miss
    setsid();                                   // miss
    close(0);                                   // miss
    close(1);                                   // miss
    close(2);                                   // miss
    return open("fifo", O_RDONLY) >= 0 ? 9 : 1; // miss
}

static void work_d(void) {                      // miss
    if (fork() == 0)                            // miss
        _exit(daemon_until_fifo_opens());       // miss
    dprintf(1, "d\n");                          // miss
}                                               // miss

int main(void) {                                // hit
    char letter;
    signal(SIGINT, told);                       // hit
    signal(SIGHUP, told);                       // hit
    signal(SIGTERM, told);                      // hit
    dprintf(1, "ready\n");                      // hit
    while (read(0, &letter, 1) == 1) {          // hit
        switch (letter) {                       // miss
        case 'a':
            work_a();                           // miss
            break;                              // miss
        case 'b':
            work_b();                           // miss
            break;                              // miss
        case 'd':
            work_d();                           // miss
            break;                              // miss
        }
    }
    return 0;                                   // hit
}
