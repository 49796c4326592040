/* spawn COUNT PROGRAM [ARGUMENT ...]: runs a program COUNT times, one after the other, with these arguments; without any, each
 * has its number as the argument. */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

extern char **environ;

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	for (int number = 0; number < atoi(argv[1]); number++) {
		char text[16];
		snprintf(text, sizeof text, "%d", number);
		char *numbered[] = {argv[2], text, NULL};
		char **line = argc > 3 ? argv + 2 : numbered;
		pid_t pid;
		int status;
		if (posix_spawn(&pid, argv[2], NULL, NULL, line, environ) != 0)
			return 1;
		if (waitpid(pid, &status, 0) != pid || status != 0)
			return 1;
	}
	return 0;
}
