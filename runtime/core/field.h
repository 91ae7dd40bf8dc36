/* Field tables: the layout of plain-data state as data, so that comparing, digesting, dumping and saving
 * state needs no code per device. The end of a table is a field without a name. */
#ifndef JIT161_RUNTIME_CORE_FIELD_H
#define JIT161_RUNTIME_CORE_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct field {
	const char *name;
	size_t offset; /* bytes from the start of the state */
	size_t size;   /* bytes of one element: 1, 2, 4 or 8 */
	size_t count;  /* elements */
};

#define FIELD(type, member)                                                                                  \
	{                                                                                                    \
#member, offsetof(type, member), sizeof(((type *)0)->member), 1                              \
	}
#define FIELD_ARRAY(type, member)                                                                            \
	{                                                                                                    \
#member, offsetof(type, member), sizeof(((type *)0)->member[0]),                             \
		    sizeof(((type *)0)->member) / sizeof(((type *)0)->member[0])                             \
	}
#define FIELD_END                                                                                            \
	{                                                                                                    \
		NULL, 0, 0, 0                                                                                \
	}

/* Compares two states field by field. On the first difference writes "name[index]: a / b" and returns false.
 */
bool fields_equal(const struct field *fields, const void *a, const void *b, char *text, size_t text_size);

/* Continues a digest (digest.h) by all fields of a state. */
uint64_t fields_digest(const struct field *fields, const void *state, uint64_t digest);

#endif
