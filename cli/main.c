/* The programs jit161, sys161, trace161, disk161, hub161 and stat161: one executable, told apart by the name it is called by. */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/exit_codes.h"

static const char help[] =
    "jit161 " JIT161_VERSION ": a JIT system VM for MIPS\n"
    "\n"
    "  jit161 run [options] KERNEL [ARGUMENTS...]    run a System/161 machine\n"
    "  jit161 dump [options] KERNEL                  show translated code at every stage\n"
    "  jit161 cache [show|check|clear]               compiled code that is kept between runs\n"
    "  jit161 compare [options] KERNEL [ARGUMENTS]   one guest under several techniques: times, exits, "
    "plots\n"
    "  jit161 costs [options]                        what each sensitive operation costs under each "
    "technique\n"
    "  jit161 isa [options]                          the instruction table; can the processors be "
    "virtualised?\n"
    "  jit161 top [options] PATH                     what a running machine does (run --control=PATH)\n"
    "  jit161 COMMAND --help                         what a command takes\n"
    "\n"
    "Called as sys161, trace161, disk161, hub161 or stat161 it stands in for the program of that name.\n";

int main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');
	const char *name = slash ? slash + 1 : argv[0];

	if (strcmp(name, "sys161") == 0 || strcmp(name, "trace161") == 0)
		return command_run(argc, argv, true);
	if (strcmp(name, "hub161") == 0)
		return hub161_main(argc, argv);
	if (strcmp(name, "stat161") == 0)
		return stat161_main(argc, argv);
	if (strcmp(name, "disk161") == 0)
		return disk161_main(argc, argv);
	if (argc >= 2 && strcmp(argv[1], "run") == 0)
		return command_run(argc - 1, argv + 1, false);
	if (argc >= 2 && strcmp(argv[1], "dump") == 0)
		return command_dump(argc - 1, argv + 1);
	if (argc >= 2 && strcmp(argv[1], "cache") == 0)
		return command_cache(argc - 1, argv + 1);
	if (argc >= 2 && strcmp(argv[1], "compare") == 0)
		return command_compare(argc - 1, argv + 1);
	if (argc >= 2 && strcmp(argv[1], "costs") == 0)
		return command_costs(argc - 1, argv + 1);
	if (argc >= 2 && strcmp(argv[1], "isa") == 0)
		return command_isa(argc - 1, argv + 1);
	if (argc >= 2 && strcmp(argv[1], "top") == 0)
		return command_top(argc - 1, argv + 1);
	if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)) {
		fputs(help, stdout);
		return EXIT_NORMAL;
	}
	fputs(help, stderr);
	return EXIT_ERROR;
}
