#include "cli/options.h"

#include "jit/store/store.h"
#include "runtime/core/trace.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const options_usage[] = {
    "     -c config      Use alternate config file",
    "     -C slot:arg    Override config file argument",
    "     -D count       Set disk I/O doom counter",
    "     -f file        Trace to specified file",
    "     -P             Collect kernel execution profile",
    "     -p port        Listen for gdb over TCP at this port, on the loopback interface",
    "     -s             Pass signal-generating characters through",
    "     -t[kujtxidne]  Set tracing flags",
    "        k kinsn        Kernel-mode instructions",
    "        u uinsn        User-mode instructions",
    "        j jump         Jumps",
    "        t tlb          TLB operations",
    "        x exn          Exceptions",
    "        i irq          Interrupts",
    "        d disk         Disk activity",
    "        n net          Network activity",
    "        e emufs        Emufs activity",
    "     -w             Wait for debugger before starting",
    "     -X             Don't wait for debugger; exit instead",
    "     -Z seconds     Set watchdog timer to specified time",
    NULL,
};

const char *const options_long_usage[] = {
    "   long options:",
    "     --engine=jit|interp|reference|lockstep   How the guest is executed: translated, by the fast or",
    "                                    the plain interpreter, or by one engine and the plain interpreter",
    "     --lockstep-engine=jit|interp   The engine that lockstep compares with the plain interpreter",
    "     --tier=auto|1|2                Translated code: both kinds, stencils only, regions only",
    "     --sensitive=inline|call|trap   Sensitive instructions in translated code",
    "     --timing=system161|ideal       The original's run rules and jitter, or exact events",
    "     --quantum=N                    Cycles that a processor executes before the next one's turn, to "
    "50000",
    "     --quantum-seed=N               The same, but with turns of varying length, at most --quantum",
    "     --max-ram=SIZE                 RAM that sys161.conf may ask for, up to 508M; default: 16M",
    "     --pace=auto|off                Whether an idle machine with a keyboard follows the wall clock",
    "     --gdb=[HOST:]PORT|unix:PATH|off   Where gdb may connect; sys161 has unix:.sockets/gdb, jit161 off",
    "     --stdin                        Read standard input even if it is no terminal",
    "     --rtc=SECONDS                  Start the clock at this time (seconds since 1970)",
    "     --meter=PATH|off               Where stat161 finds the machine; as sys161 .sockets/meter, else off",
    "     --limit=N[cycles|s|ms]         End the run, with a report, after so much of the guest's time",
    "     --report=auto|on|off           Explain how the run ended: where the original says nothing, always, "
    "never",
    "     --profile=FILE                 Write the guest's call paths, sampled by its time: folded, or "
    "FILE.svg",
    "     --perf-map                     Name translated code for perf, in /tmp/perf-PID.map",
    "     --gdb-jit                      Name translated code for a gdb that debugs this program",
    "     --stats=FILE.json              Write what happened to a file; - for standard output",
    "     --exit-times                   Measure how long exits from translated code take, by reason",
    "     --control=PATH                 Where jit161 top and dump --live find the running machine",
    "     --coverage=FILE.info           Write which lines of the kernel were executed, for lcov",
    "     --plugin=FILE.so[,ARGUMENTS]   Load a plugin that watches the guest; may be given several times",
    "     --transcript=FILE              Copy the console's output to a file",
    "     --no-sandbox                   Do not confine the process before the guest starts",
    "     --threshold=N                  Compile every block executed N times; default: where it pays",
    "     --region=N                     Guest instructions in a compiled region at most",
    "     --slow-exits=N                 Exits of a region before an access, in a million cycles, that make "
    "its",
    "                                    block test accesses one by one, then call helpers; 0: all do that;",
    "                                    default: 64",
    "     --module=N                     Regions compiled together at most",
    "     --compile-threads=N            0: compile at once, on the machine's own thread",
    "     --code-size=SIZE               Memory for translated code, from 64K to 1G",
    "     --cache=DIR|off                Where compiled regions are kept for later runs; default: jit161 in",
    "                                    $XDG_CACHE_HOME or ~/.cache",
    "     --cache-size=SIZE              Size of what is kept there, from 1M; default: 256M",
    "     --lockstep-seed=N              Choice of the stretches between comparisons",
    "     --lockstep-stretch=N           Longest stretch, in cycles",
    "     --machine=system161|malta      The machine; what follows is for malta only, and may be given as",
    "                                    QEMU has it (-M malta -kernel FILE -m 256 -nographic -no-reboot)",
    "     --kernel=FILE                  The program, an ELF file",
    "     --append=TEXT                  Its command line",
    "     --memory=SIZE                  RAM, from 1M to 256M (the default)",
    "     --cpu=24Kf|34Kf                The processor",
    "     --endian=little|big            Checked against the program, which decides",
    NULL,
};

