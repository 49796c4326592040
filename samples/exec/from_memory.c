// Shows fexecve of a file that has no name: the program copied into a memfd.
// build: cc -g -O0
// process main: exit 8
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

int main(int argc, char **argv) {                       // hit
    if (argc > 1) {                                     // hit
        puts("from memory");                            // hit
        return 8;                                       // hit
    }
    struct stat facts;
    char *arguments[] = {argv[0], "again", NULL};       // hit
    int file = open("/proc/self/exe", O_RDONLY);        // hit
    int memory = memfd_create("copy", MFD_CLOEXEC);     // hit
    fstat(file, &facts);                                // hit
    while (sendfile(memory, file, NULL, facts.st_size) > 0) // hit
        ;
    fexecve(memory, arguments, environ);                // hit
    return 1;                                           // miss
}
