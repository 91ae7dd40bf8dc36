/*
 * One instruction of a guest, executed by software: what trapped because it is privileged or went for a device, and every single
 * one of a kernel that is linked for kseg0. All of MIPS I, as sections 1.3 to 1.5 have it. A jump takes its delay slot along,
 * since a guest cannot be resumed there.
 */
#include "tests/guest/monitor/monitor.h"

enum outcome {
	DONE,
	JUMPED,
	FAULTED
};

/* Where an instruction stands. */
struct place {
	struct vm *vm;
	uint32_t pc, epc; /* epc: the jump before, if this is its delay slot */
	bool slot;
	uint32_t target; /* of a jump */
};

static enum outcome fault(const struct place *at, uint32_t code, uint32_t vaddr, uint32_t cause_bits)
{
	vm_exception(at->vm, code, vaddr, at->epc, cause_bits | (at->slot ? CAUSE_BD : 0));
	return FAULTED;
}

/* The word at an address. All memory traffic is of words (section 1.10). */
static bool load(const struct place *at, uint32_t vaddr, enum access access, uint32_t *word)
{
	uint32_t physical;
	const uint32_t *ram;
	bool writable;
	int code = vaddr & 3 ? EXC_ADDR_LOAD : vm_translate(at->vm, vaddr, access, &physical, &writable);

	if (code >= 0) {
		fault(at, (uint32_t)code, vaddr, 0);
		return false;
	}
	ram = vm_ram(at->vm, physical);
	if (ram != NULL)
		*word = *ram;
	else if (access == ACCESS_FETCH || !bus_read(at->vm, physical, word)) {
		fault(at, access == ACCESS_FETCH ? EXC_BUS_CODE : EXC_BUS_DATA, 0, 0);
		return false;
	}
	return true;
}

static bool store(const struct place *at, uint32_t vaddr, uint32_t word)
{
	uint32_t physical, *ram;
	bool writable;
	int code =
	    vaddr & 3 ? EXC_ADDR_STORE : vm_translate(at->vm, vaddr, ACCESS_STORE, &physical, &writable);

	if (code >= 0) {
		fault(at, (uint32_t)code, vaddr, 0);
		return false;
	}
	ram = vm_ram(at->vm, physical);
	if (ram != NULL)
		*ram = word;
	else if (!bus_write(at->vm, physical, word)) {
		fault(at, EXC_BUS_DATA, 0, 0);
		return false;
	}
	return true;
}

/* The jump itself is what a bad target stops (section 1.5), but for one into the mode that RFE will set. */
static enum outcome jump(struct place *at, uint32_t target)
{
	uint32_t physical;
	const uint32_t *slot;
	bool writable;
	int code =
	    target & 3 ? EXC_ADDR_LOAD : vm_translate(at->vm, target, ACCESS_FETCH, &physical, &writable);
	bool bad = code >= 0 || vm_ram(at->vm, physical) == NULL;

	at->target = target;
	if (!bad)
		return JUMPED;
	if (vm_translate(at->vm, at->pc + 4, ACCESS_FETCH, &physical, &writable) < 0) {
		slot = vm_ram(at->vm, physical);
		if (slot != NULL && *slot == 0x42000010)
			return JUMPED;
	}
	return code >= 0 ? fault(at, (uint32_t)code, target, 0) : fault(at, EXC_BUS_CODE, 0, 0);
}

static enum outcome set(const struct place *at, unsigned reg, uint32_t value)
{
	if (reg != 0)
		at->vm->reg[reg] = value;
	return DONE;
}

static enum outcome divide(struct vm *vm, uint32_t a, uint32_t b, bool is_signed)
{
	if (b == 0) {
		vm->lo = is_signed && !(a >> 31) ? 0x7fffffff : 0xffffffff;
		vm->hi = 0;
	} else if (is_signed && !(a == 0x80000000 && b == 0xffffffff)) {
		vm->lo = (uint32_t)((int32_t)a / (int32_t)b);
		vm->hi = (uint32_t)((int32_t)a % (int32_t)b);
	} else {
		vm->lo = is_signed ? a : a / b;
		vm->hi = is_signed ? 0 : a % b;
	}
	return DONE;
}

/* The product by its 16-bit parts: there is no library for 64-bit arithmetic here. */
static enum outcome multiply(struct vm *vm, uint32_t a, uint32_t b, bool is_signed)
{
	uint32_t low = (a & 0xffff) * (b & 0xffff), m1 = (a >> 16) * (b & 0xffff);
	uint32_t m2 = (a & 0xffff) * (b >> 16), high = (a >> 16) * (b >> 16);
	uint32_t middle = (low >> 16) + (m1 & 0xffff) + (m2 & 0xffff);

	vm->lo = middle << 16 | (low & 0xffff);
	vm->hi = high + (m1 >> 16) + (m2 >> 16) + (middle >> 16);
	if (is_signed)
		vm->hi -= (a >> 31 ? b : 0) + (b >> 31 ? a : 0);
	return DONE;
}

