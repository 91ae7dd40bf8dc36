/* The virtual processor: its exceptions and interrupts, and coprocessor 0, as sections 1.8 to 1.13 have the real one's. */
#include "tests/guest/monitor/monitor.h"

#define PRID	   0xa1
#define CONFIG0	   0x800083f3
#define CONFIG1	   0x7e1b0d80
#define RANDOM_LOW 8

/* Coprocessor 0 by the numbers in an instruction. */
enum {
	INDEX = 0,
	RANDOM = 1,
	ENTRYLO = 2,
	CONTEXT = 4,
	BADVADDR = 8,
	COUNT = 9,
	ENTRYHI = 10,
	COMPARE = 11,
	STATUS = 12,
	CAUSE = 13,
	EPC = 14,
	PROCESSOR_ID = 15,
	CONFIG = 16
};

/* Operations: words with bit 25 set. */
enum {
	TLBR = 1,
	TLBWI = 2,
	TLBWR = 6,
	TLBP = 8,
	RFE = 0x10,
	WAIT = 0x20
};

void vm_reset(struct vm *vm)
{
	vm->status = STATUS_BEV;
	for (uint32_t i = 0; i < TLB_ENTRIES; i++)
		vm->tlb[i].hi = 0x81000000 + (i << PAGE_SHIFT);
}

uint32_t vm_cause(const struct vm *vm)
{
	return vm->cause | (bus_lines(vm) != 0 ? CAUSE_BUS : 0);
}

bool vm_interrupt_pending(const struct vm *vm)
{
	return (vm->status & STATUS_IEC) != 0 && (vm_cause(vm) & vm->status & 0xff00) != 0;
}

/* cause_bits: BD, and which coprocessor is unusable. */
void vm_exception(struct vm *vm, uint32_t code, uint32_t vaddr, uint32_t epc, uint32_t cause_bits)
{
	bool misses = code == EXC_TLB_LOAD || code == EXC_TLB_STORE;
	uint32_t vector = vm->segment + 0x80;

	vm->exceptions++;
	if (vm->status & STATUS_BEV) {
		vm_end(vm, "an exception before it had vectors");
		return;
	}
	if (misses && vaddr < vm->segment) {
		uint32_t page = (vaddr & ENTRYHI_PAGE) | (vm->entryhi & ENTRYHI_ASID);
		bool found = false;

		for (unsigned i = 0; i < TLB_ENTRIES && !found; i++)
			found = ((vm->tlb[i].hi ^ page) &
				 (vm->tlb[i].lo & ENTRYLO_GLOBAL ? ENTRYHI_PAGE
								 : ENTRYHI_PAGE | ENTRYHI_ASID)) == 0;
		if (!found)
			vector = vm->segment;
	}
	vm->cause = (vm->cause & (CAUSE_SOFTWARE | CAUSE_TIMER)) | cause_bits | code << 2;
	vm->status = (vm->status & ~(uint32_t)STATUS_STACK) | (vm->status << 2 & STATUS_STACK);
	vm->vaddr = vaddr;
	vm->context = (vm->context & 0xffe00000) | (vaddr >> 10 & 0x001ffffc);
	if (misses || code == EXC_MODIFY)
		vm->entryhi = (vaddr & ENTRYHI_PAGE) | (vm->entryhi & ENTRYHI_ASID);
	vm->epc = epc;
	vm->linked = false;
	vm->pc = vector;
}

static void write_status(struct vm *vm, uint32_t value)
{
	vm->status = value & STATUS_WRITABLE;
	if (value & STATUS_HANGS)
		vm_end(vm, "it isolated or swapped the caches, which stops the machine");
}

static void write_compare(struct vm *vm, uint32_t value)
{
	vm->compare = value;
	vm->timer_armed = true;
	vm->cause &= ~(uint32_t)CAUSE_TIMER;
	if (vm->count > value)
		vm->count = 0;
}

/* False: there is no such register. */
static bool move_from(struct vm *vm, unsigned reg, unsigned select, uint32_t *value)
{
	if (select != 0 && (reg < PROCESSOR_ID || select > 2 || (reg == CONFIG && select > 1)))
		return false;
	switch (reg) {
	case INDEX:
		*value = vm->index;
		return true;
	case RANDOM: /* goes on with every cycle, as the real one does */
		*value = (RANDOM_LOW + vm->guest_cycles % (TLB_ENTRIES - RANDOM_LOW)) << INDEX_SHIFT;
		return true;
	case ENTRYLO:
		*value = vm->entrylo;
		return true;
	case CONTEXT:
		*value = vm->context;
		return true;
	case BADVADDR:
		*value = vm->vaddr;
		return true;
	case COUNT:
		*value = vm->count;
		return true;
	case ENTRYHI:
		*value = vm->entryhi;
		return true;
	case COMPARE:
		*value = vm->compare;
		return true;
	case STATUS:
		*value = vm->status;
		return true;
	case CAUSE:
		*value = vm_cause(vm);
		return true;
	case EPC:
		*value = vm->epc;
		return true;
	case PROCESSOR_ID:
		*value = select == 0 ? PRID : 0;
		return true;
	case CONFIG:
		*value = select == 0 ? CONFIG0 : CONFIG1;
		return true;
	default:
		return false;
	}
}

