#include "jit/common_code.h"

#include <string.h>

#define ALIGNMENT   16u
#define THUNK_COUNT (STENCIL_CALL - STENCIL_LOAD + 1)

static size_t padded(size_t size)
{
	return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static size_t size_of(const struct stencil *stencil)
{
	return (size_t)stencil->hot_size + stencil->cold_size;
}

/* They jump to each other. */
static void fill_holes(const struct common_code *common, unsigned number, uint8_t *writable)
{
	const struct stencil *stencil = &stencil_library.common[number];
	const struct stencil_hole *hole = stencil_library.holes + stencil->holes;

	for (unsigned i = 0; i < stencil->hole_count; i++, hole++) {
		const uint8_t *end = (const uint8_t *)common->address[number] + hole->offset + 4;
		int32_t value =
		    (int32_t)((const uint8_t *)common->address[hole->operation] - end) + hole->addend;

		memcpy(writable + hole->offset, &value, sizeof(value));
	}
}

bool common_code_install(struct common_code *common, struct code_memory *code, struct error *error)
{
	const struct stencil_library *library = &stencil_library;
	size_t table_size = padded(THUNK_COUNT * sizeof(void *)), size = table_size;
	uint8_t *start, *at;
	void *enter;

	for (unsigned i = 0; i < STENCIL_COMMON_COUNT; i++)
		size += padded(size_of(&library->common[i]));
	start = code_memory_allocate(code, size, ALIGNMENT);
	if (!start)
		return error_set(error, "the memory for translated code is too small");
	at = start + table_size;
	for (unsigned i = 0; i < STENCIL_COMMON_COUNT; i++) {
		memcpy(at, library->code + library->common[i].code, size_of(&library->common[i]));
		common->address[i] = code_memory_executable(code, at);
		at += padded(size_of(&library->common[i]));
	}
	for (unsigned i = 0; i < STENCIL_COMMON_COUNT; i++)
		fill_holes(common, i,
			   start + ((const uint8_t *)common->address[i] -
				    (const uint8_t *)code_memory_executable(code, start)));
	memcpy(start, &common->address[STENCIL_LOAD], THUNK_COUNT * sizeof(void *));
	common->thunk_table = start;
	enter = (void *)(uintptr_t)common->address[STENCIL_ENTER];
	memcpy(&common->enter, &enter, sizeof(enter));
	code_memory_keep(code);
	return true;
}
