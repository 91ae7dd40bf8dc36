#include "study/cost_programs.h"

#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "frontend/encode.h"
#include "runtime/cpu/cpu.h"

const char *const cost_machine_names[COST_MACHINES] = {"system161", "malta"};
const char *const cost_machine_titles[COST_MACHINES] = {"System/161 (MIPS-161)", "Malta (MIPS32R2, 24Kf)"};
const char *const cost_group_titles[COST_GROUPS] = {
    [COST_READ] = "reading a register of coprocessor 0",
    [COST_WRITE] = "writing a register of coprocessor 0",
    [COST_TLB] = "TLB",
    [COST_TRANSFER] = "into the kernel and back",
    [COST_DEVICE] = "devices",
};
const char cost_configuration[] = "0 serial\n29 timer\n31 mainboard ramsize=512K\n";

/* Physical addresses. Both machines' refill handlers find their page table by Context, whose base is kseg0's start. */
#define REFILL_VECTOR	     0x00000u
#define GENERAL_SYSTEM161    0x00080u
#define GENERAL_MALTA	     0x00180u
#define CODE		     0x10000u
#define USER_CODE	     0x14000u
#define DATA		     0x15000u
#define PAGE_TABLE	     0x20000u
#define IMAGE_BYTES	     0x22000u
#define KSEG0		     0x80000000u
#define USER_PAGE	     0x00400000u /* virtual */
#define DATA_PAGE	     0x00500000u
#define TABLE_PAGE_SYSTEM161 0x08000000u /* the page that the first entry of the table is about, */
#define TABLE_PAGE_MALTA     0x04000000u
#define TABLE_SPAN	     0x00200000u /* and how far it goes */
#define RANDOM_PAGES	     0x20000000u
#define RANDOM_SPAN	     0x20000000u
#define TIMER		     0xBFFD0000u /* slot 29; seconds */
#define SERIAL_WRITE_IRQ     0xBFE00004u /* slot 0 */
#define UART_LINE_STATUS     0xB80003FDu
#define UART_SCRATCH	     0xB80003FFu
#define LED_BAR		     0xBF000408u

/* Registers: K0 and K1 are the handlers', C0 to C4 what the set-up leaves for loop and handlers. */
enum {
	ZERO = 0,
	T0 = 8,
	ITERATIONS = 16,
	SUM = 17,
	C0 = 18,
	C1,
	C2,
	C3,
	C4,
	K0 = 26,
	K1 = 27,
};

enum {
	INDEX = 0,
	ENTRY_LO = 2,
	ENTRY_LO1 = 3,
	CONTEXT = 4,
	ENTRY_HI = 10,
	STATUS = 12,
	CAUSE = 13,
	EPC = 14,
};

struct code {
	uint32_t image[IMAGE_BYTES / 4];
	uint32_t at; /* where the next word goes, physical */
	bool malta, with;
	uint8_t number, selects; /* the register that the operation is about */
};

static void put(struct code *code, uint32_t word)
{
	code->image[code->at / 4] = word;
	code->at += 4;
}
#define PUT(op, ...) put(code, MIPS_WORD(op, __VA_ARGS__))

static void load_constant(struct code *code, int to, uint32_t value)
{
	PUT(LUI, ['t'] = to, ['U'] = (int32_t)(value >> 16));
	PUT(ORI, ['t'] = to, ['s'] = to, ['u'] = (int32_t)(value & 0xFFFF));
}

static void read_cp0(struct code *code, int to, int number)
{
	PUT(MFC0, ['t'] = to, ['r'] = number);
}

static void write_cp0(struct code *code, int from, int number)
{
	PUT(MTC0, ['t'] = from, ['r'] = number);
}

static void operate(struct code *code, enum mips_op op)
{
	put(code, mips_encode(op, &(struct mips_fields){{0}}));
}

static uint32_t page_size(const struct code *code)
{
	return code->malta ? 0x2000 : 0x1000; /* Malta's entries are pairs of pages */
}