static enum outcome add(const struct place *at, unsigned reg, uint32_t a, uint32_t b)
{
	uint32_t sum = a + b;

	if (~(a ^ b) & (a ^ sum) & 0x80000000)
		return fault(at, EXC_OVERFLOW, 0, 0);
	return set(at, reg, sum);
}

static enum outcome special(struct place *at, uint32_t word)
{
	struct vm *vm = at->vm;
	unsigned rd = word >> 11 & 31, shift = word >> 6 & 31;
	uint32_t rs = vm->reg[word >> 21 & 31], rt = vm->reg[word >> 16 & 31];

	switch (word & 63) {
	case 0:
		return set(at, rd, rt << shift);
	case 2:
		return set(at, rd, rt >> shift);
	case 3:
		return set(at, rd, (uint32_t)((int32_t)rt >> shift));
	case 4:
		return set(at, rd, rt << (rs & 31));
	case 6:
		return set(at, rd, rt >> (rs & 31));
	case 7:
		return set(at, rd, (uint32_t)((int32_t)rt >> (rs & 31)));
	case 8:
		return jump(at, rs);
	case 9: /* the link is written first */
		set(at, rd, at->pc + 8);
		return jump(at, vm->reg[word >> 21 & 31]);
	case 12:
		return fault(at, EXC_SYSCALL, 0, 0);
	case 13:
		return fault(at, EXC_BREAK, 0, 0);
	case 15:
		return DONE;
	case 16:
		return set(at, rd, vm->hi);
	case 17:
		vm->hi = rs;
		return DONE;
	case 18:
		return set(at, rd, vm->lo);
	case 19:
		vm->lo = rs;
		return DONE;
	case 24:
	case 25:
		return multiply(vm, rs, rt, (word & 1) == 0);
	case 26:
	case 27:
		return divide(vm, rs, rt, (word & 1) == 0);
	case 32:
		return add(at, rd, rs, rt);
	case 33:
		return set(at, rd, rs + rt);
	case 34: /* an overflow unless the signs agree, or the result has the first one's */
		if ((rs ^ rt) & (rs ^ (rs - rt)) & 0x80000000)
			return fault(at, EXC_OVERFLOW, 0, 0);
		return set(at, rd, rs - rt);
	case 35:
		return set(at, rd, rs - rt);
	case 36:
		return set(at, rd, rs & rt);
	case 37:
		return set(at, rd, rs | rt);
	case 38:
		return set(at, rd, rs ^ rt);
	case 39:
		return set(at, rd, ~(rs | rt));
	case 42:
		return set(at, rd, (int32_t)rs < (int32_t)rt);
	case 43:
		return set(at, rd, rs < rt);
	default:
		return fault(at, EXC_RESERVED, 0, 0);
	}
}

/* Loads of parts of words; LWL and LWR keep the rest of the register. Big-endian. */
static enum outcome load_part(struct place *at, unsigned opcode, unsigned rt, uint32_t address)
{
	uint32_t word, old = at->vm->reg[rt];
	unsigned byte = (address & 3) * 8;
	bool half = opcode == 33 || opcode == 37;

	/* A misaligned half is reported by the word's address (section 1.10). */
	if (half && (address & 1))
		return fault(at, EXC_ADDR_LOAD, address & ~2u, 0);
	if (!load(at, opcode == 35 || opcode == 48 ? address : address & ~3u, ACCESS_LOAD, &word))
		return FAULTED;
	switch (opcode) {
	case 32:
		return set(at, rt, (uint32_t)((int32_t)(word << byte) >> 24));
	case 33:
		return set(at, rt, (uint32_t)((int32_t)(word << byte) >> 16));
	case 34:
		return set(at, rt, word << byte | (byte == 0 ? 0 : old & 0xffffffff >> (32 - byte)));
	case 36:
		return set(at, rt, word << byte >> 24);
	case 37:
		return set(at, rt, word << byte >> 16);
	case 38:
		return set(at, rt, word >> (24 - byte) | (byte == 24 ? 0 : old & 0xffffffff << (byte + 8)));
	case 48:
		at->vm->linked = true;
		at->vm->linked_address = address;
		at->vm->linked_value = word;
		return set(at, rt, word);
	default:
		return set(at, rt, word);
	}
}

static enum outcome store_conditionally(struct place *at, unsigned rt, uint32_t address)
{
	struct vm *vm = at->vm;
	uint32_t word;

	if (!vm->linked || vm->linked_address != address)
		return set(at, rt, 0);
	if (!load(at, address, ACCESS_STORE, &word))
		return FAULTED;
	if (word != vm->linked_value)
		return set(at, rt, 0);
	return store(at, address, vm->reg[rt]) ? set(at, rt, 1) : FAULTED;
}

static enum outcome store_part(struct place *at, unsigned opcode, unsigned rt, uint32_t address)
{
	uint32_t value = at->vm->reg[rt], word, mask;
	unsigned byte = (address & 3) * 8;

