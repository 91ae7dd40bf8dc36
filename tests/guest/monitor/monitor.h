/*
 * The monitor's inner interfaces: virtual machines, and what each source file does for them. The monitor runs in kernel
 * mode with interrupts off, from one trap of a guest to the return into one; guests run in user mode. Section numbers are
 * those of the System/161 reference.
 */
#ifndef GUEST_MONITOR_H
#define GUEST_MONITOR_H

#include "tests/guest/kernel/hw.h"
#include "tests/guest/monitor/layout.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GUESTS_MAX	4
#define GUEST_RAM	(512 * 1024)
#define SLICE		50000 /* cycles that a guest gets in its turn, with the monitor's work for it */
#define LINE_MAX_LENGTH 120

/* Entry 0 of the TLB maps the private page; Random begins at 8 (section 1.11). */
#define FIRST_SHADOW 1

/* Status and Cause beyond what hw.h has. */
#define STATUS_WRITABLE 0xf040ff3f
#define STATUS_HANGS	0x00030000
#define STATUS_BEV	0x00400000
#define STATUS_STACK	0x0000003f
#define CAUSE_SOFTWARE	0x00000300
#define CAUSE_BD	0x80000000
#define INDEX_P		0x80000000

#define REG_K0 26

struct tlb_entry {
	uint32_t hi, lo;
};

enum vm_state {
	VM_READY,
	VM_WAITING,
	VM_ENDED
};

/* What brought the processor from a guest to the monitor. Each trap is one of these. */
enum trap_reason {
	TRAP_PRIVILEGED, /* an instruction of coprocessor 0 in the guest's kernel: emulated */
	TRAP_DEVICE,	 /* a load or store of the guest's devices: emulated */
	TRAP_SHADOW,	 /* a page that the guest has mapped, but the hardware's TLB did not have */
	TRAP_REFLECTED,	 /* the guest's own: it gets the exception */
	TRAP_FETCH,	 /* a fetch of a kernel that is linked for kseg0: its instruction is emulated */
	TRAP_TIMER,	 /* the end of a slice, or the guest's timer */
	TRAP_BUS,	 /* the machine's devices */
	TRAP_REASONS
};

struct vm {
	/* The registers of the guest while it does not run; start.S knows these offsets (layout.h). */
	uint32_t reg[32]; /* reg[0] stays 0 */
	uint32_t hi, lo, pc;
	/* What the processor said at the last trap. */
	uint32_t trap_status, trap_cause, trap_vaddr;

	/* The virtual processor. */
	uint32_t status, cause, epc, vaddr, context, index, entryhi, entrylo;
	uint32_t count, compare;
	bool timer_armed;
	bool linked; /* LL was emulated and no exception came since */
	uint32_t linked_address, linked_value;
	struct tlb_entry tlb[TLB_ENTRIES];

	/* The virtual machine. */
	const char *name;
	uint32_t segment; /* where its kernel segments begin: KSEG0, or an address below */
	uint32_t ram;	  /* machine address of its memory, GUEST_RAM bytes */
	enum vm_state state;
	struct {
		uint32_t write_irq, read_irq;
		bool busy;
		char line[LINE_MAX_LENGTH];
		unsigned length;
	} serial;
	struct {
		uint32_t restart, countdown, deadline;
		bool running, raised;
	} timer;
	uint32_t irq_enable, cpu_irq_enable;

	/* shadow.c: the hardware's ASID for each of the guest's, [1] in its user mode; 0: none yet. */
	uint8_t asids[2][64];
	/* schedule.c: returns into the guest's kernel. */
	uint32_t *returns; /* the page of return stubs */
	uint32_t return_targets[RETURN_STUBS];
	unsigned return_count;
	uint32_t stub; /* the one it was entered by last; 0: none */
	uint32_t k0;   /* what it was entered with */

	/* Scheduling, and what it cost; cycles of the machine. */
	int slice_left;
	uint32_t guest_cycles, monitor_cycles;
	uint32_t traps[TRAP_REASONS], emulated, interrupts, exceptions;
};

