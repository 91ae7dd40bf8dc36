/* The LAMEbus: finding devices, dispatching their interrupts; the timer, random and trace devices; power. */
#include "tests/guest/kernel/kernel.h"

static uint32_t timer, random_device, trace_card; /* register addresses; 0: not there */
static uint32_t timer_slot, start_seconds, start_nanoseconds;
static uint32_t ticks;

int bus_find(unsigned device)
{
	for (int slot = 0; slot < BUS_SLOTS; slot++) {
		if (device_read(BUS_CONFIG((uint32_t)slot) + BUS_CONFIG_DEVICE) == device)
			return slot;
	}
	return -1;
}

static uint32_t find_registers(unsigned device)
{
	int slot = bus_find(device);

	return slot < 0 ? 0 : BUS_DEVICE((uint32_t)slot);
}

static void read_clock(uint32_t *seconds, uint32_t *nanoseconds)
{
	do {
		*seconds = device_read(timer + TIMER_SECONDS);
		*nanoseconds = device_read(timer + TIMER_NANOSECONDS);
	} while (device_read(timer + TIMER_SECONDS) != *seconds);
}

void bus_start(void)
{
	random_device = find_registers(DEVICE_RANDOM);
	trace_card = find_registers(DEVICE_TRACE);
	timer = find_registers(DEVICE_TIMER);
	if (timer == 0)
		panic("no timer");
	timer_slot = (uint32_t)bus_find(DEVICE_TIMER);
	read_clock(&start_seconds, &start_nanoseconds);
	device_write(timer + TIMER_RESTART, 1);
	device_write(timer + TIMER_COUNTDOWN, TICK_MICROSECONDS);
}

void bus_interrupt(void)
{
	uint32_t pending = device_read(BUS_INTERRUPTS);

	if (pending & 1u << timer_slot) {
		device_read(timer + TIMER_INTERRUPT);
		ticks++;
		wake(&ticks);
	}
	/* The others look at their own registers: cheaper than keeping a table for two. */
	console_interrupt();
	disk_interrupt();
}

void sleep_ticks(uint32_t count)
{
	uint32_t status = interrupts_off();
	uint32_t start = ticks;

	while (ticks - start < count)
		sleep_on(&ticks);
	interrupts_restore(status);
}

uint32_t bus_ram_size(void)
{
	return device_read(BUS_RAM_SIZE);
}

uint32_t time_microseconds(void)
{
	uint32_t seconds, nanoseconds;

	read_clock(&seconds, &nanoseconds);
	return (seconds - start_seconds) * 1000000 + nanoseconds / 1000 - start_nanoseconds / 1000;
}

uint32_t random_word(void)
{
	return random_device == 0 ? 0 : device_read(random_device);
}

void trace_stop(void)
{
	if (trace_card != 0)
		device_write(trace_card + TRACE_STOP, 0);
}

void power_off(void)
{
	interrupts_off();
	device_write(BUS_POWER, 0); /* takes 5 ms (section 2.3) */
	for (;;)
		wait_for_interrupt();
}
