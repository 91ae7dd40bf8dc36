/* Registers for gdb: numbers and features are those of gdb's own MIPS targets (GDB manual, section "MIPS Features"), with
 * the rest of CP0 in a feature of ours. Each is a word in the guest's byte order. */
#include "runtime/vm/gdb_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Numbers that gdb's MIPS code fixes. */
enum {
	NUMBER_STATUS = 32,
	NUMBER_LO,
	NUMBER_HI,
	NUMBER_BAD_VADDR,
	NUMBER_CAUSE,
	NUMBER_PC,
	NUMBER_FPU, /* 32 registers, FCSR, FIR: gdb insists on them; the processors have none, so they are unavailable */
	NUMBER_CP0 = 72,
};

#define CP0_EPC 14

struct cp0_register {
	const char *name;
	uint8_t number, select;
	bool of_mips161, of_mips32, read_only;
};

static const struct cp0_register cp0_registers[] = {
    {"index", 0, 0, true, true, false},	     {"random", 1, 0, true, true, true},
    {"entrylo", 2, 0, true, true, false},    {"entrylo1", 3, 0, false, true, false},
    {"context", 4, 0, true, true, false},    {"pagemask", 5, 0, false, true, false},
    {"wired", 6, 0, false, true, false},     {"hwrena", 7, 0, false, true, false},
    {"count", 9, 0, true, true, false},	     {"entryhi", 10, 0, true, true, false},
    {"compare", 11, 0, true, true, false},   {"epc", CP0_EPC, 0, true, true, false},
    {"prid", 15, 0, true, true, true},	     {"ebase", 15, 1, false, true, false},
    {"config", 16, 0, false, true, false},   {"config1", 16, 1, false, true, true},
    {"errorepc", 30, 0, false, true, false},
};
#define CP0_REGISTERS (sizeof(cp0_registers) / sizeof(cp0_registers[0]))

static bool is_mips161(const struct gdb *gdb)
{
	return gdb->vm->cpus[0].model->family == FAMILY_MIPS161;
}

/* The n-th of the registers that this processor has, or NULL. */
static const struct cp0_register *cp0_register(const struct gdb *gdb, uint32_t n)
{
	for (size_t i = 0; i < CP0_REGISTERS; i++)
		if ((is_mips161(gdb) ? cp0_registers[i].of_mips161 : cp0_registers[i].of_mips32) && n-- == 0)
			return &cp0_registers[i];
	return NULL;
}

/* Before a delay slot it is the branch, as in EPC: gdb, which looks for the next instruction, does not know where it is
 * otherwise. */
static uint32_t shown_pc(const struct cpu *cpu)
{
	return cpu->jump_pending ? cpu->exception_pc : cpu->pc;
}

enum outcome {
	VALUE,
	UNAVAILABLE,
	NO_REGISTER
};

static enum outcome read_register(const struct gdb *gdb, uint32_t number, uint32_t *value)
{
	struct cpu *cpu = gdb_cpu(gdb);
	const struct cp0_register *cp0;

	if (number < 32) {
		*value = number ? cpu->gpr[number] : 0;
		return VALUE;
	}
	switch (number) {
	case NUMBER_STATUS:
		*value = cpu->status;
		return VALUE;
	case NUMBER_LO:
		*value = cpu->lo;
		return VALUE;
	case NUMBER_HI:
		*value = cpu->hi;
		return VALUE;
	case NUMBER_BAD_VADDR:
		*value = cpu->bad_vaddr;
		return VALUE;
	case NUMBER_CAUSE:
		*value = cpu->cause;
		return VALUE;
	case NUMBER_PC:
		*value = shown_pc(cpu);
		return VALUE;
	}
	if (number < NUMBER_CP0)
		return UNAVAILABLE;
	cp0 = cp0_register(gdb, number - NUMBER_CP0);
	if (!cp0)
		return NO_REGISTER;
	*value = cp0_read(cpu, LIFT_CP0_INDEX(cp0->number, cp0->select));
	return VALUE;
}

/* Where the processor already is, nothing is touched: between a branch and its delay slot it stays there. */
static bool write_pc(struct cpu *cpu, uint32_t value)
{
	if (value & 3)
		return false;
	if (value != shown_pc(cpu))
		cpu_resume_at(cpu, value);
	return true;
}

/* Writes have the effects of MTC0, but for those that would stop the machine. */
static bool write_status(struct cpu *cpu, uint32_t value)
{
	if (cpu->model->family != FAMILY_MIPS161) {
		cp0_write(cpu, LIFT_CP0_INDEX(12, 0), value);
		return true;
	}
	if (value & STATUS_CACHE_CTL)
		return false;
	cpu_set_status(cpu, value & STATUS_WRITABLE, false);
	return true;
}

static bool write_register(struct gdb *gdb, uint32_t number, uint32_t value)
{
	struct cpu *cpu = gdb_cpu(gdb);
	const struct cp0_register *cp0;

	if (number < 32) {
		if (number)
			cpu->gpr[number] = value;
		return true;
	}
	switch (number) {
	case NUMBER_STATUS:
		return write_status(cpu, value);
	case NUMBER_LO:
		cpu->lo = value;
		return true;
	case NUMBER_HI:
		cpu->hi = value;
		return true;
	case NUMBER_BAD_VADDR:
		cpu->bad_vaddr = value;
		return true;
	case NUMBER_CAUSE:
		cp0_write(cpu, LIFT_CP0_INDEX(13, 0), value);
		return true;
	case NUMBER_PC:
		return write_pc(cpu, value);
	}
	cp0 = number < NUMBER_CP0 ? NULL : cp0_register(gdb, number - NUMBER_CP0);
	if (!cp0 || cp0->read_only)
		return false;
	if (cp0->number == CP0_EPC) /* which the guest cannot write in MIPS-161 */
		cpu->epc = value;
	else
		cp0_write(cpu, LIFT_CP0_INDEX(cp0->number, cp0->select), value);
	return true;
}