static bool move_to(struct vm *vm, unsigned reg, unsigned select, uint32_t value)
{
	if (select != 0)
		return reg == CONFIG || (reg == PROCESSOR_ID && select <= 2);
	switch (reg) {
	case INDEX:
		vm->index = value & (INDEX_P | 0x3f00);
		return true;
	case ENTRYLO:
		vm->entrylo = value & 0xffffff00;
		return true;
	case CONTEXT:
		vm->context = value;
		return true;
	case BADVADDR:
		vm->vaddr = value;
		return true;
	case COUNT:
		vm->count = value;
		return true;
	case ENTRYHI:
		vm->entryhi = value & (ENTRYHI_PAGE | ENTRYHI_ASID);
		return true;
	case COMPARE:
		write_compare(vm, value);
		return true;
	case STATUS:
		write_status(vm, value);
		return true;
	case CAUSE:
		vm->cause = (vm->cause & ~(uint32_t)CAUSE_SOFTWARE) | (value & CAUSE_SOFTWARE);
		return true;
	case RANDOM:
	case EPC:
	case PROCESSOR_ID:
	case CONFIG:
		return true; /* read-only */
	default:
		return false;
	}
}

static bool same_page(const struct tlb_entry *a, const struct tlb_entry *b)
{
	uint32_t mask = (a->lo | b->lo) & ENTRYLO_GLOBAL ? ENTRYHI_PAGE : ENTRYHI_PAGE | ENTRYHI_ASID;

	return ((a->hi ^ b->hi) & mask) == 0;
}

static void tlb_store(struct vm *vm, uint32_t slot)
{
	struct tlb_entry entry = {vm->entryhi, vm->entrylo};

	shadow_forget(vm, &vm->tlb[slot]);
	vm->tlb[slot] = entry;
	for (uint32_t i = 0; i < TLB_ENTRIES; i++) {
		if (i != slot && same_page(&vm->tlb[i], &entry))
			vm_end(vm, "duplicate TLB entries, which stop the machine");
	}
}

static void tlb_find(struct vm *vm)
{
	vm->index |= INDEX_P;
	for (uint32_t i = 0; i < TLB_ENTRIES; i++) {
		uint32_t mask = vm->tlb[i].lo & ENTRYLO_GLOBAL ? ENTRYHI_PAGE : ENTRYHI_PAGE | ENTRYHI_ASID;

		if (((vm->tlb[i].hi ^ vm->entryhi) & mask) == 0) {
			vm->index = i << INDEX_SHIFT;
			return;
		}
	}
}

static bool operate(struct vm *vm, uint32_t operation)
{
	uint32_t random;

	switch (operation) {
	case TLBR:
		vm->entryhi = vm->tlb[vm->index >> INDEX_SHIFT & 63].hi;
		vm->entrylo = vm->tlb[vm->index >> INDEX_SHIFT & 63].lo;
		return true;
	case TLBWI:
		tlb_store(vm, vm->index >> INDEX_SHIFT & 63);
		return true;
	case TLBWR:
		move_from(vm, RANDOM, 0, &random);
		tlb_store(vm, random >> INDEX_SHIFT);
		return true;
	case TLBP:
		tlb_find(vm);
		return true;
	case RFE:
		vm->status = (vm->status & ~(uint32_t)0xf) | (vm->status >> 2 & 0xf);
		return true;
	case WAIT:
		if (bus_lines(vm) == 0 && !(vm->cause & CAUSE_TIMER))
			vm->state = VM_WAITING;
		return true;
	default:
		return false;
	}
}

bool vm_coprocessor(struct vm *vm, uint32_t word, bool *unusable)
{
	unsigned kind = word >> 21 & 31, rt = word >> 16 & 31, reg = word >> 11 & 31;
	uint32_t value;

	*unusable = in_user_mode(vm) || kind == 2 || kind == 6 || kind == 8 || kind == 12;
	if (*unusable)
		return false;
	if (word & 1u << 25)
		return operate(vm, word & 0x1ffffff);
	if (kind == 4)
		return move_to(vm, reg, word & 7, vm->reg[rt]);
	if (kind != 0 || !move_from(vm, reg, word & 7, &value))
		return false;
	if (rt != 0)
		vm->reg[rt] = value;
	return true;
}