#define MIN_CODE_SIZE ((uint64_t)64 << 10)
#define MAX_CODE_SIZE ((uint64_t)1 << 30)

struct parser {
	struct run_options *options;
	struct error *error;
};

static bool bad_value(struct parser *parser, const char *name, const char *value, const char *wanted)
{
	error_set(parser->error, "Invalid value `%s' for --%s", value, name);
	return error_hint(parser->error, "It takes %s.", wanted);
}

static bool number(struct parser *parser, const char *name, const char *value, uint64_t low, uint64_t high,
		   uint64_t *result)
{
	char *end;

	errno = 0;
	*result = strtoull(value, &end, 0);
	if (errno || end == value || *end || *value == '-' || *result < low || *result > high) {
		error_set(parser->error, "Invalid value `%s' for --%s", value, name);
		return error_hint(parser->error, "It takes a number from %llu to %llu.",
				  (unsigned long long)low, (unsigned long long)high);
	}
	return true;
}

static bool choose(struct parser *parser, const char *name, const char *value, const char *const *choices,
		   const char *wanted, unsigned *chosen)
{
	for (*chosen = 0; choices[*chosen]; ++*chosen)
		if (strcmp(choices[*chosen], value) == 0)
			return true;
	return bad_value(parser, name, value, wanted);
}

/* Bytes with a suffix; a mere number is MiB, as QEMU has it. False if it is none. */
static bool parse_size(const char *value, uint64_t *size)
{
	char *end;

	errno = 0;
	*size = strtoull(value, &end, 0);
	if (errno || end == value || *value == '-' || *size > UINT32_MAX || (*end && end[1]))
		return false;
	switch (*end) {
	case 'K':
	case 'k':
		*size <<= 10;
		return true;
	case '\0':
	case 'M':
	case 'm':
		*size <<= 20;
		return true;
	case 'G':
	case 'g':
		*size <<= 30;
		return true;
	default:
		return false;
	}
}

static bool memory_size(struct parser *parser, const char *value, uint32_t *bytes)
{
	static const char wanted[] = "a size from 1M to 256M";
	uint64_t size;

	if (!parse_size(value, &size))
		return bad_value(parser, "memory", value, wanted);
	if (size < MALTA_MIN_RAM || size > MALTA_MAX_RAM || size % PAGE_SIZE) {
		bad_value(parser, "memory", value, wanted);
		return size > MALTA_MAX_RAM
			   ? error_hint(parser->error, "More than 256M is not built yet; Linux uses no more.")
			   : false;
	}
	*bytes = (uint32_t)size;
	return true;
}

static bool max_ram(struct parser *parser, const char *value, uint32_t *bytes)
{
	uint64_t size;

	if (!parse_size(value, &size) || size < PAGE_SIZE || size > VM_MAX_RAM)
		return bad_value(parser, "max-ram", value, "a size up to 508M");
	*bytes = (uint32_t)size;
	return true;
}

static bool code_size(struct parser *parser, const char *value, size_t *bytes)
{
	uint64_t size;

	if (!parse_size(value, &size) || size < MIN_CODE_SIZE || size > MAX_CODE_SIZE)
		return bad_value(parser, "code-size", value, "a size from 64K to 1G");
	*bytes = (size_t)size;
	return true;
}

static bool cache_size(struct parser *parser, const char *value, uint64_t *bytes)
{
	if (!parse_size(value, bytes) || *bytes < STORE_MIN_SIZE)
		return bad_value(parser, "cache-size", value, "a size of at least 1M");
	return true;
}

/* The guest's time, as cycles of System/161's clock or in seconds; ns. */
static bool guest_time(struct parser *parser, const char *name, const char *value, uint64_t *ns)
{
	static const struct {
		const char *unit;
		double ns;
	} units[] = {{"", NS_PER_CYCLE}, {"cycles", NS_PER_CYCLE}, {"s", 1e9}, {"ms", 1e6}};
	char *end;
	double number = strtod(value, &end);

	for (unsigned i = 0; end != value && i < sizeof(units) / sizeof(units[0]); i++) {
		double result = number * units[i].ns;

		if (strcmp(end, units[i].unit) != 0 || !(result >= 1 && result < 9e18))
			continue;
		*ns = (uint64_t)result;
		return true;
	}
	return bad_value(parser, name, value, "a time such as 1000000cycles, 2.5s or 100ms");
}

