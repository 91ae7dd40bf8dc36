/* What the broken kernels share: see README.md of tests/guest. Each is a broken_main that does one thing wrong. */
#ifndef GUEST_BROKEN_H
#define GUEST_BROKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/guest/kernel/hw.h"

#define SERIAL_SLOT 0
#define DISK_SLOT   1
#define TIMER_SLOT  29
#define TRACE_SLOT  30

#define REGISTER(slot, offset) (*(volatile uint32_t *)(uintptr_t)(BUS_DEVICE(slot) + (offset)))
#define BUS_ENABLED	       (*(volatile uint32_t *)0xbfff7e0c) /* slots whose interrupts pass */

struct frame {
	uint32_t registers[32];
	uint32_t status, cause, epc, vaddr;
};

struct switchframe {
	uint32_t sf_s0, sf_s1, sf_s2, sf_s3, sf_s4, sf_s5, sf_s6, sf_s7, sf_s8, sf_ra;
};

/* start.S */
extern uint32_t exception_stack; /* 0: exceptions are handled on the current stack */
void wait_for_interrupt(void);
void set_status(uint32_t status);
void write_tlb(unsigned index, uint32_t high, uint32_t low);
void call_on(void (*function)(void), uint32_t stack) __attribute__((noreturn));
void thread_start(void);
void switch_frames(struct switchframe **save, struct switchframe *load);

/* common.c */
void trap(struct frame *frame);
void print(const char *text); /* polls the console */
void start_ticks(void);	      /* the bus timer interrupts every 10 ms from now on */
extern volatile uint32_t ticks;
extern volatile uint32_t keys; /* characters that have come in */

/* Of each kernel. `fault` is called for exceptions but interrupts; common.c has one that prints and stops. */
void broken_main(void);
void fault(struct frame *frame);

#endif
