/* Start and end, exceptions, system calls, programs one after another. */
#include "tests/guest/monitor/solo/solo.h"

#include "tests/guest/common/format.h"
#include "tests/guest/common/string.h"

#define TICK_CYCLES 50000

/* programs.S: name and ELF file, up to a name of NULL. */
extern const struct program {
	const char *name;
	const uint8_t *elf;
} programs[];

static char arguments[ARGUMENT_MAX];
static char *rest; /* of the arguments */
static bool quick, any_named;
static const struct program *current;
static uint32_t handler, calls, ran, failed, asid;
static volatile uint32_t ticks;

void print(const char *pattern, ...)
{
	char line[160];
	va_list list;

	va_start(list, pattern);
	console_write(line, format(line, sizeof(line), pattern, list));
	va_end(list);
}

static void shut_down(void)
{
	print("solo: %u of %u programs ok; %u calls, %u page faults; the timer %s\n", ran - failed, ran,
	      calls, faults, ticks != 0 ? "interrupted" : "DID NOT INTERRUPT");
	console_drain();
	power_off();
}

static void start(const struct program *program)
{
	static const char quick_word[8] = "quick";
	uint32_t entry, top = USER_PAGES * PAGE_SIZE - 32;

	current = program;
	handler = 0;
	ran++;
	memory_clear();
	asid = asid % 63 + 1;
	tlb_clear(asid);
	if (!memory_load(program->elf, &entry) || !memory_readable(top, sizeof(quick_word))) {
		print("solo: %s does not fit into memory\n", program->name);
		failed++;
		next_program();
	}
	if (quick)
		memcpy(memory_page(top), quick_word, sizeof(quick_word));
	enter_user(entry, top - 32, top);
}

/* The next word of the arguments; without any: the next program of all. */
void run_next_program(void) __attribute__((noreturn));
void run_next_program(void)
{
	char *word;

	if (!any_named) {
		current = current == NULL ? programs : current + 1;
		if (current->name == NULL)
			shut_down();
		start(current);
	}
	while (*rest == ' ')
		rest++;
	if (*rest == '\0')
		shut_down();
	for (word = rest; *rest != '\0' && *rest != ' '; rest++)
		;
	if (*rest == ' ')
		*rest++ = '\0';
	for (const struct program *program = programs; program->name != NULL; program++) {
		if (strcmp(program->name, word) == 0)
			start(program);
	}
	print("solo: there is no program %s\n", word);
	run_next_program();
}

static void end_program(int status)
{
	if (status != 0)
		failed++;
	next_program();
}

static uint32_t write_call(uint32_t address, uint32_t length)
{
	if (length > WRITE_MAX)
		return (uint32_t)ERROR_INVALID;
	if (!memory_readable(address, length))
		return (uint32_t)ERROR_FAULT;
	for (uint32_t i = 0; i < length; i++)
		console_write(memory_page(address + i), 1);
	return length;
}

static void system_call(struct trap_frame *frame)
{
	uint32_t *result = &frame->reg[REG_V0];
	uint32_t a0 = frame->reg[REG_A0];

	calls++;
	frame->epc += 4;
	switch (*result) {
	case SYS_EXIT:
		end_program((int)a0);
		break;
	case SYS_GETPID:
		*result = 1;
		break;
	case SYS_WRITE:
		*result = write_call(a0, frame->reg[REG_A1]);
		break;
	case SYS_SBRK:
		*result = memory_grow(a0);
		if (*result == 0)
			*result = (uint32_t)ERROR_MEMORY;
		break;
	case SYS_SLEEP:
		sleep(a0 * TICK_MICROSECONDS);
		*result = 0;
		break;
	case SYS_CATCH:
		handler = a0;
		*result = 0;
		break;
	default:
		*result = (uint32_t)ERROR_INVALID;
		break;
	}
}

static void user_exception(struct trap_frame *frame, uint32_t code)
{
	if ((code == EXC_TLB_LOAD || code == EXC_TLB_STORE) && memory_fault(frame->vaddr))
		return;
	if (handler == 0) {
		print("solo: %s killed: exception %u, address %08x\n", current->name, code, frame->vaddr);
		end_program(STATUS_KILLED);
	}
	frame->reg[REG_A0] = code;
	frame->reg[REG_A1] = frame->vaddr;
	frame->reg[REG_A2] = frame->cause & ~0xff00u;
	frame->reg[REG_A2 + 1] = frame->epc;
	frame->epc = handler;
}

void trap(struct trap_frame *frame)
{
	uint32_t code = CAUSE_CODE(frame->cause);

	if (code == EXC_INTERRUPT) {
		if (frame->cause & CAUSE_TIMER) {
			compare_set(TICK_CYCLES);
			ticks++;
		}
		if (frame->cause & CAUSE_BUS)
			devices_interrupt();
	} else if (!(frame->status & STATUS_KUP)) {
		print("solo: exception %u in the kernel, address %08x\n", code, frame->vaddr);
		console_drain();
		power_off();
	} else if (code == EXC_SYSCALL) {
		system_call(frame);
	} else {
		user_exception(frame, code);
	}
}

void solo_main(const char *argument)
{
	/* The loader left it in memory that is about to be handed out. */
	for (size_t i = 0; i < sizeof(arguments) - 1 && argument[i] != '\0'; i++)
		arguments[i] = argument[i];
	rest = arguments;
	if (strcmp(arguments, "quick") == 0 || memcmp(arguments, "quick ", 6) == 0) {
		quick = true;
		rest += 5;
	}
	any_named = strlen(rest) > 1;
	devices_start();
	print("solo: processor %x, %u KiB of memory\n", prid_get(), ram_size() / 1024);
	memory_start((uint32_t)segment + ram_size());
	compare_set(TICK_CYCLES);
	next_program();
}
