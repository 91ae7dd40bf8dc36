/* What the user programs have to work with: system calls, output, a little arithmetic. */
#ifndef GUEST_USER_USER_H
#define GUEST_USER_USER_H

#include "tests/guest/common/abi.h"
#include "tests/guest/common/string.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Every program has a main() of this kind. The argument is "quick" for a short run (about a fifteenth), else
 * empty. The value returned is the exit status: 0 if all went well.
 */
int main(const char *argument);

/* calls.S: see abi.h. Negative results are errors. */
void sys_exit(int status) __attribute__((noreturn));
int sys_fork(void);
int sys_exec(const char *name, const char *argument);
int sys_wait(int *status);
int sys_getpid(void);
void sys_yield(void);
int sys_write(const void *buffer, size_t length);
void *sys_sbrk(size_t bytes);
int sys_share(void *address);
uint32_t sys_time(void);
void sys_sleep(uint32_t ticks);
int sys_disk_read(uint32_t sector, void *buffer);
int sys_disk_write(uint32_t sector, const void *buffer);
int sys_send(uint32_t channel, const void *buffer, size_t length);
int sys_receive(uint32_t channel, void *buffer, size_t length);
uint32_t sys_random(void);
int sys_raw(uint32_t number, uint32_t a0, uint32_t a1, uint32_t a2);

/* calls.S: atomic with LL and SC */
bool atomic_compare_swap(volatile uint32_t *word, uint32_t expected, uint32_t value);
uint32_t atomic_add(volatile uint32_t *word, uint32_t value); /* the new value */

/* library.c */
void print(const char *pattern, ...) __attribute__((format(printf, 1, 2)));
bool is_quick(const char *argument);

/* Prints "NAME: ok, checksum XXXXXXXX" (or FAILED) and returns the exit status that goes with it. */
int report(const char *name, bool ok, uint32_t checksum);

/* Forks a child that runs this function and exits with its result; returns its pid, negative on failure. */
int start_child(int (*function)(uint32_t), uint32_t value);

/* Waits for a child; returns its status, negative if there is none. */
int wait_child(void);

/* Numbers that look random and are the same everywhere (xorshift). *state must not be 0. */
static inline uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* Takes one more word into a checksum (FNV-1a, a word at a time). */
static inline uint32_t mix(uint32_t checksum, uint32_t word)
{
	return (checksum ^ word) * 16777619u;
}

#define MIX_START 2166136261u

#endif
