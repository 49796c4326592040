/* children: for each line of its input, a number, so many children one after the other; then a line of output. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int child(int number)
{
	int sum = 0;
	for (int i = 0; i < 10; i++)
		sum += i * number;
	if (number % 2)
		sum += 1;
	return sum & 1;
}

int main(void)
{
	char line[32];
	while (fgets(line, sizeof line, stdin)) {
		for (int i = 0; i < atoi(line); i++) {
			pid_t pid = fork();
			if (pid < 0)
				return 1;
			if (pid == 0)
				_exit(child(i));
			if (waitpid(pid, NULL, 0) != pid)
				return 1;
		}
		puts("done");
		fflush(stdout);
	}
	return 0;
}
