#include "runtime/vm/coverage.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/vm/symbols.h"
#include "runtime/vm/vm_internal.h"

/* --- counting --- */

void vm_coverage_start(struct vm *vm, uint32_t low, uint32_t high)
{
	struct execution_counts *counts;

	if (low >= high)
		return;
	counts = calloc(1, sizeof(*counts));
	if (!counts)
		abort();
	counts->low = low & ~3u;
	counts->words = (high - counts->low + 3) / 4;
	counts->counts = calloc(counts->words, sizeof(*counts->counts));
	if (!counts->counts)
		abort();
	vm->counts = counts;
	for (unsigned i = 0; i < vm->cpu_count; i++)
		vm->cpus[i].counts = counts;
	vm_update_tracing(vm);
}

void vm_coverage_free(struct vm *vm)
{
	if (vm->counts)
		free(vm->counts->counts);
	free(vm->counts);
	vm->counts = NULL;
}

/* --- writing --- */

struct line {
	const char *file;
	int number;
	const char *function; /* NULL: its first instruction is not this line's; else the name */
	uint32_t start;	      /* of the function it is in, or of what is counted as one */
	uint64_t count;
};

struct lines {
	const struct execution_counts *counts;
	struct symbols *symbols;
	struct line *items;
	size_t count, room;
};

static uint64_t most(const struct execution_counts *counts, uint32_t start, uint32_t end)
{
	uint64_t most = 0;

	for (uint32_t at = start & ~3u; at < end; at += 4) {
		uint32_t word = (at - counts->low) / 4;

		if (at >= counts->low && word < counts->words && counts->counts[word] > most)
			most = counts->counts[word];
	}
	return most;
}

static void add(void *context, uint32_t start, uint32_t end, const char *file, int number)
{
	struct lines *lines = context;
	const struct execution_counts *counts = lines->counts;
	struct place place;

	/* Other code than the kernel's: none that could have been counted. */
	if (start < counts->low || (start - counts->low) / 4 >= counts->words)
		return;
	if (lines->count == lines->room) {
		lines->room = lines->room ? 2 * lines->room : 1024;
		lines->items = realloc(lines->items, lines->room * sizeof(*lines->items));
		if (!lines->items)
			abort();
	}
	place = symbols_function(lines->symbols, start);
	lines->items[lines->count++] = (struct line){
	    .file = file,
	    .number = number,
	    .function = place.function && place.start == start ? place.function : NULL,
	    .start = place.start,
	    .count = most(counts, start, end),
	};
}

static int compare(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	int order = strcmp(x->file, y->file);

	if (order)
		return order;
	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return (y->function != NULL) - (x->function != NULL);
}

/* The lines of one file, in order. */
static void write_file(const struct lines *lines, size_t from, size_t to, FILE *file)
{
	size_t functions = 0, entered = 0, all = 0, hit = 0;

	fprintf(file, "TN:\nSF:%s\n", lines->items[from].file);
	for (size_t i = from; i < to; i++)
		if (lines->items[i].function)
			fprintf(file, "FN:%d,%s\n", lines->items[i].number, lines->items[i].function);
	for (size_t i = from; i < to; i++) {
		const struct line *line = &lines->items[i];

		if (!line->function)
			continue;
		uint64_t count = most(lines->counts, line->start, line->start + 4);
		fprintf(file, "FNDA:%" PRIu64 ",%s\n", count, line->function);
		functions++;
		entered += count > 0;
	}
	fprintf(file, "FNF:%zu\nFNH:%zu\n", functions, entered);
	for (size_t i = from; i < to;) {
		int number = lines->items[i].number;
		uint64_t sum = 0;

		while (i < to && lines->items[i].number == number) {
			uint32_t start = lines->items[i].start;
			uint64_t highest = 0;

			for (; i < to && lines->items[i].number == number && lines->items[i].start == start;
			     i++)
				if (lines->items[i].count > highest)
					highest = lines->items[i].count;
			sum += highest;
		}
		fprintf(file, "DA:%d,%" PRIu64 "\n", number, sum);
		all++;
		hit += sum > 0;
	}
	fprintf(file, "LF:%zu\nLH:%zu\nend_of_record\n", all, hit);
}

bool vm_write_coverage(const struct vm *vm, struct symbols *symbols, FILE *file, struct error *error)
{
	struct lines lines = {.counts = vm->counts, .symbols = symbols};

	if (vm->counts)
		symbols_lines(symbols, add, &lines);
	if (lines.count == 0) {
		error_set(error,
			  "Cannot write coverage: the kernel's file does not say what lines its code is of");
		return error_hint(error, "%s",
				  symbols_problem(symbols) ? symbols_problem(symbols)
							   : "Compile it with -g, and do not strip it.");
	}
	qsort(lines.items, lines.count, sizeof(*lines.items), compare);
	for (size_t from = 0, to; from < lines.count; from = to) {
		for (to = from;
		     to < lines.count && strcmp(lines.items[to].file, lines.items[from].file) == 0;)
			to++;
		write_file(&lines, from, to, file);
	}
	free(lines.items);
	return true;
}