/* What EntryLo is for a page at a physical address. */
static uint32_t entry_lo(const struct code *code, uint32_t physical, bool valid, bool writable, bool global)
{
	if (code->malta)
		return physical >> 6 | (writable ? 4u : 0) | (valid ? 2u : 0) | (global ? 1u : 0);
	return physical | (writable ? ENTRY_LO_D : 0) | (valid ? ENTRY_LO_V : 0) | (global ? ENTRY_LO_G : 0);
}

static uint32_t address_space(const struct code *code, uint32_t number)
{
	return code->malta ? number : number << 6;
}

/* Puts the entry that C0 (EntryHi) and C1 (EntryLo) are, at a number. Leaves Index so. */
static void map(struct code *code, uint32_t number, uint32_t high, uint32_t low)
{
	load_constant(code, C0, high);
	load_constant(code, C1, low);
	load_constant(code, T0, code->malta ? number : number << 8);
	write_cp0(code, T0, INDEX);
	write_cp0(code, C0, ENTRY_HI);
	write_cp0(code, C1, ENTRY_LO);
	if (code->malta)
		write_cp0(code, C1, ENTRY_LO1);
	operate(code, MIPS_OP_TLBWI);
}

static void return_from_exception(struct code *code)
{
	if (code->malta) {
		operate(code, MIPS_OP_ERET);
		return;
	}
	read_cp0(code, K0, EPC);
	PUT(JR, ['s'] = K0);
	operate(code, MIPS_OP_RFE);
}

/* --- the operations: what comes before the loop, what is in it, and what handles the exception --- */

static void read_register(struct code *code)
{
	if (code->with)
		PUT(MFC0, ['t'] = T0, ['r'] = code->number, ['l'] = code->selects);
	PUT(ADDU, ['d'] = SUM, ['s'] = SUM, ['t'] = T0);
}

/* A register is written with what it holds; but nothing shall be pending. */
static void prepare_write(struct code *code)
{
	PUT(MFC0, ['t'] = C0, ['r'] = code->number, ['l'] = code->selects);
	if (code->number == CAUSE)
		PUT(OR, ['d'] = C0, ['s'] = ZERO, ['t'] = ZERO);
}

static void write_register(struct code *code)
{
	if (code->with)
		PUT(MTC0, ['t'] = C0, ['r'] = code->number, ['l'] = code->selects);
}

static void prepare_entry(struct code *code)
{
	map(code, 1, DATA_PAGE, entry_lo(code, DATA, true, true, true));
}

static void probe(struct code *code)
{
	if (code->with)
		operate(code, MIPS_OP_TLBP);
}

static void read_entry(struct code *code)
{
	if (code->with)
		operate(code, MIPS_OP_TLBR);
}

static void write_entry(struct code *code)
{
	if (code->with)
		operate(code, MIPS_OP_TLBWI);
}

/* Each time another page, so that no two entries are about the same one: those of 512 MB, of which none is left in the TLB when
 * they come again. The first entries, which are never replaced, are about others. */
static void prepare_random_entry(struct code *code)
{
	load_constant(code, C0, RANDOM_PAGES);
	load_constant(code, C1, RANDOM_PAGES);
	load_constant(code, C2, RANDOM_PAGES | (RANDOM_SPAN - 1));
	load_constant(code, T0, entry_lo(code, DATA, true, true, true));
	write_cp0(code, T0, ENTRY_LO);
}

static void write_random_entry(struct code *code)
{
	PUT(ADDIU, ['t'] = C0, ['s'] = C0, ['i'] = (int32_t)page_size(code));
	PUT(AND, ['d'] = C0, ['s'] = C0, ['t'] = C2);
	PUT(OR, ['d'] = C0, ['s'] = C0, ['t'] = C1);
	write_cp0(code, C0, ENTRY_HI);
	if (code->with)
		operate(code, MIPS_OP_TLBWR);
}

