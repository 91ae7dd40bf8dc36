/* What bare Malta programs share: output through the UART, exceptions noted by start.S, CP0 registers. */
#ifndef MALTA_LIB_H
#define MALTA_LIB_H

#include <stdbool.h>
#include <stdint.h>

struct exception {
	uint32_t vector, cause, epc, bad_vaddr, entry_hi, context, status;
	uint32_t count;	      /* exceptions so far */
	uint32_t resume;      /* where to go on in kernel mode after the next one; 0: behind it */
	uint32_t after_break; /* likewise after the next BREAK */
};
extern volatile struct exception exception;

/* The program's name and its command line. */
extern const char *const *arguments;

void finish(void) __attribute__((noreturn));
void print(const char *text);
void check(const char *name, uint32_t value);
/* The last exception: vector, code, BD, EPC less `base`, BadVAddr; and how many there were since the last call. */
void check_exception(const char *name, uint32_t base);
int main(void);

uint32_t random_word(void);
uint32_t mix(uint32_t hash, uint32_t value);

#define CODE(cause) ((cause) >> 2 & 31)

#define mfc0(number, select)                                                                                 \
	({                                                                                                   \
		uint32_t value_;                                                                             \
		__asm__ volatile("mfc0 %0, $" #number ", " #select : "=r"(value_));                          \
		value_;                                                                                      \
	})
#define mtc0(number, select, value)                                                                          \
	__asm__ volatile("mtc0 %0, $" #number ", " #select "\n\tehb" : : "r"((uint32_t)(value)) : "memory")

/* Executes assembly with a and b in %1 and %2; the value is the address of its first instruction. */
#define TRY(code, a, b)                                                                                      \
	({                                                                                                   \
		uint32_t base_;                                                                              \
		__asm__ volatile(".set push\n\t.set noreorder\n\t.set noat\n\tla %0, 1f\n1:\t" code          \
				 "\n\t.set pop"                                                              \
				 : "=&r"(base_)                                                              \
				 : "r"(a), "r"(b)                                                            \
				 : "$2", "$3", "$8", "$9", "$31", "memory", "hi", "lo");                     \
		base_;                                                                                       \
	})

static inline volatile uint32_t *word_at(uint32_t address)
{
	return (volatile uint32_t *)address;
}
static inline volatile uint16_t *half_at(uint32_t address)
{
	return (volatile uint16_t *)address;
}
static inline volatile uint8_t *byte_at(uint32_t address)
{
	return (volatile uint8_t *)address;
}

#endif
