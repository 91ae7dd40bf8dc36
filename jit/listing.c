#include "jit/listing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct listing *listing_begin(struct inspection *inspection, const char *name, const char *title)
{
	struct listing *listing;

	if (inspection->count == MAX_LISTINGS)
		abort(); /* there are fewer stages and passes */
	listing = &inspection->listings[inspection->count++];
	*listing = (struct listing){0};
	snprintf(listing->name, sizeof(listing->name), "%s", name);
	snprintf(listing->title, sizeof(listing->title), "%s", title);
	return listing;
}

static void add(struct listing *listing, uint32_t guest, uint32_t op, const char *text, size_t length)
{
	if ((listing->count & (listing->count - 1)) == 0)
		listing->lines = realloc(listing->lines, (listing->count ? 2u * listing->count : 1u) *
							     sizeof(*listing->lines));
	if (listing->size + length + 1 > listing->room) {
		listing->room = 2 * (listing->size + length + 1);
		listing->text = realloc(listing->text, listing->room);
	}
	if (!listing->lines || !listing->text)
		abort();
	listing->lines[listing->count++] = (struct listing_line){listing->size, guest, op};
	memcpy(listing->text + listing->size, text, length);
	listing->size += length;
	listing->text[listing->size++] = '\0';
}

void listing_add(struct listing *listing, uint32_t guest, uint32_t op, const char *text)
{
	size_t length = strlen(text);

	add(listing, guest, op, text, length && text[length - 1] == '\n' ? length - 1 : length);
}

void listing_add_text(struct listing *listing, const char *text, listing_link *link, void *context)
{
	for (unsigned line = 0; *text; line++) {
		size_t length = strcspn(text, "\n");
		uint32_t guest = LISTING_NO_GUEST, op = LISTING_NO_OP;

		if (link)
			link(context, line, &guest, &op);
		add(listing, guest, op, text, length);
		text += length + (text[length] == '\n');
	}
}

void inspection_print(const struct inspection *inspection, FILE *file)
{
	for (unsigned i = 0; i < inspection->count; i++) {
		const struct listing *listing = &inspection->listings[i];

		fprintf(file, "\n=== %s\n", listing->title);
		for (unsigned line = 0; line < listing->count; line++)
			fprintf(file, "%s\n", listing_text(listing, line));
	}
}

void inspection_free(struct inspection *inspection)
{
	for (unsigned i = 0; i < inspection->count; i++) {
		free(inspection->listings[i].text);
		free(inspection->listings[i].lines);
	}
	free(inspection->blocks);
	*inspection = (struct inspection){0};
}
