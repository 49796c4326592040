/* A program of a few lines that ends at once. */
#include <stdio.h>

int main(int argc, char **argv)
{
	int sum = 0;
	for (int i = 0; i < argc; i++)
		sum += argv[i][0];
	return sum == 0;
}