static uint32_t table_page(const struct code *code)
{
	return code->malta ? TABLE_PAGE_MALTA : TABLE_PAGE_SYSTEM161;
}

/* The loop goes through all pages of the table, or stays on one. The handlers are those of the processors' manuals. */
static void prepare_misses(struct code *code)
{
	uint32_t back = code->at;

	for (uint32_t at = 0; at < TABLE_SPAN / 0x1000 * (code->malta ? 8 : 4); at += 4)
		code->image[(PAGE_TABLE + at) / 4] =
		    code->malta && at / 8 % 2 ? 0 : entry_lo(code, DATA, true, true, true);
	code->at = REFILL_VECTOR;
	read_cp0(code, K1, CONTEXT);
	PUT(LW, ['t'] = K0, ['s'] = K1);
	if (code->malta)
		PUT(LW, ['t'] = K1, ['s'] = K1, ['o'] = 8);
	write_cp0(code, K0, ENTRY_LO);
	if (code->malta)
		write_cp0(code, K1, ENTRY_LO1);
	operate(code, MIPS_OP_TLBWR);
	return_from_exception(code);
	code->at = back;
	load_constant(code, T0, KSEG0);
	write_cp0(code, T0, CONTEXT);
	load_constant(code, C0, table_page(code));
	load_constant(code, C1, table_page(code) | (TABLE_SPAN - 1));
	load_constant(code, C2, code->with ? page_size(code) : 0);
}

static void miss(struct code *code)
{
	PUT(LW, ['t'] = T0, ['s'] = C0);
	PUT(ADDU, ['d'] = C0, ['s'] = C0, ['t'] = C2);
	PUT(AND, ['d'] = C0, ['s'] = C0, ['t'] = C1);
}

/* The loop takes a right away and uses it, the handler gives it back; C2 is the entry with it and C3 the loop's. */
static void prepare_fault(struct code *code, bool valid)
{
	prepare_entry(code);
	load_constant(code, C0, DATA_PAGE);
	load_constant(code, C2, entry_lo(code, DATA, true, true, true));
	load_constant(code, C3, entry_lo(code, DATA, valid || !code->with, !code->with, true));
}

static void prepare_invalid(struct code *code)
{
	prepare_fault(code, false);
}

static void prepare_read_only(struct code *code)
{
	prepare_fault(code, true);
}

static void fault(struct code *code)
{
	write_cp0(code, C3, ENTRY_LO);
	operate(code, MIPS_OP_TLBWI);
	PUT(SW, ['t'] = ITERATIONS, ['s'] = C0);
}

static void handle_fault(struct code *code)
{
	operate(code, MIPS_OP_TLBP);
	write_cp0(code, C2, ENTRY_LO);
	operate(code, MIPS_OP_TLBWI);
	return_from_exception(code);
}

static void prepare_spaces(struct code *code)
{
	for (uint32_t space = 1; space <= 2; space++)
		map(code, space, DATA_PAGE | address_space(code, space),
		    entry_lo(code, DATA, true, true, false));
	load_constant(code, C0, DATA_PAGE | address_space(code, 1));
	load_constant(code, C1, DATA_PAGE | address_space(code, 2));
	load_constant(code, C2, DATA_PAGE);
}

static void switch_spaces(struct code *code)
{
	for (int space = C0; space <= C1; space++) {
		if (code->with)
			write_cp0(code, space, ENTRY_HI);
		PUT(LW, ['t'] = T0, ['s'] = C2);
	}
}

/* The next word's address is in C0, and in EPC. */
static void prepare_return(struct code *code)
{
	load_constant(code, C0, KSEG0 + code->at + 20);
	if (code->malta)
		write_cp0(code, C0, EPC);
}

static void return_here(struct code *code)
{
	if (code->malta) {
		operate(code, code->with ? MIPS_OP_ERET : MIPS_OP_SLL);
		return;
	}
	PUT(JR, ['s'] = C0);
	operate(code, code->with ? MIPS_OP_RFE : MIPS_OP_SLL);
}

