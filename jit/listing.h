/* Listings being made (jit/inspect.h). */
#ifndef JIT161_JIT_LISTING_H
#define JIT161_JIT_LISTING_H

#include "jit/inspect.h"

/* The next listing of an inspection, empty. */
struct listing *listing_begin(struct inspection *inspection, const char *name, const char *title);
/* Adds a line, which may end with '\n'. */
void listing_add(struct listing *listing, uint32_t guest, uint32_t op, const char *text);

/* What a line of somebody else's text belongs to. */
typedef void listing_link(void *context, unsigned line, uint32_t *guest, uint32_t *op);
/* Adds the lines of a text. `link` may be NULL. */
void listing_add_text(struct listing *listing, const char *text, listing_link *link, void *context);

#endif
