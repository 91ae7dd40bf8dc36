/* What each line of a stage's text was made from: LLVM carries the numbers of IR operations through its passes and its code
 * generator as source lines. Only compilations whose text is wanted have them; the code is the same
 * (tests/unit/llvm/test_resources.c). */
#include "jit/llvm/links.h"

#include <stdlib.h>
#include <string.h>

#define PRODUCER      "jit161"
#define DWARF_VERSION 4

static void add_flag(const struct links *links, const char *name, unsigned value)
{
	LLVMTypeRef i32 = LLVMInt32TypeInContext(links->context);

	LLVMAddModuleFlag(links->module, LLVMModuleFlagBehaviorWarning, name, strlen(name),
			  LLVMValueAsMetadata(LLVMConstInt(i32, value, false)));
}

void links_begin(struct links *links, LLVMContextRef context, LLVMModuleRef module)
{
	*links = (struct links){.context = context, .module = module, .builder = LLVMCreateDIBuilder(module)};
	links->file = LLVMDIBuilderCreateFile(links->builder, "ir", 2, ".", 1);
	LLVMDIBuilderCreateCompileUnit(links->builder, LLVMDWARFSourceLanguageC, links->file, PRODUCER,
				       sizeof(PRODUCER) - 1, true, "", 0, 0, "", 0,
				       LLVMDWARFEmissionLineTablesOnly, 0, false, false, "", 0, "", 0);
	add_flag(links, "Debug Info Version", LLVMDebugMetadataVersion());
	add_flag(links, "Dwarf Version", DWARF_VERSION);
}

void links_function(struct links *links, LLVMValueRef function)
{
	LLVMMetadataRef type =
	    LLVMDIBuilderCreateSubroutineType(links->builder, links->file, NULL, 0, LLVMDIFlagZero);

	links->scope =
	    LLVMDIBuilderCreateFunction(links->builder, links->file, "region", 6, "", 0, links->file, 0, type,
					false, true, 0, LLVMDIFlagZero, true);
	LLVMSetSubprogram(function, links->scope);
}

void links_at(const struct links *links, LLVMBuilderRef builder, uint32_t op)
{
	LLVMMetadataRef place = op == BACKEND_NO_OP ? NULL
						    : LLVMDIBuilderCreateDebugLocation(links->context, op + 1,
										       1, links->scope, NULL);

	LLVMSetCurrentDebugLocation2(builder, place);
}

void links_end(struct links *links)
{
	LLVMDIBuilderFinalize(links->builder);
	LLVMDisposeDIBuilder(links->builder);
}

/* --- LLVM IR --- */

void links_line(struct backend_links *lines, uint32_t op)
{
	if ((lines->count & (lines->count - 1)) == 0) {
		lines->ops =
		    realloc(lines->ops, (lines->count ? 2u * lines->count : 1u) * sizeof(*lines->ops));
		if (!lines->ops)
			abort();
	}
	lines->ops[lines->count++] = op;
}

/* Line numbers of the module's places, by the number of their metadata: "!7 = !DILocation(line: 12, ...". */
struct places {
	unsigned long *lines;
	unsigned long count;
};

static struct places find_places(const char *text)
{
	static const char location[] = " = !DILocation(line: ";
	struct places places = {0};

	for (const char *at = text; (at = strstr(at, location)); at++) {
		const char *number = at;
		unsigned long own;

		while (number > text && number[-1] >= '0' && number[-1] <= '9')
			number--;
		own = strtoul(number, NULL, 10);
		if (own >= places.count) {
			places.lines = realloc(places.lines, (own + 1) * sizeof(*places.lines));
			if (!places.lines)
				abort();
			while (places.count <= own)
				places.lines[places.count++] = 0;
		}
		places.lines[own] = strtoul(at + strlen(location), NULL, 10);
	}
	return places;
}

/* Whether a line is of no interest to who reads code: what only the links need. */
static bool only_for_links(const char *line, size_t length)
{
	static const char *const words[] = {"!DI", "distinct !DI", "!\"Debug Info Version\"",
					    "!\"Dwarf Version\"", "!{}"};
	const char *value = memchr(line, '=', length);

	if (line[0] != '!' || !value)
		return false;
	if (strncmp(line, "!llvm.", 6) == 0)
		return true;
	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const char *found = strstr(value, words[i]);

		if (found && found + strlen(words[i]) <= line + length)
			return true;
	}
	return false;
}

char *links_take(char *text, struct backend_links *lines)
{
	static const char mark[] = "!dbg !";
	struct places places = find_places(text);
	char *to = text;

	for (char *line = text, *next; *line; line = next) {
		char *end = strchr(line, '\n'), *found;
		uint32_t op = BACKEND_NO_OP;

		end = end ? end : line + strlen(line);
		next = *end ? end + 1 : end;
		if (only_for_links(line, (size_t)(end - line)))
			continue;
		*end = '\0';
		found = strstr(line, mark);
		if (found) {
			char *rest;
			unsigned long number = strtoul(found + strlen(mark), &rest, 10);

			if (number < places.count && places.lines[number])
				op = (uint32_t)places.lines[number] - 1;
			while (found > line && (found[-1] == ' ' || found[-1] == ','))
				found--;
			memmove(found, rest, strlen(rest) + 1);
		}
		size_t length = strlen(line);
		memmove(to, line, length);
		to[length] = '\n';
		to += length + 1;
		links_line(lines, op);
	}
	*to = '\0';
	free(places.lines);
	return text;
}
