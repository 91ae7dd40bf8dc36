/* Random damage to kernels and configurations: the machine must refuse with a message or run, and nothing
 * may be reported by the sanitizers it is built with.
 *
 *   fuzz_machine [--count=N] [--first=N] [--seed=N] [--cycles=N] [--engine=interp|jit] [--keep=DIRECTORY]
 *
 * Case i of a seed is always the same. It runs in a child process; if that dies, the case is named and the
 * rest goes on. At the end the share of cases that got past the checks of headers and configuration is
 * printed; under MIN_LOADED_PERCENT the fuzzer has become pointless, which is a failure. With --engine
 * every case also runs on the reference interpreter, and both must agree. */
#define _GNU_SOURCE
#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"
#include "jit/jit.h"
#include "runtime/vm/vm.h"

#define MIN_LOADED_PERCENT 30
#define IDLE_LIMIT_US	   200000 /* after this, machines that only wait are left */
#define STUCK_SECONDS	   120	  /* a case that takes longer never ends */
#define CLEAN_INTERVAL	   200	  /* cases between fresh directories */
#define START_TIME	   1000000000

struct options {
	uint64_t count, first, seed, cycles;
	enum vm_engine engine;
	const char *keep;
};

/* Shared by parent and child. */
struct progress {
	volatile uint64_t next; /* case being run */
	volatile uint64_t configured, loaded, powered_off, hung, idle, running, silent, different, executed,
	    translated;
};

static struct vm *interruptible;

static void on_alarm(int number)
{
	(void)number;
	if (interruptible)
		vm_interrupt(interruptible);
}

static void no_console(void *context, uint8_t character)
{
	(void)context, (void)character;
}

static void no_message(void *context, const char *text)
{
	(void)context, (void)text;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)status, (void)type;
	return where->level > 0 ? remove(path) : 0;
}

static void fail(const char *what)
{
	perror(what);
	_exit(2);
}

static void write_file(const char *name, const void *bytes, size_t size)
{
	FILE *file = fopen(name, "w");

	if (!file || fwrite(bytes, 1, size, file) != size || fclose(file) != 0)
		fail(name);
}

/* The current directory as every case expects it. */
static void fresh_directory(void)
{
	nftw(".", remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	if (mkdir("tree", 0755) != 0 || mkdir("tree/sub", 0755) != 0 ||
	    symlink("../secret", "tree/link") != 0)
		fail("tree");
	write_file("tree/file", "contents", 8);
	write_file("secret", "secret", 6);
	write_file("image", "System/161 Disk Image", 22);
	if (truncate("image", 512 + 8192 * 512) != 0)
		fail("image");
}

static void watch(bool on)
{
	struct itimerval timer = {.it_value = {.tv_usec = on ? IDLE_LIMIT_US : 0},
				  .it_interval = {.tv_usec = on ? IDLE_LIMIT_US : 0}};

	setitimer(ITIMER_REAL, &timer, NULL);
}

static void count_end(struct progress *progress, enum vm_state state)
{
	switch (state) {
	case VM_RUNNING:
		progress->running++;
		break;
	case VM_POWERED_OFF:
		progress->powered_off++;
		break;
	case VM_HUNG:
		progress->hung++;
		break;
	default:
		progress->idle++;
	}
}

/* Runs what was loaded, twice if engines are to be compared. */
static void run(struct vm *vm, const struct vm_options *machine, const struct options *options,
		struct progress *progress)
{
	struct vm_options plain = *machine;
	struct vm *reference = NULL;
	struct error error;
	char where[512];

	plain.engine = ENGINE_REFERENCE;
	if (options->engine != ENGINE_REFERENCE && !(reference = vm_new_replica(vm, &plain, &error)))
		fail(error.text);
	interruptible = vm;
	watch(true);
	enum vm_state state = vm_run(vm, options->cycles);
	count_end(progress, state);
	if (reference && state != VM_INTERRUPTED) {
		interruptible = reference;
		enum vm_state other = vm_run(reference, options->cycles);

		if (other != VM_INTERRUPTED && (other != state || reference->inputs.diverged ||
						!vm_equal(vm, reference, where, sizeof(where)))) {
			fprintf(stderr, "case %llu: the engines differ: %s\n",
				(unsigned long long)progress->next,
				other != state		     ? "end"
				: reference->inputs.diverged ? "inputs"
							     : where);
			progress->different++;
		}
	}
	watch(false);
	interruptible = NULL;
	progress->executed += vm->totals.executed;
	if (vm->jit) {
		struct jit_statistics statistics;

		jit_statistics(vm->jit, &statistics);
		progress->translated += statistics.translated_cycles;
	}
	vm_free(reference);
}

static void one_case(const struct options *options, struct progress *progress)
{
	static struct elf_image image;
	static struct config_text config;
	struct chooser chooser = {.state = options->seed * 0x100000001B3u + progress->next};
	struct jit_options jit = jit_default_options();
	struct vm_options machine = {
	    .engine = options->engine,
	    .jit = &jit,
	    .output = {.console = no_console, .message = no_message},
	    .start_time = START_TIME,
	};
	struct error error = {.text = ""};
	uint32_t what = choose(&chooser, 8);

	kernel_generate(&chooser, &image);
	config_generate(&chooser, &config);
	if (what < 6)
		kernel_mutate(&chooser, &image);
	if (what >= 5)
		config_mutate(&chooser, &config);
	if (!elf_write(&image, "kernel"))
		fail("kernel");
	write_file("conf", config.bytes, config.size);

	jit.backend_path = BACKEND_PATH;
	jit.threads = 0;
	jit.threshold = 1;
	jit.code_bytes = 1 << 22;
	struct vm *vm = vm_new(&machine, &error);
	bool configured = vm && vm_configure(vm, "conf", NULL, 0, &error);
	bool loaded = configured && vm_load(vm, "kernel", "some arguments", &error);
	progress->configured += configured;
	progress->loaded += loaded;
	if (!loaded && !error.text[0]) {
		fprintf(stderr, "case %llu: refused without a message\n", (unsigned long long)progress->next);
		progress->silent++;
	}
	if (loaded)
		run(vm, &machine, options, progress);
	vm_free(vm);
}

static void child(const struct options *options, struct progress *progress)
{
	struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};

	sigaction(SIGALRM, &action, NULL);
	/* A disk of 4 GiB may be made, filling it may not. */
	for (uint64_t done = 0; progress->next < options->first + options->count; progress->next++, done++) {
		if (done % CLEAN_INTERVAL == 0)
			fresh_directory();
		one_case(options, progress);
	}
	exit(0);
}

