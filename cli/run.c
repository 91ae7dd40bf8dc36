/* `jit161 run` and the drop-in `sys161`: one machine from start to shutdown lines. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/code_names.h"
#include "cli/commands.h"
#include "cli/confine.h"
#include "cli/control.h"
#include "cli/debugger.h"
#include "cli/exit_codes.h"
#include "cli/guest_profile.h"
#include "cli/options.h"
#include "cli/output_file.h"
#include "cli/plugins.h"
#include "cli/report.h"
#include "cli/statistics.h"
#include "cli/streams.h"
#include "devices/host/console_input.h"
#include "devices/host/meter_socket.h"
#include "jit/store/store.h"
#include "runtime/vm/coverage.h"
#include "runtime/vm/lockstep.h"
#include "runtime/vm/symbols.h"
#include "runtime/vm/vm.h"

#define PROFILE_FILE "gmon.out"
#define SOCKETS	     ".sockets" /* folder of the original's sockets */
#define VERSION	     "snap (20220629), jit161 " JIT161_VERSION

/* The machine that ^C stops; signal handlers are the one thing that is the process's (design, rule R5). */
static struct vm *interruptible;

static volatile sig_atomic_t signal_received;

static void on_signal(int number)
{
	signal_received = number;
	vm_interrupt(interruptible);
}

static void console(void *context, uint8_t character)
{
	streams_console(context, character);
}

static void message(void *context, const char *text)
{
	streams_message(context, "%s", text);
}

static void trace(void *context, int source, const char *text)
{
	streams_trace(context, source, text);
}

static void report(struct streams *streams, const struct error *error)
{
	streams_message(streams, "%s", error->text);
	if (error->hint[0])
		streams_message(streams, "%s", error->hint);
}

static void usage(struct streams *streams, bool drop_in)
{
	streams_message(streams, "System/161 %s, compiled %s %s", VERSION, __DATE__, __TIME__);
	streams_message(streams, drop_in ? "Usage: sys161 [sys161 options] kernel [kernel args...]"
					 : "Usage: jit161 run [options] kernel [kernel args...]");
	streams_message(streams, "   sys161 options:");
	for (unsigned i = 0; options_usage[i]; i++)
		streams_message(streams, "%s", options_usage[i]);
	for (unsigned i = 0; options_long_usage[i]; i++)
		streams_message(streams, "%s", options_long_usage[i]);
}

static double seconds(const struct timespec *from, const struct timespec *to)
{
	return (double)(to->tv_sec - from->tv_sec) + (double)(to->tv_nsec - from->tv_nsec) / 1e9;
}

static void real_time_line(struct streams *streams, struct vm *vm, double real)
{
	uint64_t microseconds = (uint64_t)(real * 1e6);
	uint64_t cycles = vm->totals.run + vm->totals.idle;

	streams_message(streams, "Elapsed real time: %" PRIu64 ".%06" PRIu64 " seconds (%g mhz)",
			microseconds / 1000000, microseconds % 1000000,
			real > 0 ? (double)cycles / (real * 1e6) : 0);
}

/* The files that a run writes when it is over. */
struct outputs {
	struct output_file profile, stats, coverage, guest_profile;
};

static bool open_output(struct output_file *output, const char *path, const char *what, const char *option,
			struct error *error)
{
	if (!path || output_file_open(output, path))
		return true;
	error_set(error, "Cannot write %s to %s: %s", what, path, strerror(errno));
	return error_hint(error, "Give --%s a path in a folder that can be written.", option);
}

static bool open_outputs(struct outputs *outputs, const struct run_options *options, struct error *error)
{
	if (options->profile)
		output_file_open(&outputs->profile, PROFILE_FILE); /* the original says so at the end */
	return open_output(&outputs->guest_profile, options->guest_profile, "the profile", "profile",
			   error) &&
	       open_output(&outputs->stats, options->stats, "statistics", "stats", error) &&
	       open_output(&outputs->coverage, options->coverage, "coverage", "coverage", error);
}

static bool write_coverage(struct output_file *output, const struct vm *vm, struct symbols *symbols,
			   struct error *error)
{
	FILE *file = output_file_begin(output);

	if (file && !vm_write_coverage(vm, symbols, file, error))
		return false;
	if (file && output_file_end(output))
		return true;
	return error_set(error, "Cannot write coverage to %s: %s", output->path, strerror(errno));
}

/* At every orderly end of a machine. */
static void write_profile(struct streams *streams, struct vm *vm, struct output_file *output)
{
	struct error error;
	FILE *file;

	if (!vm->profile)
		return;
	file = output_file_begin(output);
	if (!file) {
		error_set(&error, "Could not open %s (skipping)", output->path);
		error_hint(&error, "%s", strerror(errno));
		report(streams, &error);
	} else if (!vm_write_profile(vm, file, output->path, &error)) {
		report(streams, &error);
	}
}

