/*
 * Addresses. A guest's TLB maps its addresses to what it believes to be physical ones; its RAM lies somewhere else. So the
 * hardware's TLB holds compositions of both mappings, made when they are missed, each under an ASID of the hardware's that stands for
 * a guest, its mode, and its own ASID. What the guest's TLB does not allow is never entered.
 */
#include "tests/guest/monitor/monitor.h"

#define SEGMENT_SIZE 0x40000000 /* the unmapped ones, cached and uncached */
#define PHYSICAL     0x1fffffff
#define ASIDS	     64

static struct {
	struct vm *vm;
	uint8_t *slot; /* in its table */
} owners[ASIDS];
static unsigned last_asid;

int vm_translate(struct vm *vm, uint32_t vaddr, enum access access, uint32_t *physical, bool *writable)
{
	bool store = access == ACCESS_STORE;

	*writable = true;
	if (vaddr >= vm->segment && (in_user_mode(vm) || (vm->segment < KSEG0 && vaddr >= KSEG0)))
		return store ? EXC_ADDR_STORE : EXC_ADDR_LOAD;
	if (vaddr >= vm->segment && vaddr - vm->segment < SEGMENT_SIZE) {
		*physical = vaddr & PHYSICAL;
		return -1;
	}

	uint32_t page = (vaddr & ENTRYHI_PAGE) | (vm->entryhi & ENTRYHI_ASID);

	for (unsigned i = 0; i < TLB_ENTRIES; i++) {
		const struct tlb_entry *entry = &vm->tlb[i];
		uint32_t mask = entry->lo & ENTRYLO_GLOBAL ? ENTRYHI_PAGE : ENTRYHI_PAGE | ENTRYHI_ASID;

		if (((entry->hi ^ page) & mask) != 0)
			continue;
		if (!(entry->lo & ENTRYLO_VALID))
			break;
		*writable = (entry->lo & ENTRYLO_WRITE) != 0;
		if (store && !*writable)
			return EXC_MODIFY;
		*physical = (entry->lo & ENTRYLO_FRAME) | (vaddr & (PAGE_SIZE - 1));
		return -1;
	}
	return store ? EXC_TLB_STORE : EXC_TLB_LOAD;
}

uint32_t *vm_ram(struct vm *vm, uint32_t physical)
{
	return physical < GUEST_RAM ? (uint32_t *)(KSEG0 + vm->ram + (physical & ~3u)) : NULL;
}

/* Invalid entries need pages of their own, and those of kseg0 are never looked up (section 1.11). */
static void invalidate(uint32_t index)
{
	tlb_write(index, KSEG0 + (index << PAGE_SHIFT), 0);
}

/* All entries of an ASID. */
static void sweep(uint32_t asid)
{
	for (uint32_t i = FIRST_SHADOW; i < TLB_ENTRIES; i++) {
		uint32_t hi = tlb_read_hi(i);

		if ((hi & ENTRYHI_ASID) == asid << ENTRYHI_ASID_SHIFT && hi < KSEG0)
			invalidate(i);
	}
}

uint32_t shadow_asid(struct vm *vm)
{
	uint8_t *slot = &vm->asids[in_user_mode(vm)][(vm->entryhi & ENTRYHI_ASID) >> ENTRYHI_ASID_SHIFT];

	if (*slot == 0) { /* the one that was given out longest ago */
		last_asid = last_asid % (ASIDS - 1) + 1;
		if (owners[last_asid].vm != NULL) {
			*owners[last_asid].slot = 0;
			sweep(last_asid);
		}
		owners[last_asid].vm = vm;
		owners[last_asid].slot = slot;
		*slot = (uint8_t)last_asid;
	}
	return (uint32_t)*slot << ENTRYHI_ASID_SHIFT;
}

void shadow_enter(struct vm *vm, uint32_t vaddr, uint32_t machine, bool writable)
{
	uint32_t hi = (vaddr & ENTRYHI_PAGE) | shadow_asid(vm);
	uint32_t lo = (machine & ENTRYLO_FRAME) | ENTRYLO_VALID | (writable ? ENTRYLO_WRITE : 0);
	int index = tlb_probe(hi);

	if (index >= 0)
		tlb_write((uint32_t)index, hi, lo);
	else
		tlb_write_random(hi, lo);
}

void shadow_forget(struct vm *vm, const struct tlb_entry *entry)
{
	uint32_t asid = (entry->hi & ENTRYHI_ASID) >> ENTRYHI_ASID_SHIFT;
	uint32_t page = entry->hi & ENTRYHI_PAGE;

	if (!(entry->lo & ENTRYLO_VALID) || page >= vm->segment)
		return; /* nothing was ever made from it */
	for (unsigned mode = 0; mode < 2; mode++) {
		for (uint32_t i = 0; i < ASIDS; i++) {
			if (vm->asids[mode][i] == 0 || (i != asid && !(entry->lo & ENTRYLO_GLOBAL)))
				continue;

			int index = tlb_probe(page | (uint32_t)vm->asids[mode][i] << ENTRYHI_ASID_SHIFT);

			if (index >= FIRST_SHADOW)
				invalidate((uint32_t)index);
		}
	}
}
