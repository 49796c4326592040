/* forks COUNT: children one after the other, each running a few lines of its own before it ends. */
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

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 1, odd = 0;
	for (int i = 0; i < count; i++) {
		pid_t pid = fork();
		if (pid < 0)
			return 1;
		if (pid == 0)
			_exit(child(i));
		int status;
		if (waitpid(pid, &status, 0) != pid)
			return 1;
		odd += WEXITSTATUS(status);
	}
	printf("%d\n", odd);
	return 0;
}
