/* The programs and subcommands; each returns the exit status. argv[0] is the program's or subcommand's name.
 */
#ifndef JIT161_CLI_COMMANDS_H
#define JIT161_CLI_COMMANDS_H

#include <stdbool.h>

/* `jit161 run`, and `sys161` or `trace161` if `drop_in`. */
int command_run(int argc, char **argv, bool drop_in);
/* `jit161 dump`. */
int command_dump(int argc, char **argv);
/* `jit161 cache`. */
int command_cache(int argc, char **argv);
/* `jit161 compare`. */
int command_compare(int argc, char **argv);
/* `jit161 costs`. */
int command_costs(int argc, char **argv);
/* `jit161 isa`. */
int command_isa(int argc, char **argv);
/* `jit161 top`. */
int command_top(int argc, char **argv);
/* `disk161`, `hub161`, `stat161`. */
int disk161_main(int argc, char **argv);
int hub161_main(int argc, char **argv);
int stat161_main(int argc, char **argv);

#endif
