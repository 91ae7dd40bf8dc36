/*
 * Plugins for jit161: shared objects that watch a guest. `jit161 run --plugin=FILE.so[,ARGUMENTS]` loads one before the guest starts,
 * and calls it for what the guest does. Plugins see and do not touch: the guest takes the same cycles with them.
 *
 * A plugin is C or anything that can export this function, which sets the callbacks that it wants and leaves the others NULL:
 *
 *     bool jit161_plugin_start(const struct jit161_host *host, struct jit161_plugin *plugin);
 *
 * False ends the program with an error; say() tells why. The process is in a sandbox by the time that the guest starts: files that a plugin
 * writes have to be opened in this function. All calls come from one thread. docs/plugins.md says what it costs.
 */
#ifndef JIT161_PLUGIN_H
#define JIT161_PLUGIN_H

#include <stdbool.h>
#include <stdint.h>

#define JIT161_PLUGIN_VERSION 1 /* grows with every change that old plugins do not survive */

/* What a plugin may use; it is there until the end. */
struct jit161_host {
	unsigned version;      /* JIT161_PLUGIN_VERSION of the program */
	const char *arguments; /* what stood after the first comma; "" if nothing */
	/* A line among the program's messages, without newline. */
	void (*say)(const struct jit161_host *host, const char *line);
	/* The assembler's name of an instruction word, "?" if it is none; constant. */
	const char *(*mnemonic)(const struct jit161_host *host, uint32_t word);
};

/* An instruction that was executed to its end: not one that raised an exception, nor an attempt that had to wait for HI or LO. */
struct jit161_instruction {
	unsigned cpu;
	bool user; /* in user mode */
	uint32_t address, physical;
	uint32_t word;
};

/* Instructions that were executed one after another, up to and with the delay slot of a branch (taken or not), a return from an
 * exception, or the one before an exception. */
struct jit161_block {
	unsigned cpu;
	bool user;
	uint32_t address, instructions;
};

/* A load or store of an instruction that was executed to its end, in the order of the instructions, before their own event. SC only if it
 * stored. */
struct jit161_access {
	unsigned cpu;
	bool user, store;
	uint32_t instruction; /* its address */
	uint32_t address, physical;
	unsigned size;	/* 1, 2 or 4 bytes; LWL, LWR, SWL, SWR: the word that they reach into */
	bool device;	/* no memory is there */
	uint32_t value; /* with `device`: the register stored, or loaded to */
};

/* An exception or interrupt is taken. */
struct jit161_exception {
	unsigned cpu;
	bool user;	      /* what it interrupts was in user mode */
	unsigned code;	      /* as in Cause; 0: interrupt */
	uint32_t address;     /* of the instruction, as EPC has it */
	uint32_t bad_address; /* as BadVAddr has it */
};

/* A TLB entry is written. Malta has pairs of pages; System/161 leaves `low_odd` and `page_mask` 0. */
struct jit161_tlb_write {
	unsigned cpu, index;
	uint32_t high, low, low_odd,
	    page_mask; /* as EntryHi, EntryLo or EntryLo0, EntryLo1, PageMask have them */
};

struct jit161_plugin {
	void *context; /* handed to the callbacks */
	void (*instruction)(void *context, const struct jit161_instruction *instruction);
	void (*block)(void *context, const struct jit161_block *block);
	void (*access)(void *context, const struct jit161_access *access);
	void (*exception)(void *context, const struct jit161_exception *exception);
	void (*tlb_write)(void *context, const struct jit161_tlb_write *write);
	void (*finish)(void *context); /* the guest has ended: say what was found, free what was allocated */
};

#if defined(__GNUC__)
__attribute__((visibility("default")))
#endif
bool jit161_plugin_start(const struct jit161_host *host, struct jit161_plugin *plugin);

#endif
