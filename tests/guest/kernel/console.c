/*
 * Console output through the serial device, a character per interrupt. The device drops what is written while
 * it is busy, and says READY through its interrupt when it can take the next (System/161 reference,
 * section 3.3).
 */
#include "tests/guest/kernel/kernel.h"

#define RING_SIZE 1024

static uint32_t serial; /* register address */
static char ring[RING_SIZE];
static volatile uint32_t ring_head, ring_tail; /* characters ever put in and taken out */
static volatile bool busy;
static struct mutex line_lock;

void console_start(void)
{
	int slot = bus_find(DEVICE_SERIAL);

	if (slot < 0)
		power_off();
	serial = BUS_DEVICE((uint32_t)slot);
	device_write(serial + SERIAL_WRITE_IRQ, SERIAL_ENABLE);
}

static void send_next(void)
{
	busy = ring_tail != ring_head;
	if (busy)
		device_write(serial + SERIAL_CHARACTER, (uint8_t)ring[ring_tail++ % RING_SIZE]);
}

void console_interrupt(void)
{
	if (!(device_read(serial + SERIAL_WRITE_IRQ) & SERIAL_READY))
		return;
	device_write(serial + SERIAL_WRITE_IRQ, SERIAL_ENABLE); /* takes READY back */
	send_next();
	if (!busy || ring_head - ring_tail == RING_SIZE / 2)
		wake_first(ring);
}

void console_write(const char *text, size_t length)
{
	mutex_lock(&line_lock);

	uint32_t status = interrupts_off();

	for (size_t i = 0; i < length; i++) {
		while (ring_head - ring_tail == RING_SIZE)
			sleep_on(ring);
		ring[ring_head++ % RING_SIZE] = text[i];
		if (!busy)
			send_next();
	}
	interrupts_restore(status);
	mutex_unlock(&line_lock);
}

void console_drain(void)
{
	uint32_t status = interrupts_off();

	while (busy)
		sleep_on(ring);
	interrupts_restore(status);
}

/* For panic: with interrupts off, past whatever is in the ring. */
void console_write_polled(const char *text, size_t length)
{
	while (busy && !(device_read(serial + SERIAL_WRITE_IRQ) & SERIAL_READY))
		;
	for (size_t i = 0; i < length; i++) {
		device_write(serial + SERIAL_WRITE_IRQ, 0);
		device_write(serial + SERIAL_CHARACTER, (uint8_t)text[i]);
		while (!(device_read(serial + SERIAL_WRITE_IRQ) & SERIAL_READY))
			;
	}
	busy = false;
}
