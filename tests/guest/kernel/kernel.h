/*
 * The guest kernel's inner interfaces, one section per source file. The kernel runs on one CPU, never
 * preempts itself, and takes interrupts only where a system call or a page fault has nothing half done; what
 * interrupt handlers touch is guarded by interrupts_off().
 */
#ifndef GUEST_KERNEL_KERNEL_H
#define GUEST_KERNEL_KERNEL_H

#include "tests/guest/common/abi.h"
#include "tests/guest/kernel/frame.h"
#include "tests/guest/kernel/hw.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* start.S */
void trap_return(void);
void switch_stacks(uint32_t *save, uint32_t load);
bool copy_bytes(void *to, const void *from, size_t size);
bool try_lock(volatile uint32_t *word);
uint32_t status_get(void);
void status_set(uint32_t status);
void wait_for_interrupt(void);
void compare_set(uint32_t cycles);
void entryhi_set(uint32_t entryhi);
void tlb_write_random(uint32_t entryhi, uint32_t entrylo);
void tlb_write(uint32_t index, uint32_t entryhi, uint32_t entrylo);
int tlb_probe(uint32_t entryhi);
uint32_t tlb_read_hi(uint32_t index);
extern const char copy_bytes_end[], copy_failed[];

/* main.c */
void kernel_main(const char *argument) __attribute__((noreturn));
void print(const char *pattern, ...) __attribute__((format(printf, 1, 2)));
void panic(const char *pattern, ...) __attribute__((format(printf, 1, 2), noreturn));
void shut_down(int status) __attribute__((noreturn));

/* bus.c: the LAMEbus, the timer and the random device */
void bus_start(void);
int bus_find(unsigned device); /* slot of the first such device, or -1 */
void bus_interrupt(void);
uint32_t bus_ram_size(void);
uint32_t time_microseconds(void);
uint32_t random_word(void);
void sleep_ticks(uint32_t ticks);
void trace_stop(void);
void power_off(void) __attribute__((noreturn));

static inline uint32_t device_read(uint32_t address)
{
	return *(volatile uint32_t *)address;
}

static inline void device_write(uint32_t address, uint32_t value)
{
	*(volatile uint32_t *)address = value;
}

/* console.c */
void console_start(void);
void console_interrupt(void);
void console_write(const char *text, size_t length);
void console_drain(void);
void console_write_polled(const char *text, size_t length);

/* disk.c */
void disk_start(void);
void disk_interrupt(void);
uint32_t disk_sectors(void);
/* Transfers count sectors, every step-th one from first on. Sleeps meanwhile. False if the disk refused one.
 */
bool disk_transfer(uint32_t first, uint32_t count, uint32_t step, void *buffer, bool write);

/* trap.c */
#define TIME_SLICE 100000 /* cycles: 4 ms that a process may run while others wait */

void trap(struct trap_frame *frame);
void system_call(struct trap_frame *frame); /* syscall.c */

/* Interrupts off; returns the Status to hand to interrupts_restore(). */
static inline uint32_t interrupts_off(void)
{
	uint32_t status = status_get();

	status_set(status & ~(uint32_t)STATUS_IEC);
	return status;
}

static inline void interrupts_restore(uint32_t status)
{
	status_set(status);
}

/* vm.c: page frames, page tables, the TLB, paging to the disk */
#define TABLE_ENTRIES	  (PAGE_SIZE / 4)
#define DIRECTORY_ENTRIES 512 /* 4 MiB each: all of kuseg */
#define STACK_TOP	  0x7fff0000
#define STACK_LIMIT	  (STACK_TOP - 64 * PAGE_SIZE)

typedef uint32_t pte_t;

/* A part of a program's image: file_size bytes from image, then zeros up to end. */
struct region {
	uint32_t start, end;
	const uint8_t *image;
	uint32_t file_size;
	bool writable;
};

struct address_space {
	pte_t **directory; /* null: no address space */
	uint32_t asid;
	struct region regions[2]; /* text and data */
	uint32_t heap_start, heap_end;
};

struct vm_figures {
	uint32_t faults, zeroed, loaded, copied, swapped_out, swapped_in, dropped, refused;
};

extern struct vm_figures vm_figures;

void vm_start(void);
uint32_t vm_free_frames(void);
void *vm_page_allocate(void); /* for the kernel itself, in kseg0; null when memory is out */
void vm_page_free(void *page);
void *vm_map_kernel_page(void); /* a page in kseg2, for good */
bool vm_kernel_fault(uint32_t address);
bool vm_create(struct address_space *space, uint32_t asid);
void vm_clear(struct address_space *space); /* unmaps everything */
void vm_destroy(struct address_space *space);
bool vm_fork(struct address_space *child, struct address_space *parent);
bool vm_fault(struct address_space *space, uint32_t address, bool write);
bool vm_share(struct address_space *space, uint32_t address);
void vm_activate(const struct address_space *space);
bool copy_in(void *to, uint32_t from, size_t size);
bool copy_out(uint32_t to, const void *from, size_t size);
bool copy_in_string(char *to, uint32_t from, size_t size);

/* process.c */
#define PROCESSES 48 /* fewer than there are ASIDs: a process' slot decides its ASID */

enum process_state {
	PROCESS_FREE,
	PROCESS_READY,
	PROCESS_RUNNING,
	PROCESS_SLEEPING,
	PROCESS_ZOMBIE
};

struct process {
	enum process_state state;
	int pid;
	int status; /* for wait() */
	struct process *parent;
	struct process *next;	 /* in the ready queue */
	const void *waiting_for; /* while sleeping */
	uint8_t *stack;
	uint32_t saved_sp;
	struct address_space space;
	char name[16];
};

extern struct process *current;
extern bool reschedule; /* some process waits to run: leave this one when back in user mode */
extern uint32_t switches;

void process_start(const char *argument) __attribute__((noreturn));
struct address_space *process_space(unsigned slot); /* null if that slot has none */
void schedule(void);				    /* with interrupts off */
void yield(void);
void sleep_on(const void *what); /* with interrupts off, which stay so */
void wake(const void *what);
void wake_first(const void *what); /* from interrupt handlers: the woken run next */
int process_fork(const struct trap_frame *frame);
int process_exec(struct trap_frame *frame, const char *name, const char *argument);
int process_wait(uint32_t status_address);
void process_exit(int status) __attribute__((noreturn));

/* A lock whose holder may sleep. */
struct mutex {
	volatile uint32_t held;
	bool wanted; /* somebody sleeps until it is free */
};

void mutex_lock(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);

/* channel.c */
void channel_start(void);
int channel_send(uint32_t channel, uint32_t buffer, uint32_t length);
int channel_receive(uint32_t channel, uint32_t buffer, uint32_t length);

/* programs.S, made by the build: the user programs' ELF files */
struct program {
	const char *name;
	const uint8_t *image;
};

extern const struct program programs[];
extern const uint32_t program_count;

#endif
