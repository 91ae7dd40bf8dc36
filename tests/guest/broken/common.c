#include "tests/guest/broken/broken.h"

uint32_t exception_stack;
volatile uint32_t ticks, keys;

void print(const char *text)
{
	while (*text) {
		REGISTER(SERIAL_SLOT, SERIAL_CHARACTER) = (uint8_t)*text++;
		while (!(REGISTER(SERIAL_SLOT, SERIAL_WRITE_IRQ) & SERIAL_READY))
			;
		REGISTER(SERIAL_SLOT, SERIAL_WRITE_IRQ) = 0;
	}
}

void start_ticks(void)
{
	REGISTER(TIMER_SLOT, TIMER_RESTART) = 1;
	REGISTER(TIMER_SLOT, TIMER_COUNTDOWN) = 10000;
}

__attribute__((weak)) void fault(struct frame *frame)
{
	(void)frame;
	print("unexpected exception\n");
	for (;;)
		;
}

void trap(struct frame *frame)
{
	if (CAUSE_CODE(frame->cause) != EXC_INTERRUPT) {
		fault(frame);
		return;
	}
	if (REGISTER(TIMER_SLOT, TIMER_INTERRUPT))
		ticks++;
	if (REGISTER(SERIAL_SLOT, 8) & SERIAL_READY) {
		(void)REGISTER(SERIAL_SLOT, SERIAL_CHARACTER);
		REGISTER(SERIAL_SLOT, 8) = SERIAL_ENABLE;
		keys++;
	}
}
