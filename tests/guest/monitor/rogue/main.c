/*
 * A guest that misbehaves. It tries in its kernel what must not succeed, says what it got for it, and then does one thing that it does
 * not come back from, the one that its argument names; without any it loops for ever with interrupts off.
 */
#include "tests/guest/monitor/rogue/rogue.h"

#include "tests/guest/common/format.h"
#include "tests/guest/common/string.h"
#include "tests/guest/kernel/hw.h"

#include <stdbool.h>
#include <stddef.h>

#define USER_PAGE 0x00400000 /* an address that only its TLB can give a meaning */

static volatile uint32_t *reg(uint32_t address)
{
	return (volatile uint32_t *)(address - KSEG0 + (uint32_t)segment);
}

static void put(char c)
{
	*reg(BUS_DEVICE(0) + SERIAL_WRITE_IRQ) = 0;
	*reg(BUS_DEVICE(0) + SERIAL_CHARACTER) = (uint8_t)c;
	while (!(*reg(BUS_DEVICE(0) + SERIAL_WRITE_IRQ) & SERIAL_READY))
		;
}

static void print(const char *pattern, ...) __attribute__((format(printf, 1, 2)));
static void print(const char *pattern, ...)
{
	char line[160];
	va_list list;

	va_start(list, pattern);
	format(line, sizeof(line), pattern, list);
	va_end(list);
	for (const char *c = line; *c != '\0'; c++)
		put(*c);
}

static void store_to(uint32_t address)
{
	*(volatile uint32_t *)address = 0x06060606;
}

static void load_from(uint32_t address)
{
	(void)*(volatile uint32_t *)address;
}

static uint32_t ram_end(void)
{
	return (uint32_t)segment + *reg(BUS_RAM_SIZE);
}

/* The monitor's memory, which begins where kseg0 does; its devices; its private page. */
static void store_to_monitor(void)
{
	store_to(KSEG0);
}
static void load_from_monitor(void)
{
	load_from(KSEG0 + 0x80);
}
static void store_to_machine_power(void)
{
	store_to(BUS_POWER);
}
static void store_to_private_page(void)
{
	store_to(0xfffffff4);
}
static void store_behind_memory(void)
{
	store_to(ram_end());
}
static void load_behind_memory(void)
{
	load_from(ram_end() + 0x1000000);
}
static void store_to_empty_slot(void)
{
	*reg(BUS_DEVICE(7)) = 1;
}
static void load_no_device_register(void)
{
	(void)*reg(BUS_DEVICE(0) + 0x10);
}
static void store_to_memory_size(void)
{
	*reg(BUS_RAM_SIZE) = 1 << 24;
}
static void store_to_config(void)
{
	*reg(BUS_CONFIG(0)) = 0;
}

/* What its TLB promises, the machine need not have. */
static void map_nothing(void)
{
	tlb_set(0, USER_PAGE, 0xfffff000 | ENTRYLO_VALID | ENTRYLO_WRITE);
	store_to(USER_PAGE);
}
static void map_behind_memory(void)
{
	tlb_set(0, USER_PAGE, (ram_end() - (uint32_t)segment) | ENTRYLO_VALID | ENTRYLO_WRITE);
	store_to(USER_PAGE);
}
/* Of what is mapped and then no longer, nothing may stay. */
static void store_after_unmapping(void)
{
	tlb_set(0, USER_PAGE, 0x10000 | ENTRYLO_VALID | ENTRYLO_WRITE);
	store_to(USER_PAGE);
	tlb_set(0, 0x80000000, 0);
	store_to(USER_PAGE);
}
static void store_after_protecting(void)
{
	tlb_set(0, USER_PAGE, 0x10000 | ENTRYLO_VALID | ENTRYLO_WRITE);
	store_to(USER_PAGE);
	tlb_set(0, USER_PAGE, 0x10000 | ENTRYLO_VALID);
	store_to(USER_PAGE);
}
/* A device by way of the TLB is a device, too: this is RAM's size. */
static void map_device(void)
{
	tlb_set(0, USER_PAGE, 0x1ffff000 & 0xfffff000 & ~0x8000u);
	tlb_set(0, USER_PAGE, (0x1fff7000) | ENTRYLO_VALID);
	if (*(volatile uint32_t *)(USER_PAGE + 0xe00) != *reg(BUS_RAM_SIZE))
		__asm__ volatile("break");
}
/* All of its memory behind its image, and read back. */
static void fill_memory(void)
{
	volatile uint32_t *end = (volatile uint32_t *)ram_end();

	for (volatile uint32_t *word = (volatile uint32_t *)kernel_end; word < end; word++)
		*word = (uint32_t)word;
	for (volatile uint32_t *word = (volatile uint32_t *)kernel_end; word < end; word++) {
		if (*word != (uint32_t)word)
			__asm__ volatile("break");
	}
}
/* A timer that never rests. */
static void tick_for_ever(void)
{
	*reg(BUS_DEVICE(29) + TIMER_RESTART) = 1;
	*reg(BUS_DEVICE(29) + TIMER_COUNTDOWN) = 0;
}

static const struct {
	void (*function)(void);
	const char *name;
} deeds[] = {
#define DEED(name)                                                                                           \
	{                                                                                                    \
		name, #name                                                                                  \
	}
    DEED(read_no_register),
    DEED(unknown_operation),
    DEED(wait_with_code),
    DEED(jump_to_monitor),
    DEED(jump_to_device),
    DEED(jump_to_user),
    DEED(count_fast),
    DEED(keep_k0),
    DEED(enter_user_mode),
    DEED(store_to_monitor),
    DEED(load_from_monitor),
    DEED(store_to_machine_power),
    DEED(store_to_private_page),
    DEED(store_behind_memory),
    DEED(load_behind_memory),
    DEED(store_to_empty_slot),
    DEED(load_no_device_register),
    DEED(store_to_memory_size),
    DEED(store_to_config),
    DEED(map_nothing),
    DEED(map_behind_memory),
    DEED(store_after_unmapping),
    DEED(store_after_protecting),
    DEED(map_device),
    DEED(fill_memory),
    DEED(tick_for_ever),
#undef DEED
};

static void duplicate_tlb_entries(void)
{
	tlb_set(1, USER_PAGE, 0);
	tlb_set(2, USER_PAGE, 0);
}

void rogue_main(const char *argument) __attribute__((noreturn));
void rogue_main(const char *argument)
{
	char last[16] = "";
	uint32_t result[3];

	for (size_t i = 0; i < sizeof(last) - 1 && argument[i] != '\0'; i++)
		last[i] = argument[i];
	for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++) {
		attempt(deeds[i].function, result);
		print("%s: code %u, address %08x, cause %08x\n", deeds[i].name, result[0], result[1],
		      result[2] & ~0xff00u);
	}
	if (strcmp(last, "overwrite") == 0)
		overwrite_memory((uint32_t)segment, ram_end(), 0x06060606);
	else if (strcmp(last, "zero") == 0) /* no-operations, through which it slides */
		overwrite_memory((uint32_t)segment, ram_end(), 0);
	else if (strcmp(last, "duplicate") == 0)
		duplicate_tlb_entries();
	else if (strcmp(last, "power") == 0)
		*reg(BUS_POWER) = 1;
	else if (strcmp(last, "caches") == 0)
		isolate_caches();
	else if (strcmp(last, "wait") == 0)
		wait_for_ever();
	else if (strcmp(last, "flood") == 0)
		for (;;)
			print("and again\n");
	for (;;)
		;
}
