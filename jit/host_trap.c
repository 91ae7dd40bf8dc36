#include "jit/host_trap.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <ucontext.h>

#include "frontend/decode.h"
#include "jit/jit_internal.h"

#ifdef __x86_64__

/* What the handler is to do: a number of enum ir_helper, or this. */
#define WORK_INTERPRET IR_HELPER_COUNT

/* The trap, called as a function; the stack and the registers that a call must keep are as at a call. */
uint64_t host_trap_stub(struct cpu *cpu, uint32_t immediate, uint32_t a, uint32_t b, int64_t budget,
			uint32_t work) __attribute__((visibility("hidden")));
extern const char host_trap_place[] __attribute__((visibility("hidden")));
__asm__(".text\n"
	".p2align 4\n"
	".hidden host_trap_stub\n"
	".hidden host_trap_place\n"
	".globl host_trap_stub\n"
	".globl host_trap_place\n"
	".type host_trap_stub, @function\n"
	"host_trap_stub:\n"
	"host_trap_place:\n"
	"	ud2\n"
	"	ret\n"
	".size host_trap_stub, .-host_trap_stub\n");
#define TRAP_BYTES 2

static void on_trap(int number, siginfo_t *information, void *context)
{
	greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
	struct cpu *cpu = (struct cpu *)registers[REG_RDI];
	uint32_t work = (uint32_t)registers[REG_R9];

	(void)information;
	if ((const char *)registers[REG_RIP] != host_trap_place) {
		signal(number, SIG_DFL);
		raise(number); /* blocked until the handler returns; then it ends the process */
		return;
	}
	if (work == WORK_INTERPRET)
		registers[REG_RAX] = (greg_t)jit_interpret(cpu);
	else
		registers[REG_RAX] = (greg_t)jit_helpers.call[work](
		    cpu, (uint32_t)registers[REG_RSI], (uint32_t)registers[REG_RDX],
		    (uint32_t)registers[REG_RCX], (int64_t)registers[REG_R8]);
	((struct jit *)cpu->jit)->statistics.host_traps++;
	registers[REG_RIP] += TRAP_BYTES;
}

static void install(void)
{
	struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};

	sigemptyset(&action.sa_mask);
	sigaction(SIGILL, &action, NULL);
}

#define TRAP(helper)                                                                                         \
	static uint64_t trap_##helper(struct cpu *cpu, uint32_t immediate, uint32_t a, uint32_t b,           \
				      int64_t budget)                                                        \
	{                                                                                                    \
		return host_trap_stub(cpu, immediate, a, b, budget, IR_HELPER_##helper);                     \
	}
TRAP(CP0_READ)
TRAP(CP0_WRITE)
TRAP(TLB_READ)
TRAP(TLB_WRITE_INDEX)
TRAP(TLB_WRITE_RANDOM)
TRAP(TLB_PROBE)

/* Whether what translated code leaves to the interpreter is sensitive: RFE, ERET, WAIT and the like, also in the delay slot of
 * a jump. What is not (SYSCALL, faults, instructions of user mode) traps on no machine, or into the guest's kernel. */
static bool leaves_for_sensitive(const struct cpu *cpu)
{
	const struct mips_isa *isa = cpu->model->lift.isa;
	uint32_t offset = cpu->pc & 0x1FFFFFFFu;
	const struct op_info *op;

	if (cpu_user_mode(cpu) || cpu->pc >> 30 != 2 || offset + 8 > cpu->memory->ram_size)
		return false;
	op = &mips_op_info[mips_decode_op(isa, memory_read_word(cpu->memory, offset))];
	if (op->flags & MIPS_FLAG_DELAY)
		op = &mips_op_info[mips_decode_op(isa, memory_read_word(cpu->memory, offset + 4))];
	return op->classes & MIPS_CLASS_PRIVILEGED;
}

static const void *trap_interpret(struct cpu *cpu)
{
	if (!leaves_for_sensitive(cpu))
		return jit_interpret(cpu);
	return (const void *)host_trap_stub(cpu, 0, 0, 0, 0, WORK_INTERPRET);
}

bool host_trap_use(struct translated_code_helpers *helpers, struct error *error)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)error;
	pthread_once(&once, install);
	helpers->call[IR_HELPER_CP0_READ] = trap_CP0_READ;
	helpers->call[IR_HELPER_CP0_WRITE] = trap_CP0_WRITE;
	helpers->call[IR_HELPER_TLB_READ] = trap_TLB_READ;
	helpers->call[IR_HELPER_TLB_WRITE_INDEX] = trap_TLB_WRITE_INDEX;
	helpers->call[IR_HELPER_TLB_WRITE_RANDOM] = trap_TLB_WRITE_RANDOM;
	helpers->call[IR_HELPER_TLB_PROBE] = trap_TLB_PROBE;
	helpers->interpret = trap_interpret;
	return true;
}

#else

bool host_trap_use(struct translated_code_helpers *helpers, struct error *error)
{
	(void)helpers;
	error_set(error, "Sensitive instructions cannot be traps on this host");
	return error_hint(error, "--sensitive=inline and =call work everywhere.");
}

#endif
