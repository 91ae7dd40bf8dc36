#include "cli/address_counts.h"

#include <stdlib.h>

#define FIRST_ROOM 4096u

void address_counts_free(struct address_counts *counts)
{
	free(counts->rows);
	*counts = (struct address_counts){0};
}

/* The row of an instruction, or the free one where it would be. There is a free one. */
static struct address_count *find(const struct address_counts *counts, uint32_t va, uint32_t pa, bool user)
{
	uint32_t at = (va / 4 * 0x9E3779B1u) ^ (pa / 4 * 0x85EBCA6Bu) ^ user;

	for (at ^= at >> 15;; at++) {
		struct address_count *row = &counts->rows[at & (counts->room - 1)];

		if (row->count == 0 || (row->va == va && row->pa == pa && row->user == user))
			return row;
	}
}

static void grow(struct address_counts *counts)
{
	struct address_counts larger = {.room = counts->room ? 2 * counts->room : FIRST_ROOM};

	larger.rows = calloc(larger.room, sizeof(*larger.rows));
	if (!larger.rows)
		abort();
	for (uint32_t i = 0; i < counts->room; i++)
		if (counts->rows[i].count)
			*find(&larger, counts->rows[i].va, counts->rows[i].pa, counts->rows[i].user) =
			    counts->rows[i];
	free(counts->rows);
	counts->rows = larger.rows;
	counts->room = larger.room;
}

/* NULL: there is no room. */
static struct address_count *row_for(struct address_counts *counts, uint32_t va, uint32_t pa, bool user)
{
	struct address_count *row;

	if (4 * (uint64_t)counts->used >= 3 * (uint64_t)counts->room)
		grow(counts);
	row = find(counts, va, pa, user);
	if (row->count)
		return row;
	if (counts->most && counts->used == counts->most)
		return NULL;
	counts->used++;
	*row = (struct address_count){.va = va, .pa = pa, .user = user};
	return row;
}

void address_counts_add(struct address_counts *counts, uint32_t va, uint32_t pa, bool user, uint64_t count)
{
	struct address_count *row = row_for(counts, va, pa, user);

	counts->total += count;
	if (row)
		row->count += count;
}

void address_counts_set(struct address_counts *counts, uint32_t va, uint32_t pa, bool user, uint64_t count)
{
	struct address_count *row = row_for(counts, va, pa, user);

	if (row)
		row->count = count;
}

uint64_t address_counts_at(const struct address_counts *counts, uint32_t va, uint32_t pa, bool user)
{
	return counts->room ? find(counts, va, pa, user)->count : 0;
}

void address_counts_sample(struct address_counts *counts, const struct vm *vm)
{
	for (unsigned i = 0; i < vm->cpu_count; i++) {
		const struct cpu *cpu = &vm->cpus[i];
		uint32_t frame = cpu_code_frame(cpu);

		if (cpu->run_state == CPU_RUNNING && frame < vm->memory.ram_size)
			address_counts_add(counts, cpu->pc, frame | (cpu->pc & ~PAGE_MASK),
					   cpu_user_mode(cpu), 1);
	}
}
