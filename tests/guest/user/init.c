/*
 * The first process. The kernel's argument string chooses what it runs: words that name programs or groups of
 * them, and "quick" for short runs; no names mean all. A few programs run at a time, the next one starting as
 * one ends.
 */
#include "tests/guest/user/user.h"

#define AT_ONCE 6

#define COMPUTE 1u
#define IPC	2u
#define PROCESS 4u
#define OTHER	8u

static const struct {
	const char *name;
	unsigned group;
} programs[] = {
    {"paging", OTHER}, /* the slow ones first: they wait for the disk while others compute */
    {"disk", OTHER},	{"sieve", COMPUTE},   {"matmul", COMPUTE},   {"qsort", COMPUTE},  {"sha256", COMPUTE},
    {"crc32", COMPUTE}, {"recurse", COMPUTE}, {"bytes", COMPUTE},    {"spigot", COMPUTE}, {"lists", COMPUTE},
    {"cow", PROCESS},	{"tree", PROCESS},    {"syscalls", PROCESS}, {"faults", PROCESS}, {"selfmod", OTHER},
    {"channels", IPC},	{"locks", IPC},	      {"sleepers", IPC},
};

static const struct {
	const char *name;
	unsigned mask;
} groups[] = {
    {"all", COMPUTE | IPC | PROCESS | OTHER},
    {"compute", COMPUTE},
    {"ipc", IPC},
    {"process", PROCESS},
};

#define PROGRAM_COUNT (sizeof(programs) / sizeof(programs[0]))
#define GROUP_COUNT   (sizeof(groups) / sizeof(groups[0]))

static bool chosen[PROGRAM_COUNT];
static int pids[PROGRAM_COUNT];
static const char *length_argument = "";

static unsigned group_mask(const char *word)
{
	for (unsigned i = 0; i < GROUP_COUNT; i++) {
		if (strcmp(groups[i].name, word) == 0)
			return groups[i].mask;
	}
	return 0;
}

static bool choose(const char *word)
{
	unsigned mask = group_mask(word);
	bool found = mask != 0;

	if (is_quick(word)) {
		length_argument = "quick";
		return true;
	}
	for (unsigned i = 0; i < PROGRAM_COUNT; i++) {
		if ((programs[i].group & mask) || strcmp(programs[i].name, word) == 0)
			chosen[i] = found = true;
	}
	return found;
}

static bool parse(const char *argument)
{
	char word[ARGUMENT_MAX];
	bool any = false;

	while (*argument != '\0') {
		size_t length = 0;

		while (*argument != '\0' && *argument != ' ')
			word[length++] = *argument++;
		word[length] = '\0';
		while (*argument == ' ')
			argument++;
		if (length > 0 && !choose(word)) {
			print("init: no program or group called %s\n", word);
			return false;
		}
	}
	for (unsigned i = 0; i < PROGRAM_COUNT; i++)
		any = any || chosen[i];
	return any || choose("all");
}

static int run(uint32_t program)
{
	sys_exec(programs[program].name, length_argument);
	return 255;
}

/* Waits until one of the programs ends, whatever orphans may end meanwhile; says whether all was well with
 * it. */
static bool wait_program(void)
{
	for (;;) {
		int status, pid = sys_wait(&status);

		for (unsigned i = 0; i < PROGRAM_COUNT; i++) {
			if (pids[i] == pid)
				return status == 0;
		}
	}
}

int main(const char *argument)
{
	unsigned running = 0, ended = 0, good = 0;

	if (!parse(argument))
		return 2;
	for (unsigned next = 0; next < PROGRAM_COUNT || running > 0;) {
		if (next == PROGRAM_COUNT || running == AT_ONCE) {
			good += wait_program();
			running--;
			ended++;
		} else if (chosen[next]) {
			pids[next] = start_child(run, next);
			if (pids[next] > 0)
				running++;
			else
				ended++;
			next++;
		} else {
			next++;
		}
	}
	print("init: %u of %u programs ok\n", good, ended);
	return good == ended ? 0 : 1;
}
