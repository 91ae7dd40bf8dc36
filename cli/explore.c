/* Which blocks a dump is of. */
#include "cli/explore.h"

#include <stdlib.h>
#include <string.h>

#define RAM_OFFSET 0x1FFFFFFFu
#define KSEG0	   0x80000000u

void explore_add(struct exploration *exploration, uint32_t va)
{
	struct explored_block block = {.jit = {.va = va, .pa = va & RAM_OFFSET}};

	block.cut = jit_cut_block(exploration->vm->jit, va, va & RAM_OFFSET, false);
	block.jit.instructions = block.cut.words;
	explore_push(exploration, &block);
}

/* Addresses where blocks start, a bit for each word. */
struct starts {
	uint8_t *bits;
	uint32_t first, words;
};

/* False: it is outside, or known. */
static bool mark(struct starts *starts, uint32_t va)
{
	uint32_t word = (va - starts->first) / 4;

	if (va < starts->first || word >= starts->words || starts->bits[word / 8] >> word % 8 & 1)
		return false;
	starts->bits[word / 8] |= (uint8_t)(1u << word % 8);
	return true;
}

/* From one word to the next, so that targets behind are found in the same sweep, and those before in the next. */
static void find_starts(struct exploration *exploration, struct starts *starts, uint32_t end)
{
	bool changed = true;

	while (changed) {
		changed = false;
		for (uint32_t va = starts->first; va < end; va += 4) {
			uint32_t word = (va - starts->first) / 4;
			struct inspected_block block;

			if (!(starts->bits[word / 8] >> word % 8 & 1) ||
			    !symbols_is_code(exploration->symbols, va))
				continue;
			block = jit_cut_block(exploration->vm->jit, va, va & RAM_OFFSET, false);
			mark(starts, va + 4 * block.words);
			for (unsigned i = 0; i < block.target_count; i++)
				changed |= mark(starts, block.targets[i]) && block.targets[i] < va;
		}
	}
}

/* Where the code lies that functions are known of. */
static bool code_range(const struct exploration *exploration, const char *function, uint32_t *first,
		       uint32_t *end)
{
	uint32_t limit = KSEG0 + exploration->vm->memory.ram_size, va;

	*first = KSEG0;
	*end = limit;
	if (!function)
		return symbols_has_functions(exploration->symbols);
	if (!symbols_address(exploration->symbols, function, first) || *first < KSEG0 || *first >= limit)
		return false;
	for (va = *first; va < limit && symbols_is_code(exploration->symbols, va); va += 4) {
		struct place place = symbols_function(exploration->symbols, va);

		if (!place.function || place.start != *first)
			break;
	}
	*end = va;
	return *end > *first;
}

bool explore_add_code(struct exploration *exploration, const char *function, struct error *error)
{
	struct starts starts = {0};
	uint32_t end, last = 0;

	if (!code_range(exploration, function, &starts.first, &end)) {
		error_set(error, function ? "There is no function %s" : "The kernel has no symbols%s",
			  function ? function : "");
		return error_hint(error, "Addresses can be given with --at.");
	}
	starts.words = (end - starts.first) / 4;
	starts.bits = calloc(starts.words / 8 + 1, 1);
	if (!starts.bits)
		abort();
	mark(&starts, starts.first);
	for (uint32_t va = starts.first; !function && va < end; va += 4) {
		struct place place;

		if (!symbols_is_code(exploration->symbols, va))
			continue;
		place = symbols_function(exploration->symbols, va);
		if (place.function && place.start != last && place.start <= va)
			mark(&starts, last = place.start);
	}
	find_starts(exploration, &starts, end);
	for (uint32_t word = 0; word < starts.words; word++)
		if (starts.bits[word / 8] >> word % 8 & 1 &&
		    symbols_is_code(exploration->symbols, starts.first + 4 * word))
			explore_add(exploration, starts.first + 4 * word);
	free(starts.bits);
	return true;
}

bool explore_inspect(const struct exploration *exploration, const struct explored_block *explored,
		     struct inspection *inspection, struct error *error)
{
	const struct jit_block *block = &explored->jit;
	bool ok = jit_inspect(exploration->vm->jit, block->va, block->pa, block->user, &exploration->dump,
			      inspection, error);

	/* What cannot be translated has no code of the second tier; the rest is of interest all the same. */
	ok |= inspection->count > 0;
	if (explored->code && exploration->dump.stages & DUMP_RUNNING)
		ok = jit_inspect_code(exploration->vm->jit, explored->code, explored->code_size, inspection,
				      error) &&
		     ok;
	return ok;
}

void explore_free(struct exploration *exploration)
{
	free(exploration->blocks);
}

/* --- source --- */

/* The text of one file's lines, as far as it can be read where the line table says it is. */
struct source {
	char *path, *text;
};

static void read_source(struct source *source, const char *path)
{
	size_t size = 0, room = 0;
	FILE *file;

	if (source->path && strcmp(source->path, path) == 0)
		return;
	free(source->path);
	free(source->text);
	*source = (struct source){.path = strdup(path)};
	file = fopen(path, "re");
	if (!file)
		return;
	if (getdelim(&source->text, &room, '\0', file) < 0) {
		free(source->text);
		source->text = NULL;
	}
	(void)size;
	fclose(file);
}

/* Line `number` of it, without the blanks around; "" if it is not known. */
static void source_line(const struct source *source, int number, char *line, size_t size)
{
	const char *at = source->text;

	line[0] = '\0';
	for (int i = 1; at && i < number; i++) {
		at = strchr(at, '\n');
		at = at ? at + 1 : NULL;
	}
	if (!at)
		return;
	at += strspn(at, " \t");
	snprintf(line, size, "%.*s", (int)strcspn(at, "\r\n"), at);
}

void explore_source(struct symbols *symbols, const struct inspected_block *blocks, unsigned count,
		    void (*add)(void *context, uint32_t guest, const char *line), void *context)
{
	struct source source = {0};

	for (unsigned i = 0; i < count; i++) {
		const char *file = NULL;
		int number = 0;

		for (unsigned k = 0; k < blocks[i].words; k++) {
			uint32_t va = blocks[i].va + 4 * k;
			struct place place = symbols_place(symbols, va);
			char code[160], line[512];
			const char *slash = place.file ? strrchr(place.file, '/') : NULL;

			if (!place.file) {
				if (k == 0)
					add(context, va, "  no source line is known");
				continue;
			}
			if (file && strcmp(file, place.file) == 0 && place.line == number)
				continue;
			file = place.file;
			number = place.line;
			read_source(&source, file);
			source_line(&source, number, code, sizeof(code));
			snprintf(line, sizeof(line), "  %08x:  %s:%d%s%s", va, slash ? slash + 1 : file,
				 number, code[0] ? "  " : "", code);
			add(context, va, line);
		}
	}
	free(source.path);
	free(source.text);
}
