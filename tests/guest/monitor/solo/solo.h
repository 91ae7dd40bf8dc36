/*
 * Solo: an operating system for one user. It runs its programs one after another, each in an address space of its own, with demand-zero
 * pages, system calls, a timer, and a console that is driven by interrupts; then it switches its machine off. It is written for the bare
 * machine and knows nothing of a monitor. What it prints does not depend on time.
 *
 * Nothing in it is bound to kseg0: the linker says where its kernel segments begin (solo.ld).
 */
#ifndef GUEST_SOLO_H
#define GUEST_SOLO_H

#include "tests/guest/common/abi.h"
#include "tests/guest/kernel/frame.h"
#include "tests/guest/kernel/hw.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A call of its own: catch(handler). From then on an exception of the program continues there, with the exception's code in a0, its
 * address in a1, Cause without the interrupts in a2, and EPC in a3. Without a handler it ends the program.
 */
#define SYS_CATCH 32

/* The program's address space: the first 8 MiB. Also read by start.S's look. */
#define USER_PAGES  2048
#define STACK_PAGES 16

/* start.S */
void enter_user(uint32_t epc, uint32_t sp, uint32_t argument) __attribute__((noreturn));
uint32_t status_get(void);
void status_set(uint32_t status);
void wait_for_interrupt(void);
void compare_set(uint32_t cycles);
uint32_t prid_get(void);
void tlb_clear(uint32_t asid); /* no entry for a user address is left, and this is the address space */
void tlb_replace(uint32_t vaddr, uint32_t entrylo); /* in the present address space */

/* main.c */
void solo_main(const char *argument) __attribute__((noreturn));
void trap(struct trap_frame *frame);
void print(const char *pattern, ...) __attribute__((format(printf, 1, 2)));
void next_program(void) __attribute__((noreturn));

/* memory.c */
extern uint32_t page_table[USER_PAGES];
void memory_start(uint32_t end);
bool memory_load(const uint8_t *elf, uint32_t *entry);
void memory_clear(void); /* gives all of the program's pages back */
bool memory_fault(uint32_t address);
uint32_t memory_grow(uint32_t bytes);			 /* the old end of the heap, 0: no room */
bool memory_readable(uint32_t address, uint32_t length); /* makes it so if it may be */
char *memory_page(uint32_t address);			 /* where the kernel sees it */
extern uint32_t faults;

/* devices.c */
void devices_start(void);
void devices_interrupt(void);
void console_write(const char *text, size_t length);
void console_drain(void);
void sleep(uint32_t microseconds);
void power_off(void) __attribute__((noreturn));
uint32_t ram_size(void);

extern char segment[], kernel_end[]; /* from the linker script */

#endif