/* start.S */
void resume_guest(struct vm *vm, uint32_t address, uint32_t compare) __attribute__((noreturn));
void wait_for_interrupt(void);
uint32_t count_get(void);
void compare_set(uint32_t cycles);
void entryhi_set(uint32_t entryhi);
void tlb_write_random(uint32_t entryhi, uint32_t entrylo);
void tlb_write(uint32_t index, uint32_t entryhi, uint32_t entrylo);
int tlb_probe(uint32_t entryhi);
uint32_t tlb_read_hi(uint32_t index);

/* main.c: what was asked for, guests' images, messages, the end. */
extern struct vm vms[GUESTS_MAX];
extern unsigned vm_count;
void monitor_main(const char *argument) __attribute__((noreturn));
void print(const char *pattern, ...) __attribute__((format(printf, 1, 2)));
void panic(const char *pattern, ...) __attribute__((format(printf, 1, 2), noreturn));
void shut_down(void) __attribute__((noreturn));

/* trap.c: from a guest to the monitor. */
void trap(struct vm *vm) __attribute__((noreturn));

/* schedule.c: from the monitor to a guest. */
void run_next(void) __attribute__((noreturn));
void vm_end(struct vm *vm, const char *why);  /* this guest is over */
void account(struct vm *vm);		      /* charges the guest for its last stay */
void advance(struct vm *vm, uint32_t cycles); /* lets the guest's own time go on */
bool leave_stub(struct vm *vm);		      /* if that ended in a return stub: as if it had not yet begun */
uint32_t stub_page(const struct vm *vm);      /* its address to the guest */
void clock_tick(void);			      /* every millisecond: the guests' timers, the limit */
extern uint32_t ticks, tick_limit;

/* processor.c: the virtual processor's exceptions and coprocessor 0 (sections 1.8 to 1.13). */
static inline bool in_user_mode(const struct vm *vm)
{
	return (vm->status & STATUS_KUC) != 0;
}
void vm_reset(struct vm *vm);
void vm_exception(struct vm *vm, uint32_t code, uint32_t vaddr, uint32_t epc, uint32_t cause_bits);
bool vm_interrupt_pending(const struct vm *vm);
uint32_t vm_cause(const struct vm *vm);
/* Executes an instruction of coprocessor 0. False: reserved, or unusable if *unusable. */
bool vm_coprocessor(struct vm *vm, uint32_t word, bool *unusable);

/* shadow.c: guest addresses; the hardware's TLB as a shadow of the guests' (section 1.11). */
enum access {
	ACCESS_FETCH,
	ACCESS_LOAD,
	ACCESS_STORE
};
/* The guest's physical address, and whether the page may be written; -1, or the exception's code. */
int vm_translate(struct vm *vm, uint32_t vaddr, enum access access, uint32_t *physical, bool *writable);
uint32_t *vm_ram(struct vm *vm, uint32_t physical); /* NULL: there is no RAM */
void shadow_enter(struct vm *vm, uint32_t vaddr, uint32_t machine, bool writable);
void shadow_forget(struct vm *vm, const struct tlb_entry *entry);
uint32_t shadow_asid(struct vm *vm); /* for the guest's present mode and address space */

/* emulate.c: one instruction of the guest by software, with its delay slot if it jumps. */
void emulate(struct vm *vm);

/* devices.c: the virtual LAMEbus: serial device in slot 0, timer in slot 29, controller. */
bool bus_read(struct vm *vm, uint32_t physical, uint32_t *value); /* false: bus error */
bool bus_write(struct vm *vm, uint32_t physical, uint32_t value);
uint32_t bus_lines(const struct vm *vm); /* slots that ask for an interrupt */
void serial_poll(struct vm *vm);	 /* after room has come in the console's buffer */
void serial_flush(struct vm *vm);

/* console.c: the machine's own devices. */
void console_start(void);
void console_write(const char *text, size_t length); /* waits if there is no room */
bool console_has_room(size_t length);
void console_drain(void);
void machine_interrupt(void); /* looks after whatever device asks */
void power_off(void) __attribute__((noreturn));
uint32_t clock_read(uint32_t reg);

static inline uint32_t device_read(uint32_t address)
{
	return *(volatile uint32_t *)address;
}

static inline void device_write(uint32_t address, uint32_t value)
{
	*(volatile uint32_t *)address = value;
}

#endif
