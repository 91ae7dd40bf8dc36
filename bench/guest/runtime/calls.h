/* The small kernel's system calls. The number is in v0, arguments in a0 and a1, the result in v0; all other registers
 * keep their values. Read by the C compiler and by the assembler. */
#ifndef BENCH_GUEST_RUNTIME_CALLS_H
#define BENCH_GUEST_RUNTIME_CALLS_H

#define CALL_EXIT  0
#define CALL_PUT   1
#define CALL_ADD   2
#define CALL_UNMAP 3
#define CALL_SPAWN 4
#define CALL_YIELD 5
#define CALL_JOIN  6

/* Where user programs live: image at USER_BASE, its first two words the entry point and the end of its memory. */
#define USER_BASE      0x00400000
#define USER_STACK     0x00FC0000
#define USER_STACK_TOP 0x01000000

#ifndef __ASSEMBLER__
#include <stdint.h>

_Noreturn void call_exit(void);
void call_put(char character);
uint32_t call_add(uint32_t a, uint32_t b);

/* Gives pages back; touched again, they are zero. */
void call_unmap(void *start, uint32_t pages);

/* Makes copies of the process until there are `count`; returns each one's number, 0 for the caller's. */
uint32_t call_spawn(uint32_t count);
void call_yield(void);

/* Ends a process and hands in a value. Process 0 waits for the others, and gets the sum of all values. */
uint32_t call_join(uint32_t value);
#endif

#endif
