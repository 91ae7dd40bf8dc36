/* gdb's `monitor` commands: what the protocol has no packets for. Their text goes to the client; the machine's own words are
 * taken from its message stream meanwhile. */
#define _GNU_SOURCE
#include "runtime/vm/gdb_internal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jit/jit.h"
#include "runtime/cpu/debug.h"
#include "runtime/vm/diagnosis.h"
#include "runtime/vm/kernel_view.h"

#define MAX_COMMAND    256
#define DEFAULT_PHYS   64u
#define MAX_PHYS       65536u
#define DEFAULT_STAGES "goh"

/* What a command says, as the packets of console output that the protocol has. */
static void print_text(struct gdb *gdb, const char *text, size_t size)
{
	char packet[GDB_MAX_PACKET];
	const size_t most = (sizeof(packet) - 2) / 2;

	while (size > 0) {
		size_t part = size < most ? size : most;

		packet[0] = 'O';
		gdb_put_bytes(packet + 1, (const uint8_t *)text, part);
		gdb_reply(gdb, packet);
		text += part;
		size -= part;
	}
}

static void print(struct gdb *gdb, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void print(struct gdb *gdb, const char *format, ...)
{
	char *text;
	va_list arguments;

	va_start(arguments, format);
	int length = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (length < 0)
		abort();
	print_text(gdb, text, (size_t)length);
	free(text);
}

/* --- the machine's own words --- */

static void collect_line(void *context, const char *text)
{
	fprintf(context, "%s\n", text);
}

static void print_machine(struct gdb *gdb, void (*say)(struct gdb *gdb))
{
	struct vm_output own = gdb->vm->options.output;
	char *text;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	if (!file)
		abort();
	gdb->vm->options.output = own;
	gdb->vm->options.output.context = file;
	gdb->vm->options.output.message = collect_line;
	say(gdb);
	gdb->vm->options.output = own;
	fclose(file);
	print_text(gdb, text, size);
	free(text);
}

static void say_tlb(struct gdb *gdb)
{
	vm_message(gdb->vm, "cpu %u, ASID %u:", gdb->selected,
		   (unsigned)(cp0_read(gdb_cpu(gdb), LIFT_CP0_INDEX(10, 0)) & 0xFFF) >>
		       (gdb_cpu(gdb)->model->family == FAMILY_MIPS161 ? 6 : 0));
	vm_dump_tlb(gdb->vm, gdb->selected);
}

static void say_devices(struct gdb *gdb)
{
	vm_dump_devices(gdb->vm);
}

static void say_statistics(struct gdb *gdb)
{
	struct vm *vm = gdb->vm;
	struct jit_statistics jit;

	vm_shutdown_lines(vm);
	vm_message(vm, "virtual time: %" PRIu64 ".%09" PRIu64 " seconds",
		   (vm->run.base + vm->run.done * vm->ns_per_cycle) / 1000000000,
		   (vm->run.base + vm->run.done * vm->ns_per_cycle) % 1000000000);
	if (vm->debug)
		vm_message(vm, "debugger: %u points, code ends at %u places for them",
			   vm->debug->points.count, vm->debug->split_count);
	if (!vm->jit)
		return;
	jit_statistics(vm->jit, &jit);
	vm_message(vm, "translated: %" PRIu64 " cycles, %" PRIu64 " entries from the dispatcher",
		   jit.translated_cycles, jit.entries);
	vm_message(vm, "first tier: %" PRIu64 " blocks, %" PRIu64 " bytes of code", jit.stencil_blocks,
		   jit.stencil_code_bytes);
	vm_message(vm,
		   "second tier: %" PRIu64 " regions, %" PRIu64 " bytes of code; %" PRIu64
		   " places of both invalidated",
		   jit.regions, jit.code_bytes, jit.invalidated);
}

/* --- commands; `words` is what follows the name --- */

static bool parse_number(const char **at, uint32_t *value)
{
	*at += strspn(*at, " ");
	if ((*at)[0] == '0' && ((*at)[1] == 'x' || (*at)[1] == 'X'))
		*at += 2;
	return gdb_parse_hex(at, value) && (**at == '\0' || **at == ' ');
}

/* Prints what a view of the kernel says. */
static void print_view(struct gdb *gdb,
		       void (*view)(FILE *file, struct symbols *symbols, const struct guest_reader *reader,
				    const struct threads *threads, const struct cpu *cpu))
{
	struct guest_reader reader = diagnosis_reader(gdb_cpu(gdb));
	struct symbols *symbols = symbols_open(gdb->reader ? gdb->reader : "", gdb->kernel);
	struct threads threads = {.problem = "only known for System/161"};
	char *text;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	if (!file)
		abort();
	if (gdb->vm->bus)
		threads_find(&threads, symbols, &reader, &gdb_cpu(gdb)->isa, gdb->vm->memory.ram_size);
	view(file, symbols, &reader, &threads, gdb_cpu(gdb));
	fclose(file);
	print_text(gdb, text, size);
	free(text);
	threads_free(&threads);
	symbols_close(symbols);
}

static void view_threads(FILE *file, struct symbols *symbols, const struct guest_reader *reader,
			 const struct threads *threads, const struct cpu *cpu)
{
	(void)reader, (void)cpu;
	kernel_view_threads(file, symbols, threads);
}

static void view_spaces(FILE *file, struct symbols *symbols, const struct guest_reader *reader,
			const struct threads *threads, const struct cpu *cpu)
{
	(void)cpu;
	kernel_view_spaces(file, symbols, reader, threads);
}

static void command_threads(struct gdb *gdb, const char *words)
{
	(void)words;
	print_view(gdb, view_threads);
}

static void command_spaces(struct gdb *gdb, const char *words)
{
	(void)words;
	print_view(gdb, view_spaces);
}

static void command_tlb(struct gdb *gdb, const char *words)
{
	(void)words;
	print_machine(gdb, say_tlb);
	print_view(gdb, kernel_view_tlb);
}

static void command_cp0(struct gdb *gdb, const char *words)
{
	struct cpu *cpu = gdb_cpu(gdb);

	(void)words;
	print(gdb, "cpu %u, %s mode, interrupts %s%s\n", gdb->selected,
	      cpu_user_mode(cpu) ? "user" : "kernel",
	      (cpu->status & cpu->model->status_interrupt_mask) == STATUS_IEC ? "on" : "off",
	      cpu_interrupt_due(cpu) ? ", one is due" : "");
	for (unsigned number = 0; number < LIFT_CP0_COUNT_OF_REGISTERS; number++) {
		const struct lift_cp0 *row = &cpu->model->lift.cp0[number];

		if (row->read == LIFT_CP0_RESERVED || (row->read == LIFT_CP0_CONSTANT && row->value == 0))
			continue;
		print(gdb, "$%u.%u  0x%08x\n", number / 8, number % 8, cp0_read(cpu, number));
	}
}

static void command_devices(struct gdb *gdb, const char *words)
{
	(void)words;
	print_machine(gdb, say_devices);
}

static void command_stats(struct gdb *gdb, const char *words)
{
	(void)words;
	print_machine(gdb, say_statistics);
}

static void command_translate(struct gdb *gdb, const char *words)
{
	struct cpu *cpu = gdb_cpu(gdb);
	uint32_t va, physical;

	if (!parse_number(&words, &va))
		print(gdb, "translate: it takes a virtual address, in hexadecimal\n");
	else if (!cpu_translate_quietly(cpu, va, ACCESS_LOAD, false, &physical))
		print(gdb, "0x%08x: no valid entry in the TLB of cpu %u\n", va, gdb->selected);
	else
		print(gdb, "0x%08x: physical 0x%08x%s\n", va, physical,
		      memory_frame(cpu->memory, physical) == NO_FRAME		       ? ", not memory"
		      : cpu_translate_quietly(cpu, va, ACCESS_STORE, false, &physical) ? ""
										       : ", read only");
}

static void command_phys(struct gdb *gdb, const char *words)
{
	struct memory *memory = &gdb->vm->memory;
	uint32_t at, size = DEFAULT_PHYS;
	bool parsed = parse_number(&words, &at);

	if (!parsed || (*words && !parse_number(&words, &size)) || *words || size > MAX_PHYS) {
		print(gdb, "phys: it takes a physical address, and bytes up to %x, in hexadecimal\n",
		      MAX_PHYS);
		return;
	}
	at &= ~3u;
	for (uint32_t done = 0; done < size; done += 16) {
		char line[80];
		int length = snprintf(line, sizeof(line), "0x%08x:", at + done);

		for (uint32_t i = done; i < done + 16 && i < size; i += 4) {
			uint32_t frame = memory_frame(memory, at + i);

			if (frame == NO_FRAME)
				length += snprintf(line + length, sizeof(line) - (size_t)length, " --------");
			else
				length += snprintf(line + length, sizeof(line) - (size_t)length, " %08x",
						   memory_read_word(memory, frame | ((at + i) & ~PAGE_MASK)));
		}
		print(gdb, "%s\n", line);
	}
}

static void command_dump(struct gdb *gdb, const char *words)
{
	struct jit_dump_options options = {.single_block = true};
	struct error error;
	uint32_t va, physical;
	char *text;
	size_t size;

	if (!parse_number(&words, &va) || (va & 3)) {
		print(gdb,
		      "dump: it takes the address of an instruction, in hexadecimal, and letters for the "
		      "stages\n");
		return;
	}
	words += strspn(words, " ");
	if (!jit_dump_stages(*words ? words : DEFAULT_STAGES, &options.stages)) {
		print(gdb, "dump: stages are g guest assembly, t first tier, i IR, o optimised IR, l LLVM "
			   "IR, L optimised LLVM "
			   "IR, h host assembly\n");
		return;
	}
	if (!gdb->vm->jit) {
		print(gdb, "dump: this engine does not translate\n");
		return;
	}
	if (!cpu_translate_quietly(gdb_cpu(gdb), va, ACCESS_FETCH, false, &physical) ||
	    physical >= gdb->vm->memory.ram_size) {
		print(gdb, "dump: 0x%08x is not in RAM\n", va);
		return;
	}
	FILE *file = open_memstream(&text, &size);
	if (!file)
		abort();
	bool done = jit_dump(gdb->vm->jit, va, physical, va >> 31 == 0, &options, file, &error);
	fclose(file);
	print_text(gdb, text, size);
	free(text);
	if (!done)
		print(gdb, "dump: %s\n", error.text);
}

static void command_help(struct gdb *gdb, const char *words);

static const struct command {
	const char *name;
	void (*run)(struct gdb *gdb, const char *words);
	const char *help;
} commands[] = {
    {"help", command_help, "this list"},
    {"tlb", command_tlb, "the TLB of the selected processor (thread), and what its pages are"},
    {"threads", command_threads, "the kernel's threads, and what they wait for"},
    {"spaces", command_spaces, "the address spaces of its processes"},
    {"cp0", command_cp0, "its coprocessor 0, by register and select"},
    {"translate", command_translate, "ADDRESS: where it translates a virtual address to"},
    {"phys", command_phys, "ADDRESS [BYTES]: physical memory, as words"},
    {"devices", command_devices, "the state of every device"},
    {"stats", command_stats, "cycles and what was counted so far"},
    {"dump", command_dump,
     "ADDRESS [STAGES]: the block there, as it is translated; stages as for `jit161 dump'"},
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void command_help(struct gdb *gdb, const char *words)
{
	(void)words;
	for (size_t i = 0; i < COMMANDS; i++)
		print(gdb, "%-10s %s\n", commands[i].name, commands[i].help);
	print(gdb, "Numbers are hexadecimal.\n");
}

void gdb_monitor(struct gdb *gdb, const char *arguments)
{
	char line[MAX_COMMAND];
	size_t size = strlen(arguments) / 2;

	if (size >= sizeof(line) || !gdb_parse_bytes(arguments, strlen(arguments), (uint8_t *)line, size)) {
		gdb_reply(gdb, "E01");
		return;
	}
	line[size] = '\0';
	const char *word = line + strspn(line, " ");
	size_t length = strcspn(word, " ");
	for (size_t i = 0; i < COMMANDS; i++) {
		if (strlen(commands[i].name) == length && strncmp(commands[i].name, word, length) == 0) {
			commands[i].run(gdb, word + length);
			gdb_reply(gdb, "OK");
			return;
		}
	}
	print(gdb, "There is no command `%.*s'; `monitor help' lists them.\n", (int)length, word);
	gdb_reply(gdb, "OK");
}
