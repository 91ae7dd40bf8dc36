/* What the bare check programs report with: calls made from assembly, see macros.inc. */
#ifndef GUEST_BARE_CHECK_H
#define GUEST_BARE_CHECK_H

#include <stdint.h>

void check(const char *name, uint32_t value);
void check_exception(const char *name); /* the last one that vectors.S has recorded */
void finish(void) __attribute__((noreturn));

void run(void); /* of programs in C: called by start.S, which finishes then */

#endif
