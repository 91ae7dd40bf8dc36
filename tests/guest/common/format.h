/* A small printf for the guest kernel and its programs: %s %c %d %u %x %%, a width, and zero padding (%08x).
 */
#ifndef GUEST_COMMON_FORMAT_H
#define GUEST_COMMON_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/* Writes at most size bytes, always a NUL last; returns the length without it. size must not be 0. */
size_t format(char *out, size_t size, const char *pattern, va_list arguments);

#endif