static const char *const planned[] = {"initrd", "drive", "net", NULL};

/* One long option, without its dashes. */
static bool long_option(struct parser *parser, const char *name, const char *value)
{
	static const char *const tiers[] = {
	    [TIERS_AUTO] = "auto", [TIERS_FIRST] = "1", [TIERS_SECOND] = "2", NULL};
	static const char *const engines[] = {"jit", "interp", "reference", "lockstep", NULL};
	static const char *const compared[] = {"jit", "interp", NULL};
	static const char *const timings[] = {"system161", "ideal", NULL};
	static const char *const paces[] = {"auto", "off", NULL};
	static const char *const machines[] = {"system161", "malta", NULL};
	static const char *const reports[] = {"auto", "on", "off", NULL};
	static const char *const endians[] = {"little", "big", NULL};
	struct run_options *options = parser->options;
	unsigned chosen;
	uint64_t n;

	for (unsigned i = 0; planned[i]; i++)
		if (strcmp(name, planned[i]) == 0) {
			error_set(parser->error, "Option --%s is not built yet", name);
			return error_hint(parser->error, "Leave it out; --help lists what there is.");
		}
	if (strcmp(name, "stdin") == 0 && !value) {
		options->read_stdin = true;
		return true;
	}
	if ((strcmp(name, "sandbox") == 0 || strcmp(name, "no-sandbox") == 0) && !value) {
		options->sandbox = *name == 's';
		return true;
	}
	if (strcmp(name, "exit-times") == 0 && !value) {
		options->jit.exit_times = true;
		return true;
	}
	if (strcmp(name, "perf-map") == 0 && !value)
		return options->perf_map = true;
	if (strcmp(name, "gdb-jit") == 0 && !value)
		return options->gdb_jit = true;
	if (strcmp(name, "help") == 0 && !value)
		return error_set(parser->error, "%s", "");
	if (!value) {
		error_set(parser->error, "Unknown option --%s, or its value is missing", name);
		return error_hint(parser->error,
				  "Values are given as --option=value; --help lists the options.");
	}
	if (strcmp(name, "engine") == 0) {
		if (!choose(parser, name, value, engines, "jit, interp, reference or lockstep", &chosen))
			return false;
		options->engine = (enum run_engine)chosen;
		return true;
	}
	if (strcmp(name, "lockstep-engine") == 0) {
		if (!choose(parser, name, value, compared, "jit or interp", &chosen))
			return false;
		options->lockstep_engine = chosen ? ENGINE_INTERP : ENGINE_JIT;
		return true;
	}
	if (strcmp(name, "tier") == 0) {
		if (!choose(parser, name, value, tiers, "auto, 1 or 2", &chosen))
			return false;
		options->jit.tiers = (enum jit_tiers)chosen;
		return true;
	}
	if (strcmp(name, "sensitive") == 0) {
		if (!choose(parser, name, value, jit_sensitive_names, "inline, call or trap", &chosen))
			return false;
		options->jit.sensitive = (enum sensitive_policy)chosen;
		return true;
	}
	if (strcmp(name, "timing") == 0) {
		if (!choose(parser, name, value, timings, "system161 or ideal", &chosen))
			return false;
		options->timing = chosen ? TIMING_IDEAL : TIMING_SYSTEM161;
		return true;
	}
	if (strcmp(name, "max-ram") == 0)
		return max_ram(parser, value, &options->max_ram);
	if (strcmp(name, "quantum") == 0) {
		if (!number(parser, name, value, 1, VM_MAX_QUANTUM, &n))
			return false;
		options->turns.quantum = (uint32_t)n;
		return true;
	}
	if (strcmp(name, "quantum-seed") == 0) {
		if (!number(parser, name, value, 0, UINT32_MAX, &n))
			return false;
		options->turns.seed = (uint32_t)n;
		options->turns.vary = true;
		return true;
	}
	if (strcmp(name, "pace") == 0) {
		if (!choose(parser, name, value, paces, "auto or off", &chosen))
			return false;
		options->wall_clock = !chosen;
		return true;
	}
	if (strcmp(name, "machine") == 0) {
		if (!choose(parser, name, value, machines, "system161 or malta", &chosen))
			return false;
		options->malta = chosen;
		return true;
	}
	if (strcmp(name, "kernel") == 0) {
		options->board.kernel = value;
		return true;
	}
	if (strcmp(name, "append") == 0) {
		options->board.command_line = value;
		return true;
	}
	if (strcmp(name, "cpu") == 0) {
		options->board.cpu = value;
		return true;
	}
	if (strcmp(name, "memory") == 0)
		return memory_size(parser, value, &options->board.ram_size);
	if (strcmp(name, "endian") == 0) {
		if (!choose(parser, name, value, endians, "little or big", &chosen))
			return false;
		options->board.endian = chosen ? MALTA_BIG : MALTA_LITTLE;
		return true;
	}
	if (strcmp(name, "gdb") == 0) {
		options->debugger = value;
		options->debugger_port = false;
		return *value ? true : bad_value(parser, name, value, "[HOST:]PORT, unix:PATH or off");
	}
	if (strcmp(name, "rtc") == 0)
		return number(parser, name, value, 1, UINT32_MAX, &options->start_time);
	if (strcmp(name, "meter") == 0) {
		options->meter = strcmp(value, "off") == 0 ? NULL : value;
		return *value ? true : bad_value(parser, name, value, "a path or off");
	}
	if (strcmp(name, "limit") == 0)
		return guest_time(parser, name, value, &options->limit);
	if (strcmp(name, "report") == 0) {
		if (!choose(parser, name, value, reports, "auto, on or off", &chosen))
			return false;
		options->report = (enum run_report)chosen;
		return true;
	}
	if (strcmp(name, "profile") == 0) {
		options->guest_profile = value;
		return *value ? true : bad_value(parser, name, value, "a file name");
	}
	if (strcmp(name, "stats") == 0) {
		options->stats = value;
		return *value ? true : bad_value(parser, name, value, "a file name");
	}
	if (strcmp(name, "control") == 0) {
		options->control = value;
		return *value ? true : bad_value(parser, name, value, "a path");
	}
	if (strcmp(name, "coverage") == 0) {
		options->coverage = value;
		return *value ? true : bad_value(parser, name, value, "a file name");
	}
	if (strcmp(name, "plugin") == 0) {
		if (!*value || options->plugin_count == PLUGINS_MAX)
			return bad_value(parser, name, value, "a file name, for at most 8 plugins");
		options->plugins[options->plugin_count++] = value;
		return true;
	}
	if (strcmp(name, "transcript") == 0) {
		options->transcript = value;
		return *value ? true : bad_value(parser, name, value, "a file name");
	}
	if (strcmp(name, "threshold") == 0) {
		if (!number(parser, name, value, 1, UINT32_MAX, &n))
			return false;
		options->jit.threshold = (uint32_t)n;
		return true;
	}
	if (strcmp(name, "region") == 0) {
		if (!number(parser, name, value, 1, 2000, &n))
			return false;
		options->jit.region_instructions = (unsigned)n;
		return true;
	}
	if (strcmp(name, "slow-exits") == 0) {
		if (!number(parser, name, value, 0, 200, &n))
			return false;
		options->jit.slow_exits = (unsigned)n;
		return true;
	}
	if (strcmp(name, "module") == 0) {
		if (!number(parser, name, value, 1, 64, &n))
			return false;
		options->jit.regions_per_module = (unsigned)n;
		return true;
	}
	if (strcmp(name, "compile-threads") == 0) {
		if (!number(parser, name, value, 0, 8, &n))
			return false;
		options->jit.threads = (unsigned)n;
		return true;
	}
	if (strcmp(name, "code-size") == 0)
		return code_size(parser, value, &options->jit.code_bytes);
	if (strcmp(name, "cache") == 0) {
		options->cache = value;
		return *value ? true : bad_value(parser, name, value, "a directory or off");
	}
	if (strcmp(name, "cache-size") == 0)
		return cache_size(parser, value, &options->jit.cache_bytes);
	if (strcmp(name, "lockstep-seed") == 0) {
		if (!number(parser, name, value, 0, UINT32_MAX, &n))
			return false;
		options->lockstep_seed = (uint32_t)n;
		return true;
	}
	if (strcmp(name, "lockstep-stretch") == 0) {
		if (!number(parser, name, value, 1, 1000000000, &n))
			return false;
		options->lockstep_stretch = (uint32_t)n;
		return true;
	}
	error_set(parser->error, "Unknown option --%s", name);
	return error_hint(parser->error, "--help lists the options.");
}