static void call_system(struct code *code)
{
	if (code->with)
		operate(code, MIPS_OP_SYSCALL);
}

static void handle_call(struct code *code)
{
	read_cp0(code, K0, EPC);
	PUT(ADDIU, ['t'] = K0, ['s'] = K0, ['i'] = 4);
	if (code->malta) {
		write_cp0(code, K0, EPC);
		operate(code, MIPS_OP_ERET);
		return;
	}
	PUT(JR, ['s'] = K0);
	operate(code, MIPS_OP_RFE);
}

/* By the processor's own line: what a device's has besides is the device's. */
static void prepare_interrupt(struct code *code)
{
	load_constant(code, T0, STATUS_IEC | 0x100);
	write_cp0(code, T0, STATUS);
	load_constant(code, C0, code->with ? 0x100 : 0);
}

static void interrupt(struct code *code)
{
	write_cp0(code, C0, CAUSE);
}

static void handle_interrupt(struct code *code)
{
	write_cp0(code, ZERO, CAUSE);
	return_from_exception(code);
}

static void prepare_off_and_on(struct code *code)
{
	load_constant(code, C0, ~(uint32_t)STATUS_IEC);
	PUT(ADDIU, ['t'] = C1, ['i'] = STATUS_IEC);
	if (code->malta)
		write_cp0(code, C1, STATUS);
}

static void off_and_on(struct code *code)
{
	if (!code->with)
		return;
	if (code->malta) {
		PUT(DI, ['t'] = ZERO);
		PUT(EI, ['t'] = ZERO);
		return;
	}
	read_cp0(code, T0, STATUS);
	PUT(AND, ['d'] = T0, ['s'] = T0, ['t'] = C0);
	write_cp0(code, T0, STATUS);
	PUT(OR, ['d'] = T0, ['s'] = T0, ['t'] = C1);
	write_cp0(code, T0, STATUS);
}

static void prepare_device(struct code *code)
{
	load_constant(code, C0, code->malta ? UART_LINE_STATUS : TIMER);
	load_constant(code, C1, code->malta ? UART_SCRATCH : SERIAL_WRITE_IRQ);
	load_constant(code, C2, LED_BAR);
}

static void read_device(struct code *code)
{
	if (code->with && code->malta)
		PUT(LBU, ['t'] = T0, ['s'] = C0);
	else if (code->with)
		PUT(LW, ['t'] = T0, ['s'] = C0);
	PUT(ADDU, ['d'] = SUM, ['s'] = SUM, ['t'] = T0);
}

static void write_device(struct code *code)
{
	if (code->with && code->malta)
		PUT(SB, ['t'] = ZERO, ['s'] = C1);
	else if (code->with)
		PUT(SW, ['t'] = ZERO, ['s'] = C1);
}

static void write_leds(struct code *code)
{
	if (code->with)
		PUT(SW, ['t'] = ZERO, ['s'] = C2);
}

#define ON(machine) (1u << COST_##machine)
#define ON_BOTH	    (ON(SYSTEM161) | ON(MALTA))

struct cost_row {
	const char *name, *title;
	enum cost_group group;
	unsigned machines;
	unsigned repeat; /* how often the body stands in the loop */
	unsigned times;	 /* how often the body does the operation */
	void (*prepare)(struct code *code);
	void (*body)(struct code *code);
	void (*handle)(struct code *code);
	bool user, by_exceptions;
};

static const struct cost_row read_row = {"mfc0", "read the register", COST_READ, 0, 4, 1,
					 NULL,	 read_register,	      NULL,	 0, 0};
static const struct cost_row write_row = {"mtc0",	 "write the register", COST_WRITE, 0, 4, 1,
					  prepare_write, write_register,       NULL,	   0, 0};

