/* The few C library functions that the guest kernel and its programs share. */
#ifndef GUEST_COMMON_STRING_H
#define GUEST_COMMON_STRING_H

#include <stddef.h>

void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *left, const void *right, size_t size);
size_t strlen(const char *string);
int strcmp(const char *left, const char *right);

#endif
