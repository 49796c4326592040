/* threads ROUNDS COUNT: rounds of threads that all run the same lines at once, then end. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static void *work(void *number)
{
	volatile unsigned long sum = 0;
	for (unsigned long i = 0; i < 100000; i++) {
		if (i % 3 == 0)
			sum += i;
		else
			sum ^= i;
	}
	return (void *)(sum + (unsigned long)number);
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 1, count = argc > 2 ? atoi(argv[2]) : 1;
	pthread_t *threads = calloc(count, sizeof *threads);
	unsigned long total = 0;
	for (int round = 0; round < rounds; round++) {
		for (int i = 0; i < count; i++)
			if (pthread_create(&threads[i], NULL, work, (void *)(unsigned long)i) != 0)
				return 1;
		for (int i = 0; i < count; i++) {
			void *result;
			pthread_join(threads[i], &result);
			total += (unsigned long)result;
		}
	}
	printf("%lu\n", total);
	free(threads);
	return 0;
}
