#include "runtime/core/host_needs.h"

#include <stdlib.h>
#include <string.h>

static void add(struct host_needs *needs, struct host_need need)
{
	if (needs->count == needs->room) {
		needs->room = needs->room ? 2 * needs->room : 16;
		needs->items = realloc(needs->items, needs->room * sizeof(*needs->items));
		if (!needs->items)
			abort();
	}
	needs->items[needs->count++] = need;
}

void host_needs_path(struct host_needs *needs, const char *path, unsigned rights)
{
	char *copy = strdup(path);

	if (!copy)
		abort();
	add(needs, (struct host_need){.path = copy, .descriptor = -1, .rights = rights});
}

void host_needs_folder(struct host_needs *needs, int descriptor, unsigned rights)
{
	add(needs, (struct host_need){.descriptor = descriptor, .rights = rights});
}

void host_needs_free(struct host_needs *needs)
{
	for (unsigned i = 0; i < needs->count; i++)
		free(needs->items[i].path);
	free(needs->items);
	*needs = (struct host_needs){0};
}
