/* The TLB of MIPS-161 (System/161 reference, section 1.11), searched entry by entry, and the soft TLBs that translated
 * code probes instead. */
#include "runtime/core/planted.h"
#include "runtime/cpu/cpu_internal.h"
#include "runtime/cpu/debug.h"

#include <stdio.h>

#define MASK_GLOBAL  ENTRY_HI_VPN
#define MASK_PRIVATE (ENTRY_HI_VPN | ENTRY_HI_ASID)

_Static_assert(TLB_ENTRIES <= 64, "a bit of tlb_distinct for each");

int tlb_search(const struct cpu *cpu, uint32_t va)
{
	uint32_t key = (va & ENTRY_HI_VPN) | cpu->asid;

	/* Eight at a time, which the compiler compares together; the lowest match wins. */
	for (int base = 0; base < TLB_ENTRIES; base += 8) {
		uint32_t matches = 0;

		for (int i = 0; i < 8; i++)
			matches |= ((cpu->tlb_hi[base + i] ^ key) & cpu->tlb_mask[base + i]) == 0;
		if (!matches)
			continue;
		for (int i = base;; i++)
			if (((cpu->tlb_hi[i] ^ key) & cpu->tlb_mask[i]) == 0)
				return i;
	}
	return -1;
}

bool cpu_translate_mapped(struct cpu *cpu, uint32_t va, enum access access, uint32_t *physical)
{
	enum exception_code code = access == ACCESS_STORE ? EXCEPTION_TLBS : EXCEPTION_TLBL;

	cpu->lookup_va = va;
	if (is_traced(cpu, TRACE_TLB))
		cpu_trace_lookup(cpu, va, access);
	int entry = tlb_search(cpu, va);
	if (entry < 0) {
		cpu_exception_tlb_miss(cpu, code, va);
		return false;
	}
	uint32_t lo = cpu->tlb_lo[entry];
	if (!(lo & ENTRY_LO_V)) {
		cpu_exception(cpu, code, va, true);
		return false;
	}
	if (access == ACCESS_STORE && !(lo & ENTRY_LO_D)) {
		cpu_exception(cpu, EXCEPTION_MOD, va, true);
		return false;
	}
	*physical = (lo & ENTRY_LO_PFN) | (va & ~PAGE_MASK);
	return true;
}

bool cpu_translate(struct cpu *cpu, uint32_t va, enum access access, uint32_t *physical)
{
	return cpu_translate_inline(cpu, va, access, physical);
}

bool cpu_translate_quietly(const struct cpu *cpu, uint32_t va, enum access access, bool user,
			   uint32_t *physical)
{
	if (is_mips32(cpu))
		return mips32_translate_quietly(cpu, va, access, user, physical);
	if (user && va >= KSEG0_BASE)
		return false;
	if (va_is_direct(va)) {
		*physical = va & DIRECT_MASK;
		return true;
	}
	int entry = tlb_search(cpu, va);
	if (entry < 0 || !(cpu->tlb_lo[entry] & ENTRY_LO_V) ||
	    (access == ACCESS_STORE && !(cpu->tlb_lo[entry] & ENTRY_LO_D)))
		return false;
	*physical = (cpu->tlb_lo[entry] & ENTRY_LO_PFN) | (va & ~PAGE_MASK);
	return true;
}

unsigned tlb_index(const struct cpu *cpu)
{
	return (is_mips32(cpu) ? cpu->index : cpu->index >> 8) & (cpu->model->tlb_entries - 1);
}

void tlb_read(struct cpu *cpu)
{
	unsigned index = tlb_index(cpu);

	if (is_mips32(cpu)) {
		mips32_tlb_read(cpu);
		return;
	}
	cpu->lookup_va = cpu->tlb_hi[index] & ENTRY_HI_VPN;
	cpu->asid = cpu->tlb_hi[index] & ENTRY_HI_ASID;
	cpu->entry_lo = cpu->tlb_lo[index];
}

static void describe_entry(struct cpu *cpu, const char *what, unsigned index)
{
	char text[160], owner[16];
	uint32_t hi = cpu->tlb_hi[index], lo = cpu->tlb_lo[index];
	unsigned asid = (hi & ENTRY_HI_ASID) >> 6;

	snprintf(owner, sizeof(owner), "pid %u, %s", asid, asid < 10 ? " " : "");
	snprintf(text, sizeof(text), "%s: index %u, %svpn 0x%08x, %sppn 0x%08x (%s%s%s)", what, index,
		 index < 10 ? " " : "", hi & ENTRY_HI_VPN, lo & ENTRY_LO_G ? "global, " : owner,
		 lo & ENTRY_LO_PFN, lo & ENTRY_LO_V ? "V" : "-", lo & ENTRY_LO_D ? "D" : "-",
		 lo & 0x800 ? "N" : "-");
	cpu->hooks->message(cpu, text);
}

/* Two entries that could match at once stop the machine, valid or not. */
static void check_duplicates(struct cpu *cpu, unsigned written)
{
	uint32_t hi = cpu->tlb_hi[written], mask = cpu->tlb_mask[written];
	unsigned matches = 0;

	cpu->tlb_distinct |= UINT64_C(1) << written;
	for (unsigned i = 0; i < TLB_ENTRIES;
	     i++) /* first without branches: there is hardly ever more than one */
		matches += ((cpu->tlb_hi[i] ^ hi) & cpu->tlb_mask[i] & mask) == 0;
	for (unsigned i = 0; i < TLB_ENTRIES && matches > 1; i++) {
		char text[64];

		if (i == written || ((cpu->tlb_hi[i] ^ hi) & cpu->tlb_mask[i] & mask))
			continue;
		cpu->tlb_distinct &= ~(UINT64_C(1) << written | UINT64_C(1) << i);
		cpu->hooks->message(cpu, "Duplicate TLB entries!");
		describe_entry(cpu, "New entry", written);
		describe_entry(cpu, "Old entry", i);
		snprintf(text, sizeof(text), "Duplicate TLB entries for vpage %x",
			 cpu->tlb_hi[i] & ENTRY_HI_VPN);
		cpu->hooks->hang(cpu, text);
	}
}

