/*
 * Start, end, and messages of the monitor. Its argument names the guests, as NAME=IMAGE or NAME=IMAGE:ARGUMENTS with commas for
 * blanks, and may have limit=MILLISECONDS after which whoever still runs is stopped. Without any: alpha=solo beta=solo.
 */
#include "tests/guest/monitor/monitor.h"

#include "tests/guest/common/format.h"
#include "tests/guest/common/string.h"

#define ARGUMENT_SIZE 512

/* images.S: name and ELF file, up to a name of NULL. */
extern const struct image {
	const char *name;
	const uint8_t *elf;
} images[];
extern char monitor_end[];

/* As much of ELF as a loader needs. */
struct elf_header {
	uint8_t unused1[24];
	uint32_t entry, segments_offset;
	uint8_t unused2[12];
	uint16_t segment_count;
};
struct elf_segment {
	uint32_t type, offset, vaddr, paddr, file_size, memory_size;
	uint32_t unused[2];
};
#define ELF_LOAD 1

struct vm vms[GUESTS_MAX];
unsigned vm_count;

static char arguments[ARGUMENT_SIZE];
static uint32_t free_memory;

void print(const char *pattern, ...)
{
	char line[200];
	va_list list;

	va_start(list, pattern);
	console_write(line, format(line, sizeof(line), pattern, list));
	va_end(list);
}

void panic(const char *pattern, ...)
{
	char line[200];
	va_list list;

	va_start(list, pattern);
	print("monitor: panic: ");
	console_write(line, format(line, sizeof(line), pattern, list));
	print("\n");
	va_end(list);
	console_drain();
	power_off();
}

static void *take_memory(uint32_t size)
{
	uint32_t address = free_memory;

	free_memory += size;
	if (free_memory > KSEG0 + device_read(BUS_RAM_SIZE))
		panic("the guests do not fit into memory");
	memset((void *)address, 0, size);
	return (void *)address;
}

static void load(struct vm *vm, const uint8_t *elf)
{
	const struct elf_header *header = (const struct elf_header *)elf;
	const struct elf_segment *segment = (const struct elf_segment *)(elf + header->segments_offset);

	for (unsigned i = 0; i < header->segment_count; i++, segment++) {
		uint32_t physical = segment->vaddr & 0x1fffffff;

		if (segment->type != ELF_LOAD)
			continue;
		if (physical + segment->memory_size > GUEST_RAM)
			panic("%s does not fit into its memory", vm->name);
		memcpy((void *)(KSEG0 + vm->ram + physical), elf + segment->offset, segment->file_size);
	}
	vm->pc = header->entry;
	/* Where its kernel segments begin tells what it is linked for. */
	vm->segment = header->entry & ~0x1fffffffu;
}

/* As the machine's loader leaves things (section 4.2). */
static void pass_argument(struct vm *vm, const char *argument)
{
	uint32_t length = ((uint32_t)strlen(argument) + 4) & ~3u;
	uint32_t physical = GUEST_RAM - length;
	char *to = (char *)(KSEG0 + vm->ram + physical);

	for (; *argument != '\0'; argument++)
		*to++ = *argument == ',' ? ' ' : *argument;
	vm->reg[4] = vm->segment + physical;
	vm->reg[29] = vm->reg[4] - 4;
}

static void create(const char *name, const char *image, const char *argument)
{
	const struct image *entry = images;
	struct vm *vm = &vms[vm_count];

	while (entry->name != NULL && strcmp(entry->name, image) != 0)
		entry++;
	if (entry->name == NULL || vm_count == GUESTS_MAX)
		panic("there is no image %s, or no room for %s", image, name);
	vm->name = name;
	vm->ram = (uint32_t)take_memory(GUEST_RAM) - KSEG0;
	vm->returns = take_memory(PAGE_SIZE);
	vm->irq_enable = vm->cpu_irq_enable = 0xffffffff;
	vm->slice_left = SLICE;
	vm_reset(vm);
	load(vm, entry->elf);
	pass_argument(vm, argument);
	vm_count++;
}

/* Cuts a word at a character; returns what follows, or the end of the word. */
static char *cut(char *word, char at)
{
	while (*word != '\0' && *word != at)
		word++;
	if (*word == at)
		*word++ = '\0';
	return word;
}

static void read_word(char *word)
{
	char *image = cut(word, '=');
	char *argument = cut(image, ':');

	if (strcmp(word, "limit") != 0) {
		create(word, *image != '\0' ? image : "solo", argument);
		return;
	}
	for (; *image >= '0' && *image <= '9'; image++)
		tick_limit = tick_limit * 10 + (uint32_t)(*image - '0');
}

void monitor_main(const char *argument)
{
	unsigned length = 0;

	/* The loader left it in memory that is about to be handed out. */
	for (; argument[length] != '\0' && length < ARGUMENT_SIZE - 1; length++)
		arguments[length] = argument[length];
	for (uint32_t i = FIRST_SHADOW; i < TLB_ENTRIES; i++)
		tlb_write(i, KSEG0 + (i << PAGE_SHIFT), 0);
	console_start();
	free_memory = (uint32_t)monitor_end;
	for (char *word = arguments; *word != '\0';) {
		char *next = cut(word, ' ');

		if (*word != '\0')
			read_word(word);
		word = next;
	}
	if (vm_count == 0) {
		create("alpha", "solo", "");
		create("beta", "solo", "");
	}
	for (unsigned i = 0; i < vm_count; i++)
		print("monitor: %s has %u KiB at %08x, its kernel segment is at %08x\n", vms[i].name,
		      GUEST_RAM / 1024, vms[i].ram, vms[i].segment);
	run_next();
}

void shut_down(void)
{
	for (unsigned i = 0; i < vm_count; i++) {
		const struct vm *vm = &vms[i];

		print("monitor: %s: %u cycles of its own, %u of the monitor's; %u instructions emulated\n",
		      vm->name, vm->guest_cycles, vm->monitor_cycles, vm->emulated);
		print("monitor: %s: traps: %u privileged, %u device, %u shadow, %u reflected, %u fetch, %u "
		      "timer, %u bus\n",
		      vm->name, vm->traps[TRAP_PRIVILEGED], vm->traps[TRAP_DEVICE], vm->traps[TRAP_SHADOW],
		      vm->traps[TRAP_REFLECTED], vm->traps[TRAP_FETCH], vm->traps[TRAP_TIMER],
		      vm->traps[TRAP_BUS]);
		print("monitor: %s: given: %u exceptions, %u of them interrupts\n", vm->name, vm->exceptions,
		      vm->interrupts);
	}
	console_drain();
	power_off();
}