static bool big_endian(const struct gdb *gdb)
{
	return gdb->vm->memory.map.big_endian;
}

/* A word as the protocol has it: bytes in the guest's order, which memory_word_order turns into the host's. */
static void put_word(const struct gdb *gdb, char *at, uint32_t value)
{
	uint8_t bytes[4];

	value = memory_word_order(value, big_endian(gdb));
	memcpy(bytes, &value, sizeof(bytes));
	gdb_put_bytes(at, bytes, sizeof(bytes));
}

static bool parse_word(const struct gdb *gdb, const char *at, uint32_t *value)
{
	uint8_t bytes[4];

	if (!gdb_parse_bytes(at, strnlen(at, 8), bytes, sizeof(bytes)))
		return false;
	memcpy(value, bytes, sizeof(bytes));
	*value = memory_word_order(*value, big_endian(gdb));
	return true;
}

/* Eight characters; false if there is no such register. */
static bool put_register(const struct gdb *gdb, uint32_t number, char *at)
{
	uint32_t value;

	switch (read_register(gdb, number, &value)) {
	case VALUE:
		put_word(gdb, at, value);
		return true;
	case UNAVAILABLE:
		strcpy(at, "xxxxxxxx");
		return true;
	default:
		return false;
	}
}

void gdb_read_registers(struct gdb *gdb)
{
	char text[8 * (NUMBER_CP0 + CP0_REGISTERS) + 1] = "";

	for (uint32_t number = 0; put_register(gdb, number, text + (size_t)8 * number); number++)
		;
	gdb_reply(gdb, text);
}

void gdb_write_registers(struct gdb *gdb, const char *arguments)
{
	uint32_t number = 0, value, old;

	for (; strlen(arguments) >= 8; arguments += 8, number++) {
		if (!parse_word(gdb, arguments, &value)) /* "xxxxxxxx", or nonsense */
			continue;
		if (read_register(gdb, number, &old) == VALUE && old != value)
			write_register(gdb, number, value);
	}
	gdb_reply(gdb, *arguments ? "E01" : "OK");
}

void gdb_read_register(struct gdb *gdb, const char *arguments)
{
	char text[9];
	uint32_t number;

	if (!gdb_parse_hex(&arguments, &number) || *arguments || !put_register(gdb, number, text))
		gdb_reply(gdb, "E01");
	else
		gdb_reply(gdb, text);
}

void gdb_write_register(struct gdb *gdb, const char *arguments)
{
	uint32_t number, value;
	bool parsed = gdb_parse_hex(&arguments, &number) && *arguments++ == '=' && strlen(arguments) == 8 &&
		      parse_word(gdb, arguments, &value);

	gdb_reply(gdb, parsed && write_register(gdb, number, value) ? "OK" : "E01");
}

static void describe(FILE *file, const char *name, uint32_t number, const char *more)
{
	fprintf(file, "<reg name=\"%s\" bitsize=\"32\" regnum=\"%u\"%s/>\n", name, number, more);
}

char *gdb_target_description(const struct gdb *gdb)
{
	static const char float_type[] = " type=\"ieee_single\"", float_group[] = " group=\"float\"";
	const struct cp0_register *cp0;
	char *text, name[8];
	size_t size;
	FILE *file = open_memstream(&text, &size);

	if (!file)
		abort();
	fprintf(file, "<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n"
		      "<target version=\"1.0\">\n<architecture>mips</architecture>\n"
		      "<feature name=\"org.gnu.gdb.mips.cpu\">\n");
	for (uint32_t i = 0; i < 32; i++) {
		snprintf(name, sizeof(name), "r%u", i);
		describe(file, name, i, "");
	}
	describe(file, "lo", NUMBER_LO, "");
	describe(file, "hi", NUMBER_HI, "");
	describe(file, "pc", NUMBER_PC, "");
	fprintf(file, "</feature>\n<feature name=\"org.gnu.gdb.mips.cp0\">\n");
	describe(file, "status", NUMBER_STATUS, "");
	describe(file, "badvaddr", NUMBER_BAD_VADDR, "");
	describe(file, "cause", NUMBER_CAUSE, "");
	fprintf(file, "</feature>\n<feature name=\"org.gnu.gdb.mips.fpu\">\n");
	for (uint32_t i = 0; i < 32; i++) {
		snprintf(name, sizeof(name), "f%u", i);
		describe(file, name, NUMBER_FPU + i, float_type);
	}
	describe(file, "fcsr", NUMBER_FPU + 32, float_group);
	describe(file, "fir", NUMBER_FPU + 33, float_group);
	fprintf(file, "</feature>\n<feature name=\"org.jit161.mips.cp0\">\n");
	for (uint32_t i = 0; (cp0 = cp0_register(gdb, i)); i++)
		describe(file, cp0->name, NUMBER_CP0 + i, " group=\"cp0\"");
	fprintf(file, "</feature>\n</target>\n");
	fclose(file);
	return text;
}
