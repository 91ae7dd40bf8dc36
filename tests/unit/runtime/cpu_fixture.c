#include "cpu_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct cpu_fixture *of(struct cpu *cpu)
{
	return cpu->machine;
}

static bool bus_load_hook(struct cpu *cpu, uint32_t offset, unsigned size, uint32_t *value)
{
	(void)size;
	of(cpu)->device_offset = offset;
	*value = of(cpu)->device;
	return !of(cpu)->device_fails;
}

static bool bus_store_hook(struct cpu *cpu, uint32_t offset, unsigned size, uint32_t value)
{
	(void)size;
	of(cpu)->device_offset = offset;
	of(cpu)->device = value;
	return !of(cpu)->device_fails;
}

static void stopped(struct cpu *cpu)
{
	of(cpu)->stops++;
}

static void hang(struct cpu *cpu, const char *text)
{
	snprintf(of(cpu)->hang, sizeof(of(cpu)->hang), "%s", text);
}

static void message(struct cpu *cpu, const char *text)
{
	size_t length = strlen(of(cpu)->messages);

	snprintf(of(cpu)->messages + length, sizeof(of(cpu)->messages) - length, "%s\n", text);
}

static const struct machine_hooks hooks = {
    .bus_load = bus_load_hook,
    .bus_load_quietly = bus_load_hook,
    .bus_store = bus_store_hook,
    .stopped = stopped,
    .hang = hang,
    .message = message,
};

static struct cpu_fixture *new_fixture(const struct cpu_model *model, const struct memory_map *map)
{
	struct cpu_fixture *fixture = calloc(1, sizeof(*fixture));
	struct error error;

	assert_non_null(fixture);
	assert_true(memory_init(&fixture->memory, RAM_SIZE, map, &error));
	cpu_init(&fixture->cpu, 0, model, &fixture->memory);
	fixture->cpu.hooks = &hooks;
	fixture->cpu.machine = fixture;
	fixture->cpu.run_state = CPU_RUNNING;
	fixture->cpu.status = 0;
	assert_null(cpu_set_entry(&fixture->cpu, ENTRY));
	return fixture;
}

struct cpu_fixture *cpu_fixture_new(void)
{
	return new_fixture(&cpu_model_mips161, &memory_map_system161);
}

struct cpu_fixture *cpu_fixture_new_mips32(const char *name, bool big_endian)
{
	struct memory_map map = {.big_endian = big_endian,
				 .high_ram = 0x80000000u,
				 .high_shift = 0x80000000u,
				 .bus_end = 0x20000000u};

	return new_fixture(cpu_model_mips32(name, big_endian), &map);
}

void cpu_fixture_free(struct cpu_fixture *fixture)
{
	memory_free(&fixture->memory);
	free(fixture);
}

void put_words(struct cpu_fixture *fixture, uint32_t physical, const uint32_t *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		memory_write_word(&fixture->memory, physical + 4 * (uint32_t)i, words[i]);
}

void cycles(struct cpu_fixture *fixture, unsigned count)
{
	struct cpu *cpu = &fixture->cpu;

	for (; count > 0; count--) {
		cpu->active_end++;
		cpu->budget = 1;
		cpu->attention = 0;
		reference_step(cpu);
		assert_int_equal(cpu->budget, 0);
		assert_int_equal(cpu->gpr[0], 0);
		if (cpu_active(cpu) == cpu->timer_deadline)
			cpu_timer_match(cpu);
	}
}

void map_page(struct cpu_fixture *fixture, unsigned index, uint32_t va, uint32_t physical, uint32_t flags)
{
	fixture->cpu.tlb_hi[index] = va;
	fixture->cpu.tlb_lo[index] = physical | flags;
	fixture->cpu.tlb_mask[index] = flags & ENTRY_LO_G ? ENTRY_HI_VPN : ENTRY_HI_VPN | ENTRY_HI_ASID;
}

void go_to(struct cpu_fixture *fixture, uint32_t pc)
{
	fixture->cpu.pc = pc;
	fixture->cpu.next_pc = pc + 4;
	fixture->cpu.exception_pc = pc;
	assert_true(cpu_map_pc(&fixture->cpu));
	assert_true(cpu_map_next_pc(&fixture->cpu));
}