static bool parse_long(struct parser *parser, const char *word)
{
	char name[64];
	const char *equals = strchr(word, '=');
	size_t length = equals ? (size_t)(equals - word) : strlen(word);

	if (length >= sizeof(name))
		return error_set(parser->error, "Unknown option --%s", word);
	memcpy(name, word, length);
	name[length] = '\0';
	return long_option(parser, name, equals ? equals + 1 : NULL);
}

/* QEMU's way to give options: with one dash, and values as the next word. False without an error: it is none. */
static bool parse_qemu(struct parser *parser, int argc, char **argv, int *at, bool *known)
{
	static const struct {
		const char *word, *name;
	} options[] = {{"-M", "machine"},     {"-machine", "machine"}, {"-m", "memory"},
		       {"-memory", "memory"}, {"-kernel", "kernel"},   {"-append", "append"},
		       {"-cpu", "cpu"},	      {"-endian", "endian"},   {"-initrd", "initrd"},
		       {"-nographic", NULL},  {"-no-reboot", NULL}};
	const char *word = argv[*at], *equals = strchr(word, '=');
	size_t length = equals ? (size_t)(equals - word) : strlen(word);

	*known = false;
	for (unsigned i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (strlen(options[i].word) != length || strncmp(options[i].word, word, length) != 0)
			continue;
		*known = true;
		if (!options[i].name)
			return true; /* what jit161 does anyway */
		if (equals)
			return long_option(parser, options[i].name, equals + 1);
		if (++*at >= argc)
			return error_set(parser->error, "Option %s needs a value", word);
		return long_option(parser, options[i].name, argv[*at]);
	}
	return false;
}

