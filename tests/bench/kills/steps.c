// Runs one new line after another, as slowly as asked, then stays where it is; tells how far it is in a shared file.
// Usage: steps FILE MICROSECONDS_PER_LINE LINES. `LINES_OF_STEPS` is replaced by that many lines, each `step(N);`.
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static struct {
    volatile uint64_t done;  // the last line that was run
    volatile uint64_t beats; // counts on as long as the program lives
    volatile uint64_t leave; // set from outside: end
} *shared;

static uint64_t pause_ns, last;

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void step(uint64_t line) {
    shared->done = line;
    for (uint64_t end = now() + (line < last ? pause_ns : 0); now() < end || line == last; shared->beats++)
        if (shared->leave)
            _exit(0);
}

static void all(void) {
LINES_OF_STEPS
}

int main(int count, char **words) {
    int file = count == 4 ? open(words[1], O_RDWR) : -1;
    if (file < 0)
        return 1;
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    pause_ns = strtoull(words[2], NULL, 10) * 1000;
    last = strtoull(words[3], NULL, 10);
    all();
    return 2;
}
