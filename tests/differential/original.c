#include "tests/differential/original.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Lines that no two runs have in common, or that are about the simulator.
static bool says_nothing(const char *line)
{
	return strstr(line, "compiled") || strstr(line, "Elapsed real") || strncmp(line, "---", 3) == 0;
}

bool original_exists(void)
{
	return getenv("JIT161_ORIGINAL");
}

// Starts it with `options`; the reader gets its messages, a file `out` what the guest prints.
static FILE *original_start(const struct kernel *kernel, const char *options, unsigned seconds, char *folder,
			    size_t size)
{
	const char *program = getenv("JIT161_ORIGINAL"), *clock = getenv("JIT161_FAST_CLOCK");
	char path[128], command[1024];
	FILE *file;
	bool ok;

	snprintf(folder, size, "/tmp/differ-XXXXXX");
	if (!mkdtemp(folder))
		return NULL;
	snprintf(path, sizeof(path), "%s/elf", folder);
	file = fopen(path, "w");
	ok = file && kernel_write_elf(kernel, file);
	ok &= file && fclose(file) == 0;
	snprintf(path, sizeof(path), "%s/conf", folder);
	file = fopen(path, "w");
	ok &= file && kernel_write_conf(kernel, file);
	ok &= file && fclose(file) == 0;
	if (!ok)
		return NULL;
	// Line by line, so that what a killed run printed is not lost.
	snprintf(
	    command, sizeof(command),
	    "cd %s && LD_PRELOAD=%s timeout -k 1 %u stdbuf -oL -eL %s -X %s -c conf elf 2>&1 >out </dev/null",
	    folder, clock ? clock : "", seconds, program, options);
	return popen(command, "r");
}

static int original_finish(FILE *output, const char *folder)
{
	static const char *const names[] = {"elf", "conf", "out"};
	int status = output ? pclose(output) : -1;

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[128];

		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	rmdir(folder);
	return status;
}

void original_run(const struct kernel *kernel, struct outcome *outcome)
{
	char folder[64], line[4096];
	FILE *output = original_start(kernel, "", 10 + kernel->running / 50, folder, sizeof(folder));

	*outcome = (struct outcome){0};
	while (output && fgets(line, sizeof(line), output)) {
		const char *text = strncmp(line, "sys161: ", 8) == 0 ? line + 8 : line;

		line[strcspn(line, "\n")] = '\0';
		if (!says_nothing(text))
			outcome_add_line(outcome, text);
	}
	snprintf(line, sizeof(line), "%s/out", folder);
	FILE *console_output = fopen(line, "r");
	for (int c; console_output && (c = fgetc(console_output)) != EOF;)
		outcome_add_console(outcome, (uint8_t)c);
	if (console_output)
		fclose(console_output);
	int status = original_finish(output, folder);
	if (status == 0)
		outcome->end = END_OFF;
	else if (outcome->lines && strstr(outcome->lines, "Exiting instead of waiting"))
		outcome->end = END_STOPPED;
	else
		outcome->end = outcome->code_count ? END_LIMIT : END_BROKEN;
}

// Whether a line of its instruction trace shows that register 0 is not 0: the driver's instructions that use it.
static bool shows_register_0(const char *line)
{
	const char *at;

	if ((at = strstr(line, "sll $z0, $z0, 0: 0x")))
		return at[19] != '0';
	if ((at = strstr(line, "mtc0 $z0, ")) && (at = strstr(at, ": 0x")))
		return at[4] != '0';
	if (strstr(line, "bne ") && (at = strstr(line, ", $z0")) && (at = strstr(at, ": 0!=")))
		return at[5] != '0';
	return false;
}

bool original_wrote_register_0(const struct kernel *kernel)
{
	char folder[64], line[4096];
	FILE *output = original_start(kernel, "-tku", 120, folder, sizeof(folder));
	bool found = false;

	while (output && !found && fgets(line, sizeof(line), output))
		found = shows_register_0(line);
	original_finish(output, folder);
	return found;
}
