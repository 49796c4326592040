/* Runs a program one instruction at a time and writes every address of the main executable at which it stood,
 * as hexadecimal offsets into the executable's file, in order, each once. It steps from the executable's entry on.
 *
 *     step OUTPUT PROGRAM [ARG...]
 *
 * It knows nothing of debug info and shares no code with cov-trace: it is the witness that cov-trace is held against.
 * One thread, no children: a fork or clone of the program runs unwatched, which the exit status does not show.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static void fail(const char *what)
{
	fprintf(stderr, "step: %s: %s\n", what, strerror(errno));
	exit(125);
}

/* One executable mapping of the program's own file: [start, end) of memory, `offset` in the file. */
struct text {
	uint64_t start, end, offset;
	unsigned char *seen;
};

static int read_texts(pid_t pid, const char *program, struct text *texts, int most)
{
	char path[64], line[PATH_MAX + 128], exe[PATH_MAX];
	snprintf(path, sizeof path, "/proc/%d/exe", pid);
	ssize_t length = readlink(path, exe, sizeof exe - 1);
	if (length < 0)
		fail(program);
	exe[length] = 0;
	snprintf(path, sizeof path, "/proc/%d/maps", pid);
	FILE *maps = fopen(path, "r");
	if (!maps)
		fail(path);
	int count = 0;
	while (fgets(line, sizeof line, maps) && count < most) {
		unsigned long start, end, offset;
		char rights[5], file[PATH_MAX] = "";
		if (sscanf(line, "%lx-%lx %4s %lx %*s %*s %4095[^\n]", &start, &end, rights, &offset, file) < 4)
			continue;
		if (rights[2] != 'x' || strcmp(file, exe) != 0)
			continue;
		unsigned char *seen = calloc(end - start, 1);
		if (!seen)
			fail("calloc");
		texts[count++] = (struct text){start, end, offset, seen};
	}
	fclose(maps);
	return count;
}

/* Lets the program run to its entry at full speed: the dynamic loader takes a million steps. */
static void run_to_entry(pid_t pid)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/auxv", pid);
	FILE *file = fopen(path, "r");
	if (!file)
		fail(path);
	unsigned long pair[2], entry = 0;
	while (fread(pair, sizeof pair, 1, file) == 1)
		if (pair[0] == AT_ENTRY)
			entry = pair[1];
	fclose(file);
	errno = 0;
	long word = ptrace(PTRACE_PEEKTEXT, pid, entry, 0);
	if (errno != 0 || ptrace(PTRACE_POKETEXT, pid, entry, (word & ~0xffL) | 0xcc) != 0)
		fail("breakpoint at the entry");
	int status;
	if (ptrace(PTRACE_CONT, pid, 0, 0) != 0 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP)
		fail("run to the entry");
	if (ptrace(PTRACE_POKETEXT, pid, entry, word) != 0 ||
	    ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, rip), entry) != 0)
		fail("restore the entry");
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		fprintf(stderr, "usage: step OUTPUT PROGRAM [ARG...]\n");
		return 125;
	}
	/* Tracer and program take turns: on one CPU neither waits for the other to be woken. */
	cpu_set_t before, one;
	sched_getaffinity(0, sizeof before, &before);
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	sched_setaffinity(0, sizeof one, &one);

	pid_t pid = fork();
	if (pid < 0)
		fail("fork");
	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, 0, 0) != 0)
			fail("PTRACE_TRACEME");
		execvp(argv[2], argv + 2);
		fail(argv[2]);
	}
	int status;
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		fail(argv[2]);

	struct text texts[8];
	int count = read_texts(pid, argv[2], texts, 8);
	if (count == 0) {
		fprintf(stderr, "step: %s: no executable mapping\n", argv[2]);
		return 125;
	}

	run_to_entry(pid);
	unsigned long long steps = 0;
	int inject = 0;
	while (WIFSTOPPED(status)) {
		long rip = ptrace(PTRACE_PEEKUSER, pid, offsetof(struct user_regs_struct, rip), 0);
		for (int i = 0; i < count; i++)
			if ((uint64_t)rip >= texts[i].start && (uint64_t)rip < texts[i].end)
				texts[i].seen[rip - texts[i].start] = 1;
		if (ptrace(PTRACE_SINGLESTEP, pid, 0, inject) != 0 && errno != ESRCH)
			fail("PTRACE_SINGLESTEP");
		if (waitpid(pid, &status, 0) != pid)
			fail("waitpid");
		inject = WIFSTOPPED(status) && WSTOPSIG(status) != SIGTRAP ? WSTOPSIG(status) : 0;
		steps++;
	}

	FILE *output = fopen(argv[1], "w");
	if (!output)
		fail(argv[1]);
	for (int i = 0; i < count; i++)
		for (uint64_t at = 0; at < texts[i].end - texts[i].start; at++)
			if (texts[i].seen[at])
				fprintf(output, "%llx\n", (unsigned long long)(at + texts[i].offset));
	if (fclose(output) != 0)
		fail(argv[1]);
	fprintf(stderr, "step: %llu instructions\n", steps);
	if (WIFSIGNALED(status))
		return 128 + WTERMSIG(status);
	return WEXITSTATUS(status);
}
