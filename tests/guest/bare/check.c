/* Reports of the bare programs: polled output on the serial device in slot 0, then power-off. The timer is in
 * slot 29. */
#include "tests/guest/bare/check.h"

#include "tests/guest/common/format.h"
#include "tests/guest/kernel/hw.h"

/* vectors.S */
extern struct {
	uint32_t vector, cause, epc, vaddr, entryhi, context, status;
} exception_record;

static volatile uint32_t *device(uint32_t address)
{
	return (volatile uint32_t *)address;
}

static void put(char c)
{
	*device(BUS_DEVICE(0u) + SERIAL_WRITE_IRQ) = 0;
	*device(BUS_DEVICE(0u) + SERIAL_CHARACTER) = (uint8_t)c;
	while (!(*device(BUS_DEVICE(0u) + SERIAL_WRITE_IRQ) & SERIAL_READY))
		*device(BUS_DEVICE(29u) + TIMER_INTERRUPT); /* nobody else takes it back */
}

static void print(const char *pattern, ...)
{
	char line[160];
	va_list arguments;

	va_start(arguments, pattern);
	format(line, sizeof(line), pattern, arguments);
	va_end(arguments);

	/* On a quiet machine each character would take 2 ms; with a timer running it takes 21 us
	 * (section 6.4). */
	if (*device(BUS_DEVICE(29u) + TIMER_RESTART) == 0) {
		*device(BUS_DEVICE(29u) + TIMER_RESTART) = 1;
		*device(BUS_DEVICE(29u) + TIMER_COUNTDOWN) = 1000;
	}
	for (const char *c = line; *c != '\0'; c++)
		put(*c);
}

void check(const char *name, uint32_t value)
{
	print("%s = %08x\n", name, value);
}

void check_exception(const char *name)
{
	print("%s = vector %02x, Cause %08x, EPC %08x, BadVAddr %08x\n", name, exception_record.vector,
	      exception_record.cause, exception_record.epc, exception_record.vaddr);
	print("%s = EntryHi %08x, Context %08x, Status %08x\n", name, exception_record.entryhi,
	      exception_record.context, exception_record.status);
}

void finish(void)
{
	*device(BUS_DEVICE(29u) + TIMER_RESTART) = 0;
	*device(BUS_POWER) = 0;
	for (;;) {
		*device(BUS_DEVICE(29u) + TIMER_INTERRUPT);
		__asm__ volatile(".word 0x42000020"); /* wait */
	}
}
