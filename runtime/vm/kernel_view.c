#include "runtime/vm/kernel_view.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/cpu/cpu.h"
#include "runtime/vm/diagnosis.h"

#define KSEG0	    0x80000000u
#define KSEG2	    0xC0000000u
#define STACK_AREA  0x00100000u /* below kseg0: where user stacks are */
#define MAX_REGIONS 9

/* --- threads --- */

static void print_stack(FILE *file, struct symbols *symbols, const struct backtrace *backtrace)
{
	for (unsigned i = 0; i < backtrace->count; i++) {
		char place[256];

		diagnosis_place(symbols, backtrace->frames[i].pc, place, sizeof(place));
		fprintf(file, "    0x%08x %s%s\n", backtrace->frames[i].pc, place,
			backtrace->frames[i].interrupted ? ", interrupted" : "");
	}
}

void kernel_view_threads(FILE *file, struct symbols *symbols, const struct threads *threads)
{
	for (unsigned i = 0; i < threads->count; i++) {
		const struct thread *thread = &threads->threads[i];

		fprintf(file, "\"%s\" at 0x%08x", thread->name, thread->address);
		if (thread->process[0])
			fprintf(file, ", process \"%s\"", thread->process);
		fprintf(file, ": %s", thread->state ? thread->state : "state unknown");
		if (thread->channel[0])
			fprintf(file, " on \"%s\"", thread->channel);
		fprintf(file, "%s%s\n", thread->current ? ", on a processor" : "",
			thread->stack_overflow ? ", its stack has overflowed" : "");
		print_stack(file, symbols, &thread->backtrace);
	}
	if (threads->more)
		fprintf(file, "and %u more\n", threads->more);
	if (threads->problem)
		fprintf(file, "%s\n", threads->problem);
}

/* --- address spaces --- */

struct member_printer {
	FILE *file;
	const struct guest_reader *reader;
	uint32_t base;
	const char *separator;
};

/* A number of up to four bytes. Kernels with these structures are big-endian: System/161 is. */
static bool read_number(const struct guest_reader *reader, uint32_t at, uint32_t size, uint32_t *value)
{
	uint32_t word, shift = 32 - 8 * (size + (at & 3));

	if (size == 0 || size + (at & 3) > 4 || !reader->word(reader->context, at & ~3u, &word))
		return false;
	*value = size == 4 ? word : (word >> shift & ((1u << 8 * size) - 1));
	return true;
}

static void print_member(void *context, const char *name, const struct member *member)
{
	struct member_printer *printer = context;
	uint32_t value;

	if (!member->is_array &&
	    read_number(printer->reader, printer->base + member->offset, member->size, &value))
		fprintf(printer->file, "%s%s 0x%x", printer->separator, name, value);
	else
		fprintf(printer->file, "%s%s (%u bytes)", printer->separator, name, member->size);
	printer->separator = ", ";
}

static bool is_first_of_space(const struct threads *threads, unsigned number)
{
	for (unsigned i = 0; i < number; i++)
		if (threads->threads[i].space == threads->threads[number].space)
			return false;
	return threads->threads[number].space != 0;
}

static void print_owners(FILE *file, const struct threads *threads, uint32_t space)
{
	for (unsigned i = 0; i < threads->count; i++) {
		bool named = threads->threads[i].space != space;

		for (unsigned before = 0; before < i; before++)
			named |=
			    threads->threads[before].process_address == threads->threads[i].process_address;
		if (!named)
			fprintf(file, ", of process \"%s\" at 0x%08x", threads->threads[i].process,
				threads->threads[i].process_address);
	}
}

void kernel_view_spaces(FILE *file, struct symbols *symbols, const struct guest_reader *reader,
			const struct threads *threads)
{
	bool any = false;

	for (unsigned i = 0; i < threads->count; i++) {
		struct member_printer printer = {
		    .file = file, .reader = reader, .base = threads->threads[i].space, .separator = "  "};

		if (!is_first_of_space(threads, i))
			continue;
		fprintf(file, "address space at 0x%08x", printer.base);
		print_owners(file, threads, printer.base);
		fputc('\n', file);
		symbols_members(symbols, "addrspace", print_member, &printer);
		if (printer.separator[0] == ',')
			fputc('\n', file);
		any = true;
	}
	if (!any)
		fprintf(file, "%s\n",
			threads->problem ? threads->problem : "no thread's process has an address space");
}