static const struct cost_row rows[] = {
    {"tlbp", "look for an entry", COST_TLB, ON_BOTH, 4, 1, prepare_entry, probe, NULL, 0, 0},
    {"tlbr", "read an entry", COST_TLB, ON_BOTH, 4, 1, prepare_entry, read_entry, NULL, 0, 0},
    {"tlbwi", "write an entry, the same each time", COST_TLB, ON_BOTH, 4, 1, prepare_entry, write_entry, NULL,
     0, 0},
    {"tlbwr", "write a random entry, each time about another page", COST_TLB, ON_BOTH, 4, 1,
     prepare_random_entry, write_random_entry, NULL, 0, 0},
    {"address space", "write EntryHi and access a page that each address space has", COST_TLB, ON_BOTH, 2, 2,
     prepare_spaces, switch_spaces, NULL, 0, 0},
    {"return", "return from an exception: rfe in the delay slot of a jump", COST_TRANSFER, ON(SYSTEM161), 1,
     1, prepare_return, return_here, NULL, 0, 0},
    {"return", "return from an exception: eret", COST_TRANSFER, ON(MALTA), 1, 1, prepare_return, return_here,
     NULL, 0, 0},
    {"interrupts off, on", "by mfc0 and mtc0 Status", COST_TRANSFER, ON(SYSTEM161), 4, 1, prepare_off_and_on,
     off_and_on, NULL, 0, 0},
    {"interrupts off, on", "by di and ei", COST_TRANSFER, ON(MALTA), 4, 1, prepare_off_and_on, off_and_on,
     NULL, 0, 0},
    {"system call", "from user mode into the kernel, which returns behind it", COST_TRANSFER, ON_BOTH, 4, 1,
     NULL, call_system, handle_call, true, 0},
    {"interrupt", "of the processor's software line, acknowledged by the handler", COST_TRANSFER, ON_BOTH, 4,
     1, prepare_interrupt, interrupt, handle_interrupt, 0, 0},
    {"tlb refill", "a miss, and the handler that finds the page by Context", COST_TRANSFER, ON_BOTH, 4, 1,
     prepare_misses, miss, NULL, 0, true},
    {"page fault", "a store to an invalid page, which the handler makes valid", COST_TRANSFER, ON_BOTH, 4, 1,
     prepare_invalid, fault, handle_fault, 0, 0},
    {"first write", "a store to a read-only page, which the handler makes writable", COST_TRANSFER, ON_BOTH,
     4, 1, prepare_read_only, fault, handle_fault, 0, 0},
    {"device read", "the timer card's seconds", COST_DEVICE, ON(SYSTEM161), 4, 1, prepare_device, read_device,
     NULL, 0, 0},
    {"device write", "the serial card's interrupt register", COST_DEVICE, ON(SYSTEM161), 4, 1, prepare_device,
     write_device, NULL, 0, 0},
    {"device read", "the UART's line status", COST_DEVICE, ON(MALTA), 4, 1, prepare_device, read_device, NULL,
     0, 0},
    {"device write", "the UART's scratch register", COST_DEVICE, ON(MALTA), 4, 1, prepare_device,
     write_device, NULL, 0, 0},
    {"device write, leds", "the FPGA's row of LEDs", COST_DEVICE, ON(MALTA), 4, 1, prepare_device, write_leds,
     NULL, 0, 0},
};

