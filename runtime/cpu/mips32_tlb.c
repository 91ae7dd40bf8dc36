/* The TLB of MIPS32: each entry maps two pages, of a size that its mask says (Malta reference, section 14, TLB use).
 * tlb_hi is EntryHi as written, ASID in bits 7:0; tlb_mask what of it is compared. */
#include "runtime/cpu/cpu_internal.h"

#define LO_G	     0x00000001u
#define LO_V	     0x00000002u
#define LO_D	     0x00000004u
#define LO_PFN	     0x03FFFFC0u
#define LO_PFN_SHIFT 6 /* the PFN's place, and so where the frame's address starts, from it to the left */
#define PAIR_BITS    0x1FFFu /* of an address within a pair of the smallest pages */

static int mips32_search(const struct cpu *cpu, uint32_t va)
{
	uint32_t key = (va & MIPS32_VPN2) | cpu->asid >> cpu->model->asid_shift;

	for (unsigned i = 0; i < cpu->model->tlb_entries; i++)
		if (((cpu->tlb_hi[i] ^ key) & cpu->tlb_mask[i]) == 0)
			return (int)i;
	return -1;
}

/* The entry's half for an address, and the physical address if that half is valid. */
static uint32_t mips32_half(const struct cpu *cpu, int entry, uint32_t va, uint32_t *physical)
{
	uint32_t in_page = (cpu->tlb_page_mask[entry] | PAIR_BITS) >> 1;
	uint32_t lo = va & (in_page + 1) ? cpu->tlb_lo1[entry] : cpu->tlb_lo[entry];

	*physical = (lo & LO_PFN) << LO_PFN_SHIFT | (va & in_page);
	return lo;
}

/* Whether an address is translated by its segment alone. */
static bool mips32_unmapped(const struct cpu *cpu, uint32_t va, uint32_t *physical)
{
	if (va_is_direct(va))
		*physical = va & DIRECT_MASK;
	else if (va < KSEG0_BASE && (cpu->status & STATUS_ERL))
		*physical = va;
	else
		return false;
	return true;
}

bool mips32_translate(struct cpu *cpu, uint32_t va, enum access access, uint32_t *physical)
{
	enum exception_code code = access == ACCESS_STORE ? EXCEPTION_TLBS : EXCEPTION_TLBL;

	if (va >= KSEG0_BASE && cpu_user_mode(cpu)) {
		cpu_exception(cpu, access == ACCESS_STORE ? EXCEPTION_ADES : EXCEPTION_ADEL, va, true);
		return false;
	}
	if (mips32_unmapped(cpu, va, physical))
		return true;
	int entry = mips32_search(cpu, va);
	if (entry < 0) {
		mips32_exception_refill(cpu, code, va);
		return false;
	}
	uint32_t lo = mips32_half(cpu, entry, va, physical);
	if (!(lo & LO_V)) {
		cpu_exception(cpu, code, va, true);
		return false;
	}
	if (access == ACCESS_STORE && !(lo & LO_D)) {
		cpu_exception(cpu, EXCEPTION_MOD, va, true);
		return false;
	}
	return true;
}

bool mips32_translate_quietly(const struct cpu *cpu, uint32_t va, enum access access, bool user,
			      uint32_t *physical)
{
	if (user && va >= KSEG0_BASE)
		return false;
	if (mips32_unmapped(cpu, va, physical))
		return true;
	int entry = mips32_search(cpu, va);
	if (entry < 0)
		return false;
	uint32_t lo = mips32_half(cpu, entry, va, physical);
	return (lo & LO_V) && (access != ACCESS_STORE || (lo & LO_D));
}

void mips32_tlb_read(struct cpu *cpu)
{
	unsigned index = tlb_index(cpu);

	cpu->lookup_va = cpu->tlb_hi[index] & MIPS32_VPN2;
	cpu->asid = (cpu->tlb_hi[index] & MIPS32_ASID) << cpu->model->asid_shift;
	cpu->page_mask = cpu->tlb_page_mask[index];
	cpu->entry_lo = cpu->tlb_lo[index];
	cpu->entry_lo1 = cpu->tlb_lo1[index];
}

/* The soft TLB has pages of 4 KiB: an entry of larger ones may be in any of its slots. */
static void mips32_drop(struct cpu *cpu, unsigned index)
{
	uint32_t va = cpu->tlb_hi[index] & MIPS32_VPN2;

	if (cpu->tlb_page_mask[index]) {
		soft_tlb_clear(cpu);
		return;
	}
	soft_tlb_drop(cpu, va);
	soft_tlb_drop(cpu, va + PAGE_SIZE);
}

void mips32_tlb_write(struct cpu *cpu, unsigned index)
{
	uint32_t mask = cpu->page_mask, global = cpu->entry_lo & cpu->entry_lo1 & LO_G;
	uint32_t kept = ~(mask >> 13 << LO_PFN_SHIFT) & ~LO_G; /* frame bits within the page read as 0 */

	mips32_drop(cpu, index);
	cpu->tlb_hi[index] = (cpu->lookup_va & MIPS32_VPN2) | cpu->asid >> cpu->model->asid_shift;
	cpu->tlb_page_mask[index] = mask;
	cpu->tlb_lo[index] = (cpu->entry_lo & kept) | global;
	cpu->tlb_lo1[index] = (cpu->entry_lo1 & kept) | global;
	cpu->tlb_mask[index] = (MIPS32_VPN2 & ~mask) | (global ? 0 : MIPS32_ASID);
	mips32_drop(cpu, index);
}

/* A failed probe keeps the other bits, as QEMU does; the architecture leaves them open. */
void mips32_tlb_probe(struct cpu *cpu)
{
	int entry = mips32_search(cpu, cpu->lookup_va);

	if (entry < 0)
		cpu->index |= 0x80000000u;
	else
		cpu->index = (uint32_t)entry;
}
