/* crowd PROCESSES THREADS: processes, eight at once, of which each starts so many threads. All threads of a process are
 * alive before the first of them ends. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_barrier_t all;

static void *work(void *number)
{
	volatile long sum = (long)number;
	pthread_barrier_wait(&all);
	if (sum % 2)
		sum += 3;
	return (void *)sum;
}

static int process(int count)
{
	pthread_t *threads = calloc(count, sizeof *threads);
	pthread_attr_t small;
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 1 << 16);
	pthread_barrier_init(&all, NULL, count);
	for (long i = 0; i < count; i++)
		if (pthread_create(&threads[i], &small, work, (void *)i) != 0)
			_exit(1);
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	int left = atoi(argv[1]), threads = atoi(argv[2]), alive = 0;
	while (left > 0 || alive > 0) {
		if (left > 0 && alive < 8) {
			if (fork() == 0)
				_exit(process(threads));
			left--;
			alive++;
			continue;
		}
		int status;
		if (wait(&status) < 0 || status != 0)
			return 1;
		alive--;
	}
	return 0;
}