/* --- the TLB --- */

/* The space that a processor's thread runs in, 0 if that is not known. */
static const struct thread *current_thread(const struct threads *threads, const struct cpu *cpu)
{
	for (unsigned i = 0; i < threads->count; i++)
		if (threads->threads[i].current && threads->threads[i].cpu == cpu->number)
			return &threads->threads[i];
	return NULL;
}

/* The number of the region of an address space as dumbvm has it: as_vbase1 and as_npages1, and so on. */
static unsigned find_region(struct symbols *symbols, const struct guest_reader *reader, uint32_t space,
			    uint32_t va)
{
	for (unsigned number = 1; number <= MAX_REGIONS; number++) {
		struct member base, pages;
		uint32_t start, count;
		char name[16];

		snprintf(name, sizeof(name), "as_vbase%u", number);
		if (!symbols_member(symbols, "addrspace", name, &base))
			return 0;
		snprintf(name, sizeof(name), "as_npages%u", number);
		if (symbols_member(symbols, "addrspace", name, &pages) &&
		    read_number(reader, space + base.offset, base.size, &start) &&
		    read_number(reader, space + pages.offset, pages.size, &count) && va >= start &&
		    (va - start) / PAGE_SIZE < count)
			return number;
	}
	return 0;
}

static bool has_kernel_code(const struct symbols *symbols, uint32_t frame)
{
	for (uint32_t at = 0; symbols_has_functions(symbols) && at < PAGE_SIZE; at += 4)
		if (symbols_is_code(symbols, KSEG0 + frame + at))
			return true;
	return false;
}

struct mapping {
	uint32_t hi, lo; /* of its first page */
	uint32_t pages;
};

static int compare(const void *a, const void *b)
{
	const struct mapping *x = a, *y = b;

	return (x->hi > y->hi) - (x->hi < y->hi);
}

static bool follows(const struct mapping *mapping, const struct mapping *next)
{
	uint32_t size = mapping->pages * PAGE_SIZE;

	return next->hi == mapping->hi + size && next->lo == mapping->lo + size;
}

void kernel_view_tlb(FILE *file, struct symbols *symbols, const struct guest_reader *reader,
		     const struct threads *threads, const struct cpu *cpu)
{
	struct mapping mappings[TLB_ENTRIES];
	unsigned count = 0;
	const struct thread *thread = current_thread(threads, cpu);

	if (cpu->model->family != FAMILY_MIPS161)
		return;
	for (unsigned i = 0; i < TLB_ENTRIES; i++)
		if (cpu->tlb_lo[i] & ENTRY_LO_V)
			mappings[count++] = (struct mapping){cpu->tlb_hi[i], cpu->tlb_lo[i], 1};
	qsort(mappings, count, sizeof(*mappings), compare);
	for (unsigned i = 0, next; i < count; i = next) {
		struct mapping *mapping = &mappings[i];
		uint32_t va = mapping->hi & ENTRY_HI_VPN, frame = mapping->lo & ENTRY_LO_PFN;
		uint32_t asid = (mapping->hi & ENTRY_HI_ASID) >> 6;
		unsigned region = 0;

		if (thread && thread->space && va < KSEG0)
			region = find_region(symbols, reader, thread->space, va);
		for (next = i + 1; next < count && follows(mapping, &mappings[next]); next++) {
			uint32_t page = mappings[next].hi & ENTRY_HI_VPN;

			if (region && find_region(symbols, reader, thread->space, page) != region)
				break;
			mapping->pages++;
		}
		fprintf(file, "0x%08x-0x%08x: physical 0x%08x, %s", va, va + mapping->pages * PAGE_SIZE - 1,
			frame, mapping->lo & ENTRY_LO_D ? "writable" : "read only");
		if (mapping->lo & ENTRY_LO_G)
			fputs(", global", file);
		else if (asid)
			fprintf(file, ", ASID %u", asid);
		if (region)
			fprintf(file, ", region %u of \"%s\"", region,
				thread->process[0] ? thread->process : thread->name);
		else if (va >= KSEG0 - STACK_AREA && va < KSEG0)
			fputs(", where user stacks are", file);
		else if (va >= KSEG2)
			fputs(", the kernel's", file);
		if (has_kernel_code(symbols, frame))
			fputs(", where the kernel's code is", file);
		fputc('\n', file);
	}
	if (count == 0)
		fputs("no valid entry\n", file);
}