	switch (opcode) {
	case 40:
		mask = 0xff000000 >> byte;
		value = value << 24 >> byte;
		break;
	case 41:
		if (address & 1)
			return fault(at, EXC_ADDR_STORE, address & ~2u, 0);
		mask = 0xffff0000 >> byte;
		value = value << 16 >> byte;
		break;
	case 42:
		mask = 0xffffffff >> byte;
		value >>= byte;
		break;
	case 46:
		mask = 0xffffffff << (24 - byte);
		value <<= 24 - byte;
		break;
	default:
		return store(at, address, value) ? DONE : FAULTED;
	}
	/* Read, then written; a fault is a store's. */
	address &= ~3u;

	uint32_t physical;
	bool writable;
	int code = vm_translate(at->vm, address, ACCESS_STORE, &physical, &writable);

	if (code >= 0)
		return fault(at, (uint32_t)code, address, 0);
	if (!load(at, address, ACCESS_LOAD, &word) || !store(at, address, (word & ~mask) | (value & mask)))
		return FAULTED;
	return DONE;
}

static enum outcome branch(struct place *at, uint32_t word, bool taken)
{
	return taken ? jump(at, at->pc + 4 + ((uint32_t)(int32_t)(int16_t)word << 2)) : DONE;
}

static enum outcome execute(struct place *at)
{
	struct vm *vm = at->vm;
	uint32_t word;

	if (!load(at, at->pc, ACCESS_FETCH, &word))
		return FAULTED;
	vm->emulated++;

	unsigned opcode = word >> 26, rt = word >> 16 & 31;
	uint32_t rs = vm->reg[word >> 21 & 31];
	uint32_t immediate = (uint32_t)(int32_t)(int16_t)word;
	bool unusable;

	switch (opcode) {
	case 0:
		return special(at, word);
	case 1:
		if ((rt & ~0x11u) != 0)
			return fault(at, EXC_RESERVED, 0, 0);
		if (rt & 16)
			vm->reg[31] = at->pc + 8;
		rs = vm->reg[word >> 21 & 31]; /* after the link was written */
		return branch(at, word, rt & 1 ? !(rs >> 31) : rs >> 31);
	case 3:
		vm->reg[31] = at->pc + 8;
		/* fall through */
	case 2:
		return jump(at, ((at->pc + 4) & 0xf0000000) | (word << 6 >> 4));
	case 4:
		return branch(at, word, rs == vm->reg[rt]);
	case 5:
		return branch(at, word, rs != vm->reg[rt]);
	case 6:
		return branch(at, word, (int32_t)rs <= 0);
	case 7:
		return branch(at, word, (int32_t)rs > 0);
	case 8:
		return add(at, rt, rs, immediate);
	case 9:
		return set(at, rt, rs + immediate);
	case 10:
		return set(at, rt, (int32_t)rs < (int32_t)immediate);
	case 11:
		return set(at, rt, rs < immediate);
	case 12:
		return set(at, rt, rs & (immediate & 0xffff));
	case 13:
		return set(at, rt, rs | (immediate & 0xffff));
	case 14:
		return set(at, rt, rs ^ (immediate & 0xffff));
	case 15:
		return set(at, rt, immediate << 16);
	case 16:
		if (vm_coprocessor(vm, word, &unusable))
			return DONE;
		return fault(at, unusable ? EXC_COPROCESSOR : EXC_RESERVED, 0, 0);
	case 32:
	case 33:
	case 34:
	case 35:
	case 36:
	case 37:
	case 38:
	case 48:
		return load_part(at, opcode, rt, rs + immediate);
	case 40:
	case 41:
	case 42:
	case 43:
	case 46:
		return store_part(at, opcode, rt, rs + immediate);
	case 47: /* CACHE, without what its address may raise: nobody here executes it */
		return in_user_mode(vm) ? fault(at, EXC_COPROCESSOR, 0, 0) : DONE;
	case 56:
		return store_conditionally(at, rt, rs + immediate);
	default:
		if ((opcode >= 17 && opcode <= 19) || (opcode >= 49 && opcode <= 51) || opcode >= 57)
			if (opcode < 60)
				return fault(at, EXC_COPROCESSOR, 0, (opcode & 3) << 28);
		return fault(at, EXC_RESERVED, 0, 0);
	}
}

void emulate(struct vm *vm)
{
	struct place at = {.vm = vm, .pc = vm->pc, .epc = vm->pc};
	struct place slot = {.vm = vm, .pc = vm->pc + 4, .epc = vm->pc, .slot = true};

	switch (execute(&at)) {
	case DONE:
		vm->pc = at.pc + 4;
		break;
	case JUMPED:
		switch (execute(&slot)) {
		case DONE:
			vm->pc = at.target;
			break;
		case JUMPED: /* a jump in a delay slot: no compiler makes one */
			vm->pc = slot.target;
			break;
		case FAULTED:
			break;
		}
		break;
	case FAULTED:
		break;
	}
}
