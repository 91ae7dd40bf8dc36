/* Trace flags, and where the text of a trace goes (System/161 reference, section 5.6). One of these belongs to
 * one machine; its processors and devices write to it, whoever runs the machine decides where it goes. Tracing
 * never changes what a machine does or how long it takes. */
#ifndef JIT161_RUNTIME_CORE_TRACE_H
#define JIT161_RUNTIME_CORE_TRACE_H

#include <stdbool.h>
#include <stdint.h>

enum trace_flag {
	TRACE_KERNEL = 1 << 0,
	TRACE_USER = 1 << 1,
	TRACE_JUMP = 1 << 2,
	TRACE_TLB = 1 << 3,
	TRACE_EXCEPTION = 1 << 4,
	TRACE_INTERRUPT = 1 << 5,
	TRACE_DISK = 1 << 6,
	TRACE_NET = 1 << 7,
	TRACE_EMUFS = 1 << 8,
};
/* What processors trace; the rest is the devices'. */
#define TRACE_PROCESSOR                                                                                      \
	(TRACE_KERNEL | TRACE_USER | TRACE_JUMP | TRACE_TLB | TRACE_EXCEPTION | TRACE_INTERRUPT)

#define TRACE_DEVICES (-1) /* the source of text that belongs to no processor */

struct trace {
	uint32_t flags; /* enum trace_flag */
	void *context;
	/* A piece of a line, or a whole one with its newline, from a processor (its number) or TRACE_DEVICES. */
	void (*write)(void *context, int source, const char *text);
};

/* The flags in the order in which the original lists them. */
struct trace_letter {
	char letter;
	const char *name, *what; /* NULL ends the list */
	uint32_t flag;
};
extern const struct trace_letter trace_letters[];

/* The flag of a letter, or 0. */
uint32_t trace_flag_of(int letter);

/* Writes a piece of text, whatever the flags are. */
void trace_text(const struct trace *trace, int source, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A line of a device's, without the newline, if the flag is on. */
#define trace_device(trace, flag, ...)                                                                       \
	do {                                                                                                 \
		if ((trace)->flags & (flag))                                                                 \
			trace_line(trace, TRACE_DEVICES, __VA_ARGS__);                                       \
	} while (0)
void trace_line(const struct trace *trace, int source, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
