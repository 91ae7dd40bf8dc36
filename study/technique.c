#include "study/technique.h"

#include <stdio.h>
#include <string.h>

const struct technique_kind technique_kinds[] = {
    {"reference", "plain interpreter: decodes and executes", ENGINE_REFERENCE, TIERS_AUTO, false},
    {"interp", "threaded interpreter: code decoded once", ENGINE_INTERP, TIERS_AUTO, false},
    {"tier1", "translator: stencils only, at once", ENGINE_JIT, TIERS_FIRST, false},
    {"tier2", "translator: LLVM regions only, in the background", ENGINE_JIT, TIERS_SECOND, false},
    {"both", "translator: both tiers", ENGINE_JIT, TIERS_AUTO, false},
    {"warm", "translator: both tiers, regions kept on disk by an earlier run", ENGINE_JIT, TIERS_AUTO, true},
    {NULL, NULL, ENGINE_REFERENCE, TIERS_AUTO, false},
};

bool technique_parse(struct technique *technique, const char *text)
{
	const char *colon = strchr(text, ':');
	size_t length = colon ? (size_t)(colon - text) : strlen(text);
	const struct technique_kind *kind = technique_kinds;
	unsigned policy = SENSITIVE_INLINE;

	while (kind->name && (strlen(kind->name) != length || strncmp(kind->name, text, length) != 0))
		kind++;
	if (colon)
		for (policy = 0; policy < SENSITIVE_POLICIES; policy++)
			if (strcmp(jit_sensitive_names[policy], colon + 1) == 0)
				break;
	if (!kind->name || policy == SENSITIVE_POLICIES || (colon && kind->engine != ENGINE_JIT))
		return false;
	technique->kind = kind;
	technique->sensitive = (enum sensitive_policy)policy;
	if (policy == SENSITIVE_INLINE)
		snprintf(technique->name, sizeof(technique->name), "%s", kind->name);
	else
		snprintf(technique->name, sizeof(technique->name), "%s:%s", kind->name,
			 jit_sensitive_names[policy]);
	return true;
}
