/* Loads the reader of kernels' files when it is wanted, and passes calls on to it. */
#include "runtime/vm/symbols.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

struct symbols {
	const struct symbols_reader *reader;
	struct symbols_file *file; /* NULL: nothing is known */
	char problem[256];
};

struct symbols *symbols_open(const char *reader, int fd)
{
	struct symbols *symbols = calloc(1, sizeof(*symbols));
	const struct symbols_reader *(*get)(void) = NULL;

	if (!symbols)
		abort();
	/* It stays loaded: unloading would gain nothing. */
	void *object = dlopen(reader, RTLD_NOW | RTLD_LOCAL);
	*(void **)&get = object ? dlsym(object, SYMBOLS_READER) : NULL;
	if (!get) {
		snprintf(symbols->problem, sizeof(symbols->problem), "%s", dlerror());
		return symbols;
	}
	symbols->reader = get();
	symbols->file = symbols->reader->open(fd);
	return symbols;
}

void symbols_close(struct symbols *symbols)
{
	if (symbols && symbols->file)
		symbols->reader->close(symbols->file);
	free(symbols);
}

const char *symbols_problem(const struct symbols *symbols)
{
	return symbols->problem[0] ? symbols->problem : NULL;
}

bool symbols_has_functions(const struct symbols *symbols)
{
	return symbols->file && symbols->reader->has_functions(symbols->file);
}

bool symbols_has_debug(const struct symbols *symbols)
{
	return symbols->file && symbols->reader->has_debug(symbols->file);
}

struct place symbols_place(struct symbols *symbols, uint32_t pc)
{
	return symbols->file ? symbols->reader->place(symbols->file, pc) : (struct place){0};
}

struct place symbols_function(const struct symbols *symbols, uint32_t pc)
{
	return symbols->file ? symbols->reader->function(symbols->file, pc) : (struct place){0};
}

void symbols_lines(struct symbols *symbols, symbols_line_function *tell, void *context)
{
	if (symbols->file)
		symbols->reader->lines(symbols->file, tell, context);
}

bool symbols_is_code(const struct symbols *symbols, uint32_t pc)
{
	return !symbols->file || symbols->reader->is_code(symbols->file, pc);
}

bool symbols_address(const struct symbols *symbols, const char *name, uint32_t *address)
{
	return symbols->file && symbols->reader->address(symbols->file, name, address);
}

bool symbols_member(struct symbols *symbols, const char *structure, const char *path, struct member *member)
{
	return symbols->file && symbols->reader->member(symbols->file, structure, path, member);
}

void symbols_members(struct symbols *symbols, const char *structure, symbols_member_function *tell,
		     void *context)
{
	if (symbols->file)
		symbols->reader->members(symbols->file, structure, tell, context);
}

bool symbols_structure_size(struct symbols *symbols, const char *structure, uint32_t *size)
{
	return symbols->file && symbols->reader->structure_size(symbols->file, structure, size);
}

const char *symbols_enumerator(struct symbols *symbols, const char *structure, const char *member,
			       uint32_t value)
{
	return symbols->file ? symbols->reader->enumerator(symbols->file, structure, member, value) : NULL;
}

bool symbols_frame(struct symbols *symbols, uint32_t pc, struct frame_rules *rules)
{
	return symbols->file && symbols->reader->frame(symbols->file, pc, rules);
}
