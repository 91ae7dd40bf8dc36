/* Deeds of a kernel that respects nothing: in deeds.S what C has no words for. */
#ifndef GUEST_ROGUE_H
#define GUEST_ROGUE_H

#include <stdint.h>

void attempt(void (*deed)(void), uint32_t result[3]); /* attempt.S */

/* deeds.S */
void read_no_register(void);
void unknown_operation(void);
void wait_with_code(void);
void jump_to_monitor(void);
void jump_to_device(void);
void jump_to_user(void);
void count_fast(void);
void keep_k0(void);
void enter_user_mode(void);
void isolate_caches(void);
void wait_for_ever(void) __attribute__((noreturn));
void overwrite_memory(uint32_t from, uint32_t to, uint32_t word) __attribute__((noreturn));
void tlb_set(uint32_t index, uint32_t entryhi, uint32_t entrylo);

extern char segment[], kernel_end[]; /* from the linker script */

#endif
