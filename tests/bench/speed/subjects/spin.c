/* spin ROUNDS THREADS: each thread computes ROUNDS times the same. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static int rounds;

static unsigned mix(unsigned x)
{
	if (x & 1)
		x = x * 1103515245u + 12345u;
	else
		x ^= x >> 7;
	return x;
}

static void *work(void *seed)
{
	unsigned x = (unsigned)(size_t)seed;
	for (int round = 0; round < rounds; round++)
		for (int i = 0; i < 1000000; i++)
			x = mix(x + i);
	return (void *)(size_t)x;
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	rounds = atoi(argv[1]);
	int count = atoi(argv[2]);
	pthread_t threads[64];
	size_t sum = 0;
	for (int i = 0; i < count; i++)
		if (pthread_create(&threads[i], NULL, work, (void *)(size_t)(i + 1)) != 0)
			return 1;
	for (int i = 0; i < count; i++) {
		void *result;
		pthread_join(threads[i], &result);
		sum += (size_t)result;
	}
	printf("%zu\n", sum);
	return 0;
}
