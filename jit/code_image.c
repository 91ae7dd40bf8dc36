#include "jit/code_image.h"

#include <stdlib.h>
#include <string.h>

#define SITE_SIZE sizeof(uint32_t)

bool code_image_sound(const struct code_image *image)
{
	if (image->size == 0 || image->code_size > image->size)
		return false;
	for (uint32_t i = 0; i < image->site_count; i++)
		if (image->sites[i].reference >= IMAGE_REFERENCE_COUNT || image->size < SITE_SIZE ||
		    image->sites[i].offset > image->size - SITE_SIZE)
			return false;
	return true;
}

/* What belongs at a site, given by its writable and its executable address. */
static uint32_t value_of(enum image_reference reference, const struct image_places *places,
			 const uint8_t *writable, const uint8_t *executable)
{
	switch (reference) {
	case IMAGE_THUNKS: /* known by its writable address, too */
		return (uint32_t)((uintptr_t)places->thunk_table - (uintptr_t)writable);
	case IMAGE_SLOT:
		return places->first_slot;
	default:
		return (uint32_t)((uintptr_t)(places->slots + places->first_slot) - (uintptr_t)executable);
	}
}

uint8_t *code_image_install(const struct code_image *image, struct code_memory *memory,
			    const struct image_places *places, struct code_run *run)
{
	uint8_t *start = code_memory_allocate(memory, image->size, CODE_PAGE_SIZE);

	if (!start)
		return NULL;
	*run = (struct code_run){start, image->size};
	memcpy(start, image->bytes, image->size);
	for (uint32_t i = 0; i < image->site_count; i++) {
		uint8_t *site = start + image->sites[i].offset;
		uint32_t value;

		memcpy(&value, site, SITE_SIZE);
		value +=
		    value_of(image->sites[i].reference, places, site, code_memory_executable(memory, site));
		memcpy(site, &value, SITE_SIZE);
	}
	return start;
}

void code_image_free(struct code_image *image)
{
	free(image->bytes);
	free(image->sites);
	*image = (struct code_image){0};
}
