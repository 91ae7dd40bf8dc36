/* The command line of a run: the original's short options and our long ones (System/161 reference,
 * section 5.2). */
#ifndef JIT161_CLI_OPTIONS_H
#define JIT161_CLI_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "jit/jit.h"
#include "runtime/core/error.h"
#include "runtime/cpu/observe.h"
#include "runtime/vm/vm.h"

#define MAX_OVERRIDES 128 /* the original's limit of -C options */

enum run_engine {
	RUN_JIT,
	RUN_INTERP,
	RUN_REFERENCE,
	RUN_LOCKSTEP
};

enum run_report {
	REPORT_AUTO,
	REPORT_ON,
	REPORT_OFF
};

struct run_options {
	const char *config;
	const char *overrides[MAX_OVERRIDES];
	unsigned override_count;
	bool no_debugger;	/* -X */
	bool wait_for_debugger; /* -w */
	const char
	    *debugger; /* where it may connect: "off", "unix:PATH", "[HOST:]PORT"; NULL: the face's default */
	bool debugger_port;	/* `debugger` is from -p */
	bool signals_to_guest;	/* -s */
	uint32_t trace_flags;	/* -t: enum trace_flag */
	const char *trace_file; /* -f, or NULL */
	uint32_t doom;		/* -D */
	uint32_t watchdog;	/* -Z: seconds */
	bool profile;		/* -P */
	enum run_engine engine;
	enum vm_engine lockstep_engine; /* what lockstep compares with the reference */
	enum vm_timing timing;
	struct vm_turns turns; /* --quantum, --quantum-seed */
	uint32_t max_ram;      /* --max-ram: bytes; 0: as the original */
	bool wall_clock;       /* --pace */
	bool read_stdin;       /* --stdin: read it though it is no terminal */
	uint64_t start_time;
	const char *meter; /* --meter: path of its socket, NULL: none */
	uint64_t limit;	   /* --limit: ns of virtual time; 0: none */
	enum run_report report;
	const char *guest_profile; /* --profile: file for the sampled stacks, or NULL */
	bool perf_map, gdb_jit;	   /* name translated code for tools of the host */
	const char *stats;	   /* --stats: file for the JSON, "-" for standard output */
	const char *control;	   /* --control: path of a socket, or NULL */
	const char *coverage;	   /* --coverage: file for the tracefile, "-" for standard output; or NULL */
	const char *plugins[PLUGINS_MAX]; /* --plugin: FILE.so[,ARGUMENTS] */
	unsigned plugin_count;
	const char *transcript; /* --transcript: file, or NULL */
	bool sandbox;		/* --no-sandbox */
	const char *cache;	/* --cache: a directory or "off"; NULL: the default */
	uint32_t lockstep_seed, lockstep_stretch;
	struct jit_options jit;
	bool malta; /* --machine */
	struct malta_options board;
	const char *kernel;
	char *arguments; /* joined by blanks; owned */
	int words_used;	 /* argv words up to and including the kernel */
};

/* Parses argv[1..]. False: error.text says why; if it is empty the usage is wanted. `drop_in`: called as
 * sys161. */
bool options_parse(struct run_options *options, int argc, char **argv, bool drop_in, struct error *error);
void options_free(struct run_options *options);

/* Shared objects that are loaded when they are wanted. */
#define SYMBOLS_LIBRARY "libjit161-symbols.so"
#define BACKEND_LIBRARY "libjit161-llvm.so"
/* The path of one: beside the program, or where it is installed. To be freed. */
char *options_library_path(const char *name);

/* The lines of the usage text, the original's options and then ours; each ends with NULL. */
extern const char *const options_usage[], *const options_long_usage[];

#endif