/* Says how the machine ended; returns the exit status. */
static int conclude(struct streams *streams, struct vm *vm, enum vm_state state, double real,
		    const struct run_options *options, struct outputs *outputs)
{
	switch (state) {
	case VM_POWERED_OFF:
		if (options->malta)
			return EXIT_NORMAL;
		vm_shutdown_lines(vm);
		real_time_line(streams, vm, real);
		write_profile(streams, vm, &outputs->profile);
		vm_trace_closing(vm);
		streams_message(streams, "Elapsed virtual time: %" PRIu64 ".%09" PRIu64 " seconds (%d mhz)",
				vm->run.base / 1000000000, vm->run.base % 1000000000, 1000 / NS_PER_CYCLE);
		return vm->run.stop_requested ? EXIT_CRASH : EXIT_NORMAL;
	case VM_DOOMED:
		write_profile(streams, vm, &outputs->profile);
		return EXIT_REQUESTED;
	case VM_NO_PROGRESS:
	case VM_HUNG:
		streams_message(streams, "Exiting instead of waiting for debugger...");
		if (!options->no_debugger)
			streams_message(streams,
					"There is none to wait for: --gdb says where one may connect.");
		write_profile(streams, vm, &outputs->profile);
		return EXIT_CRASH;
	case VM_IDLE_FOREVER:
		if (vm_stuck_in_rom(vm)) {
			const struct cpu *cpu = &vm->cpus[0];

			streams_message(streams,
					"The program ended with exception %u at 0x%08x (BadVAddr 0x%08x).",
					cpu->cause >> CAUSE_CODE_SHIFT & 31, cpu->epc, cpu->bad_vaddr);
			streams_message(streams,
					"Status.BEV is still set, so it went to the ROM, which waits for "
					"ever: clear BEV once there are handlers.");
			return EXIT_CRASH;
		}
		if (options->malta) {
			streams_message(streams,
					"The machine is idle for ever: the processor waits at 0x%08x, and "
					"no interrupt that could wake it is enabled.",
					vm->cpus[0].pc);
			return EXIT_CRASH;
		}
		streams_message(streams,
				"The machine is idle for ever: every processor waits, no event is pending "
				"and no input can come.");
		return EXIT_CRASH;
	case VM_LIMIT:
		streams_message(streams, "The limit of virtual time was reached.");
		return EXIT_LIMIT;
	default:
		streams_message(streams, "Interrupted after %" PRIu64 " executed cycles.",
				vm->totals.executed);
		return 128 + signal_received;
	}
}

static void flush(void *context)
{
	streams_flush(context);
}

static enum vm_engine vm_engine(const struct run_options *options)
{
	switch (options->engine) {
	case RUN_JIT:
		return ENGINE_JIT;
	case RUN_INTERP:
		return ENGINE_INTERP;
	case RUN_REFERENCE:
		return ENGINE_REFERENCE;
	default:
		return options->lockstep_engine;
	}
}

static bool build(struct vm *vm, const struct run_options *options, struct error *error)
{
	if (options->malta)
		return vm_build_malta(vm, &options->board, error);
	return vm_configure(vm, options->config, options->overrides, options->override_count, error) &&
	       vm_load(vm, options->kernel, options->arguments, error);
}

/* Runs the machine to its end, with stops for the debugger, if there is one. */
static enum vm_state run_debugged(struct vm *vm, struct debugger *debugger, bool wait,
				  struct guest_profile *profile, struct control *control,
				  struct progress *progress, bool *killed)
{
	enum debugger_wish wish = debugger && wait ? debugger_serve(debugger, true) : DEBUGGER_RUN;

	for (;;) {
		enum vm_state state;

		if (wish != DEBUGGER_RUN) {
			*killed = wish == DEBUGGER_KILL;
			return VM_INTERRUPTED;
		}
		if (profile)
			state = guest_profile_run(profile, vm);
		else
			state = control	   ? control_run(control, vm)
				: progress ? progress_run(progress, vm)
					   : vm_run(vm, UINT64_MAX);
		if (state != VM_STOPPED)
			return state;
		wish = debugger_serve(debugger, false);
	}
}

static enum run_end run_end(enum vm_state state)
{
	switch (state) {
	case VM_POWERED_OFF:
		return END_POWER_OFF;
	case VM_HUNG:
		return END_HANG;
	case VM_IDLE_FOREVER:
		return END_IDLE;
	case VM_LIMIT:
		return END_LIMIT;
	case VM_DOOMED:
		return END_DOOM;
	case VM_NO_PROGRESS:
		return END_WATCHDOG;
	default:
		return signal_received == SIGQUIT ? END_QUIT : END_INTERRUPTED;
	}
}

