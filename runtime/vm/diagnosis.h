/* Why a machine stopped, or why it was getting nowhere: one word, and what speaks for it. The words are documented in
 * docs/manual.md. Looks at a machine between runs and changes nothing. */
#ifndef JIT161_RUNTIME_VM_DIAGNOSIS_H
#define JIT161_RUNTIME_VM_DIAGNOSIS_H

#include "devices/lamebus/lamebus.h"
#include "runtime/vm/threads.h"
#include "runtime/vm/vm.h"

#define MAX_EVIDENCE  16
#define EVIDENCE_SIZE 320

/* How the run ended, seen from outside the machine. */
enum run_end {
	END_POWER_OFF,
	END_HANG,
	END_IDLE, /* for ever */
	END_LIMIT,
	END_WATCHDOG,
	END_DOOM,	 /* the doom counter */
	END_KILLED,	 /* by the debugger */
	END_QUIT,	 /* somebody asked for a report */
	END_INTERRUPTED, /* somebody ended it */
	END_ENDS
};
extern const char *const run_end_names[END_ENDS];

struct diagnosis {
	enum run_end end;
	const char *cause; /* one of the documented words */
	bool complete;	   /* the rest is filled in */
	char evidence[MAX_EVIDENCE][EVIDENCE_SIZE];
	unsigned evidence_count;
	struct symbols *symbols;
	struct backtrace *cpus; /* of each processor; count 0 of those that are disabled */
	struct threads threads;
};

struct diagnose_options {
	int kernel;	    /* file descriptor of the kernel's file, or -1 */
	const char *reader; /* path of the shared object that reads it */
	/* Else there is only a cause where there is nothing to explain: a power-off in order, or somebody ended the run. */
	bool always;
};
struct diagnosis *diagnose(struct vm *vm, enum run_end end, const struct diagnose_options *options);
void diagnosis_free(struct diagnosis *diagnosis);

/* The newest exceptions of a kind, the newest first; returns how many of `records` were filled. */
unsigned diagnosis_exceptions(const struct cpu *cpu, enum exception_kind kind,
			      struct exception_record records[EXCEPTION_RECORDS]);
/* "function+0x10 (file.c:12)", or the address. */
void diagnosis_place(struct symbols *symbols, uint32_t pc, char *text, size_t size);

/* Of a processor's Status: whether it takes interrupts. */
static inline bool status_takes_interrupts(const struct cpu *cpu, uint32_t status)
{
	return (status & cpu->model->status_interrupt_mask) == STATUS_IEC && (status & STATUS_IM);
}

/* Reads the kernel's memory as a processor sees it, without an effect. */
struct guest_reader diagnosis_reader(struct cpu *cpu);

/* classify.c: chooses the cause and writes the evidence. */
void diagnosis_classify(struct diagnosis *diagnosis, struct vm *vm);
void diagnosis_say(struct diagnosis *diagnosis, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The stack of a processor that stands still; one frame in user mode. */
void diagnosis_trace_cpu(struct symbols *symbols, struct cpu *cpu, struct backtrace *backtrace);

#endif
