/* The machine's own devices: the serial console through a ring, a character per interrupt; the timer's tick; the switch. */
#include "tests/guest/monitor/monitor.h"

#define RING_SIZE	  2048
#define TICK_MICROSECONDS 1000

static uint32_t serial, timer;
static uint32_t serial_slot, timer_slot;
static char ring[RING_SIZE];
static uint32_t ring_head, ring_tail; /* characters ever put in and taken out */
static bool busy;

static uint32_t find(uint32_t device)
{
	for (uint32_t slot = 0; slot < BUS_SLOTS; slot++) {
		if (device_read(BUS_CONFIG(slot) + BUS_CONFIG_DEVICE) == device)
			return slot;
	}
	power_off(); /* nothing to say it with */
}

void console_start(void)
{
	serial_slot = find(DEVICE_SERIAL);
	serial = BUS_DEVICE(serial_slot);
	device_write(serial + SERIAL_WRITE_IRQ, SERIAL_ENABLE);
	timer_slot = find(DEVICE_TIMER);
	timer = BUS_DEVICE(timer_slot);
	device_write(timer + TIMER_RESTART, 1);
	device_write(timer + TIMER_COUNTDOWN, TICK_MICROSECONDS);
}

uint32_t clock_read(uint32_t reg)
{
	return device_read(timer + reg);
}

static void send_next(void)
{
	busy = ring_tail != ring_head;
	if (busy)
		device_write(serial + SERIAL_CHARACTER, (uint8_t)ring[ring_tail++ % RING_SIZE]);
}

static void serial_interrupt(void)
{
	if (!(device_read(serial + SERIAL_WRITE_IRQ) & SERIAL_READY))
		return;
	device_write(serial + SERIAL_WRITE_IRQ, SERIAL_ENABLE); /* takes READY back */
	send_next();
	for (unsigned i = 0; i < vm_count; i++)
		serial_poll(&vms[i]);
}

void machine_interrupt(void)
{
	uint32_t pending = device_read(BUS_INTERRUPTS);

	if (pending & 1u << timer_slot) {
		device_read(timer + TIMER_INTERRUPT);
		clock_tick();
	}
	if (pending & 1u << serial_slot)
		serial_interrupt();
}

bool console_has_room(size_t length)
{
	return RING_SIZE - (ring_head - ring_tail) >= length;
}

void console_write(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		while (!console_has_room(1))
			serial_interrupt();
		ring[ring_head++ % RING_SIZE] = text[i];
		if (!busy)
			send_next();
	}
}

void console_drain(void)
{
	while (busy)
		serial_interrupt();
}

void power_off(void)
{
	device_write(BUS_POWER, 0); /* takes 5 ms (section 2.3) */
	for (;;)
		wait_for_interrupt();
}