/* Whether an explanation is wanted. As the original's stand-in we speak only where that says nothing. */
static bool wants_report(const struct run_options *options, const struct diagnosis *diagnosis, bool drop_in)
{
	if (options->report != REPORT_AUTO)
		return options->report == REPORT_ON;
	switch (diagnosis->end) {
	case END_IDLE:
	case END_LIMIT:
	case END_QUIT:
		return true;
	case END_HANG:
	case END_WATCHDOG:
		return !drop_in;
	case END_POWER_OFF:
		return !drop_in && strcmp(diagnosis->cause, run_end_names[END_POWER_OFF]) != 0;
	default:
		return false;
	}
}

/* What was compiled is there for the next run. Trouble with that shows only where the cache was asked for, or to who reads our
 * own messages anyway: the guest has lost nothing. */
static void keep_code(struct streams *streams, struct vm *vm, const struct run_options *options, bool drop_in)
{
	struct error warning;

	if (!vm->jit)
		return;
	jit_keep(vm->jit, &warning);
	if (warning.text[0] && (options->cache || !drop_in))
		report(streams, &warning);
}

static int run_machine(struct streams *streams, struct run_options *options, bool drop_in)
{
	struct debugger *debugger = NULL;
	bool killed = false;
	struct console_input_options keyboard = {.input = STDIN_FILENO,
						 .output = STDOUT_FILENO,
						 .signals_to_guest = options->signals_to_guest,
						 .not_only_terminal = options->read_stdin};
	struct vm_options machine = {
	    .engine = vm_engine(options),
	    .timing = options->timing,
	    .turns = options->turns,
	    .max_ram = options->max_ram,
	    .jit = &options->jit,
	    .output =
		{.context = streams, .console = console, .message = message, .flush = flush, .trace = trace},
	    .wall_clock = options->wall_clock,
	    .start_time = options->start_time,
	    .trace_flags = options->trace_flags,
	    .doom = options->doom,
	    .watchdog = options->watchdog,
	    .profile = options->profile,
	    .coverage = options->coverage != NULL,
	    .limit = options->limit,
	};
	struct error error;
	struct timespec before, after;
	struct lockstep_report lockstep = {0};
	enum vm_state state;
	struct meter_socket *meter = NULL;
	struct outputs outputs = {0};
	struct sandbox sandbox;
	struct guest_profile *profile = NULL;
	struct control *control = NULL;
	struct progress *progress = NULL;
	struct code_names *names = NULL;
	struct plugins plugins = {0};
	int status = EXIT_ERROR;
	char *reader = options_library_path(SYMBOLS_LIBRARY);
	/* As it is now, even if somebody links a new one meanwhile. */
	int kernel =
	    open(options->malta ? options->board.kernel : options->kernel, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if ((options->trace_file && !streams_trace_to(streams, options->trace_file, &error)) ||
	    (options->transcript && !streams_transcript_to(streams, options->transcript, &error))) {
		report(streams, &error);
		free(reader);
		return EXIT_ERROR;
	}
	if (!plugins_load(&plugins, options, streams, &error)) {
		report(streams, &error);
		free(reader);
		return EXIT_ERROR;
	}
	machine.observer = plugins.observer.count ? &plugins.observer : NULL;
	machine.console = console_input_open(&keyboard);
	struct vm *vm = vm_new(&machine, &error);
	if (!vm || !build(vm, options, &error)) {
		report(streams, &error);
		goto out;
	}
	debugger = debugger_open(options, drop_in, streams, &error);
	if (!debugger && error.text[0]) {
		report(streams, &error);
		goto out;
	}
	if (debugger) {
		debugger_attach(debugger, vm, reader, kernel);
		console_input_wake_by(machine.console, debugger_descriptor(debugger));
	}
	if (!options->malta && options->meter) {
		if (strncmp(options->meter, SOCKETS "/", strlen(SOCKETS "/")) == 0)
			mkdir(SOCKETS, 0700);
		meter = meter_socket_open(options->meter, &error);
		vm->meter = meter;
		if (!meter)
			report(streams, &error); /* it runs without */
	}
	if (options->control) {
		control = control_open(options->control, &error);
		if (!control) {
			report(streams, &error);
			goto out;
		}
		control_attach(control, vm, machine.console);
	}
	if (vm->jit && (options->perf_map || options->gdb_jit)) {
		names = code_names_new(vm->jit, options->perf_map, options->gdb_jit, kernel, reader, &error);
		if (!names) {
			report(streams, &error);
			goto out;
		}
	}
	if (!open_outputs(&outputs, options, &error)) {
		report(streams, &error);
		goto out;
	}
	if (!options->malta)
		streams_message(streams, "System/161 %s, compiled %s %s", VERSION, __DATE__, __TIME__);
	if (vm->trace.flags)
		vm_trace_message(vm);
	sandbox = confine(options, vm, debugger, streams, drop_in);
	interruptible = vm;
	if (!options->signals_to_guest) {
		signal(SIGINT, on_signal);
		signal(SIGQUIT, on_signal);
	}
	signal(SIGTERM, on_signal);

	if (options->guest_profile)
		profile = guest_profile_new(kernel, reader);
	if (control)
		control_start(control, kernel, options->kernel, reader);
	clock_gettime(CLOCK_MONOTONIC, &before);
	if (options->engine == RUN_LOCKSTEP) {
		struct lockstep_options how = {.seed = options->lockstep_seed,
					       .longest = options->lockstep_stretch};
		if (!lockstep_run(vm, &machine, &how, &lockstep, &error)) {
			report(streams, &error);
			goto out;
		}
		state = lockstep.state;
	} else {
		if (options->stats)
			progress = progress_new();
		state = run_debugged(vm, debugger, options->wait_for_debugger, profile, control, progress,
				     &killed);
	}
	clock_gettime(CLOCK_MONOTONIC, &after);

	if (lockstep.differs) {
		streams_message(streams, "lockstep: the engines differ: %s", lockstep.where);
		lockstep_explain(&lockstep, vm);
		status = EXIT_CRASH;
		goto out;
	}
	status = killed ? EXIT_REQUESTED
			: conclude(streams, vm, state, seconds(&before, &after), options, &outputs);
	observe_finish(&plugins.observer);
	debugger_finish(debugger, status);
	struct diagnosis *diagnosis =
	    diagnose(vm, killed ? END_KILLED : run_end(state),
		     &(struct diagnose_options){
			 .kernel = kernel, .reader = reader, .always = options->report == REPORT_ON});
	if (wants_report(options, diagnosis, drop_in))
		report_print(streams, vm, diagnosis);
	keep_code(streams, vm, options, drop_in);
	if (!drop_in && !killed)
		statistics_summary(streams, vm, options, &lockstep, seconds(&before, &after));
	if (profile && !guest_profile_write(profile, &outputs.guest_profile, &error)) {
		report(streams, &error);
		status = EXIT_ERROR;
	}
	if (options->stats && !statistics_write(&outputs.stats, vm, options, diagnosis, &sandbox, status,
						seconds(&before, &after), progress, &error)) {
		report(streams, &error);
		status = EXIT_ERROR;
	}
	if (options->coverage) {
		struct symbols *symbols = symbols_open(reader, kernel);

		if (!write_coverage(&outputs.coverage, vm, symbols, &error)) {
			report(streams, &error);
			status = EXIT_ERROR;
		}
		symbols_close(symbols);
	}
	diagnosis_free(diagnosis);
out:
	if (names)
		jit_listen(vm->jit, NULL);
	code_names_free(names);
	guest_profile_free(profile);
	progress_free(progress);
	control_close(control);
	debugger_close(debugger);
	console_input_close(machine.console);
	meter_socket_close(meter);
#ifndef __SANITIZE_ADDRESS__
	/* A compile thread may be busy for a while yet, with code that nobody will run. */
	streams_finish(streams);
	_exit(status);
#endif
	vm_free(vm);
	free(reader);
	return status;
}

int command_run(int argc, char **argv, bool drop_in)
{
	struct streams streams;
	struct run_options options;
	struct error error;
	int status = EXIT_ERROR;

	streams_init(&streams, "sys161");
	if (options_parse(&options, argc, argv, drop_in, &error)) {
		if (options.malta)
			streams.prefix = "jit161";
		char *path = options_library_path(BACKEND_LIBRARY);
		char *cache = options.cache ? strdup(options.cache) : store_default_directory();

		options.jit.backend_path = path;
		options.jit.anonymous_code = options.perf_map;
		options.jit.journal = options.control != NULL; /* jit161 dump --live shows it */
		options.jit.cache_directory = cache && strcmp(cache, "off") != 0 ? cache : NULL;
		const char *slash = strrchr(options.kernel, '/');
		options.jit.guest = slash ? slash + 1 : options.kernel;
		status = run_machine(&streams, &options, drop_in);
		free(cache);
		free(path);
	} else if (error.text[0]) {
		report(&streams, &error);
	} else {
		usage(&streams, drop_in);
	}
	options_free(&options);
	streams_finish(&streams);
	return status;
}
