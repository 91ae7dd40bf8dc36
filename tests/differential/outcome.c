// What a run says, and comparing two.
#include "tests/differential/outcome.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/vm/vm.h"

void outcome_add_code(struct outcome *outcome, uint32_t code)
{
	if ((outcome->code_count & (outcome->code_count - 1)) == 0) {
		unsigned room = outcome->code_count ? outcome->code_count * 2 : 1;

		outcome->codes = realloc(outcome->codes, room * sizeof(*outcome->codes));
		if (!outcome->codes)
			abort();
	}
	outcome->codes[outcome->code_count++] = code;
}

// A line that ends or explains a run; those with digests are digests.
void outcome_add_line(struct outcome *outcome, const char *text)
{
	size_t length = strlen(text);
	unsigned code;

	if (sscanf(text, "trace: code %u (", &code) == 1) {
		outcome_add_code(outcome, code);
		return;
	}
	outcome->lines = realloc(outcome->lines, outcome->line_bytes + length + 2);
	if (!outcome->lines)
		abort();
	memcpy(outcome->lines + outcome->line_bytes, text, length);
	outcome->line_bytes += length;
	outcome->lines[outcome->line_bytes++] = '\n';
	outcome->lines[outcome->line_bytes] = '\0';
}

// What the guest prints on its console counts as a digest, but for newlines: the original adds some of its own.
void outcome_add_console(struct outcome *outcome, uint8_t character)
{
	if (character == '\n')
		return;
	outcome->console = (outcome->console ^ character) * UINT64_C(0x100000001B3) + 1;
}

void outcome_add_format(struct outcome *outcome, const char *format, ...)
{
	char text[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	outcome_add_line(outcome, text);
}

void outcome_free(struct outcome *outcome)
{
	free(outcome->codes);
	free(outcome->lines);
	if (outcome->vm)
		vm_free(outcome->vm);
	*outcome = (struct outcome){0};
}

const char *end_name(enum end end)
{
	static const char *const names[] = {"powered off", "stopped", "idle for ever", "ran wild", "no run"};

	return names[end];
}

static void first_differing_line(const char *a, const char *b, char *where, size_t size)
{
	a = a ? a : "";
	b = b ? b : "";
	while (*a || *b) {
		int length_a = (int)strcspn(a, "\n"), length_b = (int)strcspn(b, "\n");

		if (length_a != length_b || memcmp(a, b, (size_t)length_a) != 0) {
			snprintf(where, size, "'%.*s' / '%.*s'", length_a, a, length_b, b);
			return;
		}
		a += length_a + (a[length_a] == '\n');
		b += length_b + (b[length_b] == '\n');
	}
}

bool outcome_same(const struct outcome *a, const struct outcome *b, char *where, size_t size, int *program)
{
	unsigned least = a->code_count < b->code_count ? a->code_count : b->code_count;

	for (unsigned i = 0; i < least; i++) {
		if (a->codes[i] == b->codes[i])
			continue;
		*program = (int)i;
		snprintf(where, size, "digest %08x / %08x", a->codes[i], b->codes[i]);
		return false;
	}
	*program = a->code_count != b->code_count || a->end != END_OFF ? (int)least : -1;
	if (a->code_count != b->code_count || a->end != b->end) {
		snprintf(where, size, "%u programs, %s / %u programs, %s", a->code_count, end_name(a->end),
			 b->code_count, end_name(b->end));
		return false;
	}
	if (a->console != b->console) {
		snprintf(where, size, "console output");
		return false;
	}
	if (a->line_bytes != b->line_bytes ||
	    (a->line_bytes && memcmp(a->lines, b->lines, a->line_bytes) != 0)) {
		first_differing_line(a->lines, b->lines, where, size);
		return false;
	}
	return !a->vm || !b->vm || vm_equal(a->vm, b->vm, where, size);
}
