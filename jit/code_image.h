/* Code as the back end hands it over: bytes that run anywhere once a few places in them are filled in. What an image refers to
 * within itself is resolved; it holds no address of the process, so it can be kept on disk. Knows nothing of LLVM. */
#ifndef JIT161_JIT_CODE_IMAGE_H
#define JIT161_JIT_CODE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "jit/code_memory.h"

/* What is added to the 32 bits at a site. */
enum image_reference {
	IMAGE_THUNKS,  /* the distance from the site to the thunk table (jit/common_code.h) */
	IMAGE_SLOT,    /* the number of the region's first slot */
	IMAGE_SLOT_AT, /* the distance from the site to that slot */
	IMAGE_REFERENCE_COUNT
};

struct image_site {
	uint32_t offset;
	uint32_t reference; /* enum image_reference */
};

struct code_image {
	uint8_t *bytes; /* code, then constants */
	uint32_t size, code_size;
	struct image_site *sites;
	uint32_t site_count;
};

/* Whether all of an image's sites lie in it. For one that comes from a file. */
bool code_image_sound(const struct code_image *image);

/* What an image is installed with. */
struct image_places {
	const void *thunk_table;
	void *const *slots; /* behind code memory, or as near */
	uint32_t first_slot;
};

/* Puts an image into code memory. Returns where, at its writable address, and what is to be given back; NULL if there is no
 * room. Any thread. */
uint8_t *code_image_install(const struct code_image *image, struct code_memory *memory,
			    const struct image_places *places, struct code_run *run);

void code_image_free(struct code_image *image);

#endif