/* The registers, by the names of the manuals: System/161 reference, section 1.8; Malta reference, section 14. */
static const struct {
	uint8_t number, selects;
	unsigned
	    machines; /* that call it so; those that do not have it are passed over by the model's table */
	const char *name;
} registers[] = {
    {0, 0, ON_BOTH, "Index"},	  {1, 0, ON_BOTH, "Random"},	   {2, 0, ON_BOTH, "EntryLo"},
    {3, 0, ON_BOTH, "EntryLo1"},  {4, 0, ON_BOTH, "Context"},	   {5, 0, ON_BOTH, "PageMask"},
    {6, 0, ON_BOTH, "Wired"},	  {7, 0, ON_BOTH, "HWREna"},	   {8, 0, ON_BOTH, "BadVAddr"},
    {9, 0, ON_BOTH, "Count"},	  {10, 0, ON_BOTH, "EntryHi"},	   {11, 0, ON_BOTH, "Compare"},
    {12, 0, ON_BOTH, "Status"},	  {12, 1, ON_BOTH, "IntCtl"},	   {13, 0, ON_BOTH, "Cause"},
    {14, 0, ON_BOTH, "EPC"},	  {15, 0, ON_BOTH, "PRId"},	   {15, 1, ON(SYSTEM161), "CFEAT"},
    {15, 1, ON(MALTA), "EBase"},  {15, 2, ON(SYSTEM161), "IFEAT"}, {16, 0, ON_BOTH, "Config"},
    {16, 1, ON_BOTH, "Config1"},  {16, 2, ON_BOTH, "Config2"},	   {16, 3, ON_BOTH, "Config3"},
    {30, 0, ON_BOTH, "ErrorEPC"},
};

static void add(struct cost_operation *operation, const struct cost_row *row)
{
	*operation = (struct cost_operation){.title = row->title,
					     .group = row->group,
					     .row = row,
					     .per_iteration = row->repeat * row->times,
					     .by_exceptions = row->by_exceptions};
	snprintf(operation->name, sizeof(operation->name), "%s", row->name);
}

static unsigned add_registers(enum cost_machine machine, bool writes, struct cost_operation *operations)
{
	const struct cpu_model *model =
	    machine == COST_MALTA ? cpu_model_mips32(COST_MALTA_CPU, true) : &cpu_model_mips161;
	unsigned count = 0;

	for (unsigned i = 0; i < sizeof(registers) / sizeof(registers[0]); i++) {
		const struct lift_cp0 *file =
		    &model->lift.cp0[LIFT_CP0_INDEX(registers[i].number, registers[i].selects)];
		unsigned access = writes ? file->write : file->read;

		if (!(registers[i].machines & 1u << machine) || access == LIFT_CP0_RESERVED ||
		    (writes && access == LIFT_CP0_IGNORED))
			continue;
		add(&operations[count], writes ? &write_row : &read_row);
		operations[count].register_number = registers[i].number;
		operations[count].selects = registers[i].selects;
		snprintf(operations[count].name, sizeof(operations[count].name), "%s %s",
			 writes ? write_row.name : read_row.name, registers[i].name);
		count++;
	}
	return count;
}

unsigned cost_operations(enum cost_machine machine, struct cost_operation operations[COST_OPERATIONS_MAX])
{
	unsigned count = add_registers(machine, false, operations);

	count += add_registers(machine, true, operations + count);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].machines & 1u << machine)
			add(&operations[count++], &rows[i]);
	return count;
}

/* Interrupts off, handlers in RAM, and no two TLB entries about the same page. */
static void start(struct code *code)
{
	write_cp0(code, ZERO, STATUS);
	if (code->malta)
		return;
	load_constant(code, C0, KSEG0);
	PUT(OR, ['d'] = C1, ['s'] = ZERO, ['t'] = ZERO);
	PUT(ORI, ['t'] = C2, ['s'] = ZERO, ['u'] = TLB_ENTRIES << 8);
	write_cp0(code, ZERO, ENTRY_LO);
	write_cp0(code, C0, ENTRY_HI);
	write_cp0(code, C1, INDEX);
	operate(code, MIPS_OP_TLBWI);
	PUT(ADDIU, ['t'] = C1, ['s'] = C1, ['i'] = 0x100);
	PUT(BNE, ['s'] = C1, ['t'] = C2, ['b'] = -5);
	PUT(ADDIU, ['t'] = C0, ['s'] = C0, ['i'] = 0x1000);
}