/* One short option; `value` for those that take one. */
static bool short_option(struct parser *parser, char letter, const char *value)
{
	struct run_options *options = parser->options;

	switch (letter) {
	case 'c':
		options->config = value;
		return true;
	case 'C':
		if (options->override_count == MAX_OVERRIDES)
			return error_set(parser->error, "Too many -C options");
		if (!strchr(value, ':')) {
			error_set(parser->error, "Invalid -C option");
			return error_hint(parser->error,
					  "`%s' should be SLOT:ARGUMENT, such as 31:ramsize=2M.", value);
		}
		options->overrides[options->override_count++] = value;
		return true;
	case 'p':
		options->debugger = value;
		options->debugger_port = true;
		return true;
	case 'w':
		options->wait_for_debugger = true;
		return true;
	case 's':
		options->signals_to_guest = true;
		return true;
	case 'X':
		options->no_debugger = true;
		return true;
	case 'P':
		options->profile = true;
		return true;
	case 'f':
		options->trace_file = value;
		return true;
	case 't':
		for (; *value; value++) {
			uint32_t flag = trace_flag_of(*value);

			if (!flag) {
				error_set(parser->error, "Unknown trace flag %c", *value);
				return error_hint(parser->error, "The flags are kujtxidne.");
			}
			options->trace_flags ^= flag; /* given twice it is off again */
		}
		return true;
	case 'D':
		options->doom =
		    (uint32_t)atoi(value); /* as the original reads it: no number is 0, which is none */
		return true;
	case 'Z':
		options->watchdog = (uint32_t)atoi(value);
		return atoi(value) >= 2 || error_set(parser->error, "Invalid timeout (must be at least 2)");
	default:
		error_set(parser->error, "Option -%c is not built yet", letter);
		return error_hint(parser->error, "Leave it out; --help lists what there is.");
	}
}

/* A word of clustered short options; an argument may be the rest of the word or the next one. */
static bool parse_short(struct parser *parser, int argc, char **argv, int *at)
{
	static const char known[] = "cCDfpPstwXZ", with_value[] = "cCDfptZ";

	for (const char *letter = argv[*at] + 1; *letter; letter++) {
		if (!strchr(known, *letter))
			return error_set(parser->error, "%s", "");
		if (!strchr(with_value, *letter)) {
			if (!short_option(parser, *letter, NULL))
				return false;
			continue;
		}
		const char *value = letter[1] ? letter + 1 : ++*at < argc ? argv[*at] : NULL;
		if (!value)
			return error_set(parser->error, "%s", "");
		return short_option(parser, *letter, value);
	}
	return true;
}

static char *join(int count, char **words)
{
	size_t size = 1;
	char *joined, *at;

	for (int i = 0; i < count; i++)
		size += strlen(words[i]) + 1;
	at = joined = malloc(size);
	if (!joined)
		abort();
	*at = '\0';
	for (int i = 0; i < count; i++) {
		at = stpcpy(at, words[i]);
		if (i + 1 < count)
			at = stpcpy(at, " ");
	}
	return joined;
}

