/* x86-64's instructions: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2. Robin and Irvine, "Analysis
 * of the Intel Pentium's Ability to Support a Secure Virtual Machine Monitor" (2000) list them all. */
#include "study/host_probe.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __x86_64__

/* Each returns what the instruction showed. */
static uint64_t flags(void)
{
	uint64_t value;

	__asm__ volatile("pushfq; popq %0" : "=r"(value));
	return value;
}

static uint64_t try_cli(void)
{
	__asm__ volatile("cli" ::: "memory");
	return flags();
}

static uint64_t try_popf(void)
{
	__asm__ volatile("pushq %0; popfq"
			 :
			 : "r"(flags() & ~(uint64_t)HOST_INTERRUPT_FLAG)
			 : "memory", "cc");
	return flags();
}

static uint64_t try_hlt(void)
{
	__asm__ volatile("hlt");
	return flags();
}

static uint64_t try_read_cr0(void)
{
	uint64_t value;

	__asm__ volatile("movq %%cr0, %0" : "=r"(value));
	return value;
}

static uint64_t try_cs(void)
{
	uint64_t value;

	__asm__ volatile("movq %%cs, %0" : "=r"(value));
	return value;
}

static uint64_t try_sgdt(void)
{
	unsigned char table[10];
	uint64_t base;

	__asm__ volatile("sgdt %0" : "=m"(table));
	memcpy(&base, table + 2, sizeof(base));
	return base;
}

static uint64_t try_smsw(void)
{
	uint64_t value;

	__asm__ volatile("smsw %0" : "=r"(value));
	return value;
}

static const struct {
	const char *instruction, *attempt;
	bool reads;
	uint64_t (*run)(void);
} all[] = {
    {"cli", "switch interrupts off", false, try_cli},
    {"hlt", "stop the processor", false, try_hlt},
    {"mov %cr0, r", "show control register 0", true, try_read_cr0},
    {"popf", "switch interrupts off", false, try_popf},
    {"mov %cs, r", "show the privilege level (bits 1:0)", true, try_cs},
    {"smsw", "show control register 0", true, try_smsw},
    {"sgdt", "show where the descriptor table is", true, try_sgdt},
};
#define ALL (sizeof(all) / sizeof(all[0]))
_Static_assert(ALL <= HOST_PROBES_MAX, "room for all");

/* In a child of its own, which a signal may end. */
static void probe(struct host_probe *result, uint64_t (*run)(void))
{
	int ends[2], status;
	pid_t child;

	result->end = PROBE_NOT_TRIED;
	if (pipe(ends) != 0)
		return;
	child = fork();
	if (child == 0) {
		const struct rlimit none = {0, 0};
		uint64_t value;

		setrlimit(RLIMIT_CORE, &none);
		signal(SIGSEGV, SIG_DFL); /* a sanitizer has a handler there */
		value = run();
		_exit(write(ends[1], &value, sizeof(value)) == (ssize_t)sizeof(value) ? 0 : 1);
	}
	close(ends[1]);
	if (child > 0 && waitpid(child, &status, 0) == child) {
		if (WIFSIGNALED(status)) {
			result->end = PROBE_SIGNAL;
			result->signal = WTERMSIG(status);
		} else if (read(ends[0], &result->value, sizeof(result->value)) ==
			   (ssize_t)sizeof(result->value)) {
			result->end =
			    result->reads || (result->value & HOST_INTERRUPT_FLAG) ? PROBE_RAN : PROBE_TOOK;
		}
	}
	close(ends[0]);
}

unsigned host_probe(struct host_probe probes[HOST_PROBES_MAX])
{
	for (unsigned i = 0; i < ALL; i++) {
		probes[i] = (struct host_probe){
		    .instruction = all[i].instruction, .attempt = all[i].attempt, .reads = all[i].reads};
		probe(&probes[i], all[i].run);
	}
	return ALL;
}

#else

unsigned host_probe(struct host_probe probes[HOST_PROBES_MAX])
{
	(void)probes;
	return 0;
}

#endif