/* Waits for a child; kills it if it stays on one case for too long. */
static int supervise(pid_t pid, const struct progress *progress)
{
	uint64_t last = progress->next;
	unsigned quiet = 0;
	int status;

	for (;;) {
		pid_t done = waitpid(pid, &status, WNOHANG);

		if (done == pid)
			return status;
		if (done < 0)
			fail("waitpid");
		usleep(100000);
		if (progress->next != last) {
			last = progress->next;
			quiet = 0;
		} else if (++quiet > STUCK_SECONDS * 10) {
			fprintf(stderr, "case %llu does not end\n", (unsigned long long)last);
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			return status;
		}
	}
}

static uint64_t number(const char *text)
{
	char *end;
	uint64_t value = strtoull(text, &end, 0);

	if (*end || end == text) {
		fprintf(stderr, "fuzz_machine: not a number: %s\n", text);
		exit(2);
	}
	return value;
}

static void parse(int argc, char **argv, struct options *options)
{
	*options = (struct options){.count = 2000, .seed = 1, .cycles = 20000};
	for (int i = 1; i < argc; i++) {
		const char *word = argv[i];

		if (strncmp(word, "--count=", 8) == 0)
			options->count = number(word + 8);
		else if (strncmp(word, "--first=", 8) == 0)
			options->first = number(word + 8);
		else if (strncmp(word, "--seed=", 7) == 0)
			options->seed = number(word + 7);
		else if (strncmp(word, "--cycles=", 9) == 0)
			options->cycles = number(word + 9);
		else if (strcmp(word, "--engine=jit") == 0)
			options->engine = ENGINE_JIT;
		else if (strcmp(word, "--engine=interp") == 0)
			options->engine = ENGINE_INTERP;
		else if (strncmp(word, "--keep=", 7) == 0)
			options->keep = word + 7;
		else {
			fprintf(stderr, "fuzz_machine: unknown option %s\n", word);
			exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	char directory[] = "/tmp/jit161-fuzz-XXXXXX";
	unsigned long long died = 0;
	struct options options;

	parse(argc, argv, &options);
	struct progress *progress =
	    mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (progress == MAP_FAILED)
		fail("mmap");
	const char *place = options.keep ? options.keep : mkdtemp(directory);
	if (!place || (options.keep && mkdir(place, 0755) != 0) || chdir(place) != 0)
		fail(options.keep ? options.keep : directory);

	progress->next = options.first;
	while (progress->next < options.first + options.count) {
		pid_t pid = fork();

		if (pid < 0)
			fail("fork");
		if (pid == 0)
			child(&options, progress);
		int status = supervise(pid, progress);
		if (status == 0)
			continue;
		fprintf(
		    stderr,
		    "case %llu failed (%s %d); again: --seed=%llu --first=%llu --count=1 --keep=DIRECTORY\n",
		    (unsigned long long)progress->next, WIFSIGNALED(status) ? "signal" : "status",
		    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
		    (unsigned long long)options.seed, (unsigned long long)progress->next);
		died++;
		progress->next++;
	}
	if (!options.keep) {
		nftw(".", remove_entry, 8, FTW_DEPTH | FTW_PHYS);
		if (chdir("/") != 0 || rmdir(place) != 0)
			perror(place);
	}

	unsigned long long loaded = progress->loaded;
	printf("%llu cases: %llu configured, %llu loaded (%llu %%); of these %llu powered off, %llu hung, "
	       "%llu idled, %llu ran on; %llu cycles on average\n",
	       (unsigned long long)options.count, (unsigned long long)progress->configured, loaded,
	       loaded * 100 / (options.count ? options.count : 1), (unsigned long long)progress->powered_off,
	       (unsigned long long)progress->hung, (unsigned long long)progress->idle,
	       (unsigned long long)progress->running,
	       loaded ? (unsigned long long)progress->executed / loaded : 0);
	printf("%llu failed, %llu refused without a message, %llu differ between engines\n", died,
	       (unsigned long long)progress->silent, (unsigned long long)progress->different);
	if (options.engine == ENGINE_JIT)
		printf("%llu %% of the cycles were executed by translated code\n",
		       (unsigned long long)(progress->translated * 100 /
					    (progress->executed ? progress->executed : 1)));
	bool pointless = options.count >= 100 && loaded * 100 < options.count * MIN_LOADED_PERCENT;
	if (pointless)
		printf("too few got past the checks\n");
	return died || progress->silent || progress->different || pointless;
}