/* The kernel may also be the first word after the options, as for System/161. */
static bool finish_malta(struct run_options *options, int count, char **words, struct error *error)
{
	if (!options->board.kernel && count > 0) {
		options->board.kernel = *words++;
		count--;
	}
	if (!options->board.kernel) {
		error_set(error, "--machine=malta needs --kernel=FILE");
		return error_hint(error, "Booting from a ROM image is not built yet.");
	}
	if (count > 0) {
		error_set(error, "Unexpected argument `%s'", words[0]);
		return error_hint(error, "Words for the program go into --append=\"...\".");
	}
	options->kernel = options->board.kernel;
	return true;
}

bool options_parse(struct run_options *options, int argc, char **argv, bool drop_in, struct error *error)
{
	struct parser parser = {.options = options, .error = error};
	int at = 1;

	memset(options, 0, sizeof(*options));
	options->config = "sys161.conf";
	options->wall_clock = true;
	options->sandbox = true;
	options->read_stdin = !drop_in;
	options->meter = drop_in ? ".sockets/meter" : NULL;
	options->jit = jit_default_options();
	options->jit.cache_bytes = STORE_DEFAULT_SIZE;
	options->lockstep_engine = ENGINE_JIT;
	options->turns.quantum = 1;
	options->lockstep_seed = 1;
	options->lockstep_stretch = 1000000;
	options->board.ram_size = MALTA_MAX_RAM;
	options->board.cpu = "24Kf";
	options->board.command_line = "";
	for (; at < argc && argv[at][0] == '-' && argv[at][1]; at++) {
		bool known = false;
		bool ok = !drop_in && parse_qemu(&parser, argc, argv, &at, &known);

		if (!known)
			ok = argv[at][1] == '-' ? parse_long(&parser, argv[at] + 2)
						: parse_short(&parser, argc, argv, &at);
		if (!ok)
			return false;
	}
	if (options->coverage && (options->malta || options->engine == RUN_LOCKSTEP)) {
		error_set(error, "--coverage is not for %s",
			  options->malta ? "--machine=malta" : "--engine=lockstep");
		return error_hint(error, "Only the plain interpreter of System/161's processor counts.");
	}
	if (options->plugin_count && options->engine == RUN_LOCKSTEP) {
		error_set(error, "--plugin is not for --engine=lockstep");
		return error_hint(error,
				  "Plugins see what the plain interpreter does, whatever --engine says.");
	}
	if (options->guest_profile && options->engine == RUN_LOCKSTEP) {
		error_set(error, "Lockstep makes no profile");
		return error_hint(error, "All other engines make the same one.");
	}
	if (options->turns.vary && options->turns.quantum == 1) {
		error_set(error, "--quantum-seed needs --quantum");
		return error_hint(error,
				  "Turns of one cycle do not vary; give the longest as --quantum=1000.");
	}
	if (options->control && (options->guest_profile || options->engine == RUN_LOCKSTEP)) {
		error_set(error, "--control is not for %s",
			  options->guest_profile ? "--profile" : "--engine=lockstep");
		return error_hint(error, "Leave one of them out.");
	}
	if (options->malta)
		return finish_malta(options, argc - at, argv + at, error);
	if (options->board.kernel) {
		error_set(error, "--kernel is for --machine=malta");
		return error_hint(error,
				  "System/161's kernel comes after the options, without one of its own.");
	}
	if (at >= argc)
		return error_set(error, "%s", "");
	options->kernel = argv[at];
	options->words_used = at + 1;
	options->arguments = join(argc - at - 1, argv + at + 1);
	return true;
}

void options_free(struct run_options *options)
{
	free(options->arguments);
}

char *options_library_path(const char *name)
{
	char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *beside, *installed;

	path[length < 0 ? 0 : length] = '\0';
	char *slash = strrchr(path, '/');
	if (slash)
		*slash = '\0';
	if (asprintf(&beside, "%s/%s", slash ? path : ".", name) < 0 ||
	    asprintf(&installed, "%s/" JIT161_LIBRARIES "/%s", slash ? path : ".", name) < 0)
		abort();
	bool is_installed = access(beside, F_OK) != 0 && access(installed, F_OK) == 0;
	free(is_installed ? beside : installed);
	return is_installed ? installed : beside;
}
