#include "runtime/core/planted.h"

#include <stdlib.h>
#include <string.h>

bool planted(enum planted_bug bug)
{
	static const char *const names[PLANTED_BUGS] = {
#define PLANTED(name, what) [BUG_##name] = #name,
#include "runtime/core/planted.def"
	};
	static const char *chosen; /* the process's, like its environment */

	if (!chosen) {
		const char *name = getenv("JIT161_PLANTED_BUG");

		chosen = name ? name : "";
	}
	return strcmp(chosen, names[bug]) == 0;
}