/* The loop is a page of user mode's. */
static void enter_user_mode(struct code *code)
{
	map(code, 1, USER_PAGE, entry_lo(code, USER_CODE, true, false, true));
	load_constant(code, K0, USER_PAGE);
	if (code->malta) {
		write_cp0(code, K0, EPC);
		PUT(ORI, ['t'] = T0, ['u'] = 0x12); /* UM, EXL */
		write_cp0(code, T0, STATUS);
		operate(code, MIPS_OP_ERET);
	} else {
		PUT(ORI, ['t'] = T0, ['u'] = STATUS_KUC << 2); /* the previous mode */
		write_cp0(code, T0, STATUS);
		PUT(JR, ['s'] = K0);
		operate(code, MIPS_OP_RFE);
	}
	code->at = USER_CODE;
}

static void assemble(struct code *code, const struct cost_row *row)
{
	uint32_t loop;

	if (row->handle) {
		code->at = code->malta ? GENERAL_MALTA : GENERAL_SYSTEM161;
		row->handle(code);
	}
	code->at = CODE;
	start(code);
	if (row->user)
		enter_user_mode(code);
	loop = code->at;
	if (row->prepare) {
		row->prepare(code);
		loop = code->at;
	}
	PUT(ADDIU, ['t'] = ITERATIONS, ['s'] = ITERATIONS, ['i'] = 1);
	for (unsigned i = 0; i < row->repeat; i++)
		row->body(code);
	PUT(BEQ, ['b'] = ((int32_t)loop - (int32_t)code->at) / 4 - 1);
	put(code, 0);
}

/* Big-endian on both machines. */
static bool write_elf(int fd, const struct code *code)
{
	Elf32_Ehdr header = {.e_type = htobe16(ET_EXEC),
			     .e_machine = htobe16(EM_MIPS),
			     .e_version = htobe32(EV_CURRENT),
			     .e_entry = htobe32(KSEG0 + CODE),
			     .e_phoff = htobe32(sizeof(header)),
			     .e_ehsize = htobe16(sizeof(header)),
			     .e_phentsize = htobe16(sizeof(Elf32_Phdr)),
			     .e_phnum = htobe16(1)};
	Elf32_Phdr segment = {.p_type = htobe32(PT_LOAD),
			      .p_offset = htobe32(sizeof(header) + sizeof(segment)),
			      .p_vaddr = htobe32(KSEG0),
			      .p_paddr = htobe32(KSEG0),
			      .p_filesz = htobe32(IMAGE_BYTES),
			      .p_memsz = htobe32(IMAGE_BYTES),
			      .p_flags = htobe32(PF_R | PF_W | PF_X),
			      .p_align = htobe32(4)};
	uint32_t *image = malloc(IMAGE_BYTES);
	bool good;

	if (!image)
		abort();
	memcpy(header.e_ident, ELFMAG, SELFMAG);
	header.e_ident[EI_CLASS] = ELFCLASS32;
	header.e_ident[EI_DATA] = ELFDATA2MSB;
	header.e_ident[EI_VERSION] = EV_CURRENT;
	for (uint32_t i = 0; i < IMAGE_BYTES / 4; i++)
		image[i] = htobe32(code->image[i]);
	good = write(fd, &header, sizeof(header)) == sizeof(header) &&
	       write(fd, &segment, sizeof(segment)) == sizeof(segment) &&
	       write(fd, image, IMAGE_BYTES) == IMAGE_BYTES;
	free(image);
	return good;
}

int cost_program(enum cost_machine machine, const struct cost_operation *operation, bool with,
		 struct error *error)
{
	struct code *code = calloc(1, sizeof(*code));
	int fd = memfd_create("jit161-costs", MFD_CLOEXEC);

	if (!code)
		abort();
	code->malta = machine == COST_MALTA;
	code->with = with;
	code->number = operation->register_number;
	code->selects = operation->selects;
	assemble(code, operation->row);
	if (fd < 0 || !write_elf(fd, code)) {
		error_set(error, "No memory file for the program: %s", strerror(errno));
		if (fd >= 0)
			close(fd);
		fd = -1;
	}
	free(code);
	return fd;
}

uint32_t cost_iterations(const struct cpu *cpu)
{
	return cpu->gpr[ITERATIONS];
}
