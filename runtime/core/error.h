/* Errors that carry their own explanation. A function that can fail returns false (or NULL) and fills the
 * caller's `struct error`; only cli/ prints it and chooses the exit status. Used by every layer. */
#ifndef JIT161_RUNTIME_CORE_ERROR_H
#define JIT161_RUNTIME_CORE_ERROR_H

#include <stdbool.h>
#include <stdint.h>

struct error {
	char text[1024]; /* what failed, where and why; the original's message comes first where there is one
			  */
	char hint[512];	 /* our explanation or the remedy; empty if the message says it all */
};

/* Fills the message and clears the hint. Always returns false, so that callers can `return error_set(...)`.
 */
bool error_set(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds the remedy to an error already set. Always returns false. */
bool error_hint(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
