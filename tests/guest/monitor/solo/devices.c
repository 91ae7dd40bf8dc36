/* The LAMEbus: a serial console through a ring, a character per interrupt; the timer, for sleeping; the switch. */
#include "tests/guest/monitor/solo/solo.h"

#define RING_SIZE 256

static uint32_t serial, timer, timer_slot;
static char ring[RING_SIZE];
static volatile uint32_t ring_head, ring_tail; /* characters ever put in and taken out */
static volatile bool busy, slept;

/* hw.h has the addresses of the bare machine. */
static volatile uint32_t *reg(uint32_t address)
{
	return (volatile uint32_t *)(address - KSEG0 + (uint32_t)segment);
}

static uint32_t find(uint32_t device)
{
	for (uint32_t slot = 0; slot < BUS_SLOTS; slot++) {
		if (*reg(BUS_CONFIG(slot) + BUS_CONFIG_DEVICE) == device)
			return slot;
	}
	power_off();
}

void devices_start(void)
{
	serial = BUS_DEVICE(find(DEVICE_SERIAL));
	timer_slot = find(DEVICE_TIMER);
	timer = BUS_DEVICE(timer_slot);
	*reg(serial + SERIAL_WRITE_IRQ) = SERIAL_ENABLE;
	*reg(timer + TIMER_RESTART) = 0;
}

uint32_t ram_size(void)
{
	return *reg(BUS_RAM_SIZE);
}

static void send_next(void)
{
	busy = ring_tail != ring_head;
	if (busy)
		*reg(serial + SERIAL_CHARACTER) = (uint8_t)ring[ring_tail++ % RING_SIZE];
}

void devices_interrupt(void)
{
	uint32_t pending = *reg(BUS_INTERRUPTS);

	if (pending & 1u << timer_slot && *reg(timer + TIMER_INTERRUPT))
		slept = true;
	if (*reg(serial + SERIAL_WRITE_IRQ) & SERIAL_READY) {
		*reg(serial + SERIAL_WRITE_IRQ) = SERIAL_ENABLE; /* takes READY back */
		send_next();
	}
}

/* Stops the processor for an interrupt, and takes it. With interrupts off. */
static void pause(void)
{
	uint32_t status = status_get();

	wait_for_interrupt();
	status_set(status | STATUS_IEC | STATUS_IM_BUS | STATUS_IM_TIMER);
	status_set(status);
}

void console_write(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		while (ring_head - ring_tail == RING_SIZE)
			pause();
		ring[ring_head++ % RING_SIZE] = text[i];
		if (!busy)
			send_next();
	}
}

void console_drain(void)
{
	while (busy)
		pause();
}

void sleep(uint32_t microseconds)
{
	slept = false;
	*reg(timer + TIMER_COUNTDOWN) = microseconds;
	while (!slept)
		pause();
}

void power_off(void)
{
	*reg(BUS_POWER) = 0; /* takes 5 ms (section 2.3) */
	for (;;)
		wait_for_interrupt();
}