void tlb_write(struct cpu *cpu, unsigned index)
{
	if (is_mips32(cpu)) {
		mips32_tlb_write(cpu, index);
		return;
	}
	uint32_t hi = (cpu->lookup_va & ENTRY_HI_VPN) | cpu->asid;

	/* Kernels clear all of the TLB when they change to another process, most of which is clear already. */
	if (cpu->tlb_hi[index] == hi && cpu->tlb_lo[index] == cpu->entry_lo && cpu->tlb_distinct >> index & 1)
		return;
	soft_tlb_drop(cpu, cpu->tlb_hi[index]);
	cpu->tlb_hi[index] = hi;
	cpu->tlb_lo[index] = cpu->entry_lo;
	cpu->tlb_mask[index] = cpu->entry_lo & ENTRY_LO_G ? MASK_GLOBAL : MASK_PRIVATE;
	soft_tlb_drop(cpu, cpu->tlb_hi[index]);
	check_duplicates(cpu, index);
}

void tlb_probe(struct cpu *cpu)
{
	if (is_mips32(cpu)) {
		mips32_tlb_probe(cpu);
		return;
	}
	int entry = tlb_search(cpu, cpu->lookup_va);

	if (entry < 0)
		cpu->index |= 0x80000000u;
	else
		cpu->index = (uint32_t)entry << 8;
}

void soft_tlb_drop(struct cpu *cpu, uint32_t va)
{
	unsigned slot = va >> 12 & (SOFT_TLB_SIZE - 1);

	for (unsigned table = 0; table < SOFT_TLB_TABLES; table++) {
		cpu->soft_tlb[table][slot].read_tag = SOFT_TLB_NO_TAG;
		cpu->soft_tlb[table][slot].write_tag = SOFT_TLB_NO_TAG;
	}
}

void soft_tlb_clear(struct cpu *cpu)
{
	cpu->tlb_distinct = 0; /* the TLB may be another one */
	for (uint32_t page = 0; page < SOFT_TLB_SIZE; page++)
		soft_tlb_drop(cpu, page << 12);
}

void soft_tlb_protect(struct cpu *cpu, uint32_t frame)
{
	uint64_t host_page = (uint64_t)(uintptr_t)(cpu->memory->ram + frame);

	for (unsigned table = 0; table <= SOFT_TLB_USER; table++) {
		for (unsigned slot = 0; slot < SOFT_TLB_SIZE; slot++) {
			struct soft_tlb_entry *entry = &cpu->soft_tlb[table][slot];

			if (entry->write_tag != SOFT_TLB_NO_TAG &&
			    entry->addend + (entry->write_tag & PAGE_MASK) == host_page)
				entry->write_tag = SOFT_TLB_NO_TAG;
		}
	}
}

/* Puts a page of RAM into the soft TLB. */
static void fill(struct cpu *cpu, struct soft_tlb_entry *entry, uint32_t va, uint32_t offset, bool writable)
{
	uint32_t tag = (va & PAGE_MASK) | cpu->asid;

	if (entry->read_tag != tag)
		entry->write_tag = SOFT_TLB_NO_TAG;
	entry->read_tag = tag;
	entry->addend = (uint64_t)(uintptr_t)(cpu->memory->ram + (offset & PAGE_MASK)) - (va & PAGE_MASK);
	if (writable && !memory_page_has_code(cpu->memory, offset & PAGE_MASK))
		entry->write_tag = tag;
}

uint32_t soft_tlb_find(struct cpu *cpu, uint32_t va, enum access access, bool user)
{
	enum soft_tlb_table table = !user		     ? SOFT_TLB_KERNEL
				    : access == ACCESS_FETCH ? SOFT_TLB_USER_CODE
							     : SOFT_TLB_USER;
	struct soft_tlb_entry *entry = &cpu->soft_tlb[table][va >> 12 & (SOFT_TLB_SIZE - 1)];
	uint32_t tag = (va & PAGE_MASK) | cpu->asid, physical;

	if (va_is_direct(va) && !user && !is_mips32(cpu))
		return (va & DIRECT_MASK) < cpu->memory->ram_size ? va & DIRECT_MASK : NO_FRAME;
	if (!va_is_direct(va) && (access == ACCESS_STORE ? entry->write_tag : entry->read_tag) == tag &&
	    !(user && va >= KSEG0_BASE))
		return (uint32_t)(entry->addend + va - (uint64_t)(uintptr_t)cpu->memory->ram);
	if (!cpu_translate_quietly(cpu, va, access, user, &physical))
		return NO_FRAME;
	if (physical >= cpu->memory->ram_size)
		return NO_FRAME;
	if (!va_is_direct(va) && (table == SOFT_TLB_USER_CODE || !debug_watches_page(cpu, va)))
		fill(cpu, entry, va, physical, access == ACCESS_STORE || planted(BUG_DIRTY));
	return physical;
}
