/* The Malta board: one MIPS32 processor, RAM, the devices of devices/malta, and what the boot loader leaves for the
 * program. Malta reference, sections 2 and 3. */
#include "devices/malta/malta.h"

#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/vm/vm_internal.h"

#define NS_PER_MALTA_CYCLE 1
#define KSEG0		   0x80000000u
#define KSEG2		   0xC0000000u
#define PHYSICAL_MASK	   0x1FFFFFFFu
#define ENTRY_STACK	   0x80001FC0u
#define MAX_FILE	   (256u << 20)

/* Tables of pointers and strings. */
#define TABLE_PHYSICAL	 0x2000u
#define TABLE_POINTERS	 16u
#define TABLE_STRING	 256u /* bytes for each string */
#define TABLE_LONG	 (TABLE_PHYSICAL + TABLE_POINTERS * 4 + TABLE_POINTERS * TABLE_STRING)
#define TABLE_LONG_BYTES 0x4000u
#define TABLE_ARGUMENTS	 2u /* pointers to arguments; the environment follows */

/* The ROM: the revision that says what the board is; and loops at the vectors that exceptions take while BEV is set. */
#define ROM_REVISION	   0x010u
#define ROM_REVISION_VALUE 0x00000420u
#define WORD_WAIT	   0x42000020u
#define WORD_BRANCH_BACK   0x1000FFFEu /* to the word before */

static const struct memory_map little_map = {
    .high_ram = 0x80000000u, .high_shift = 0x80000000u, .bus_base = 0, .bus_end = 0x20000000u};
static const struct memory_map big_map = {.big_endian = true,
					  .high_ram = 0x80000000u,
					  .high_shift = 0x80000000u,
					  .bus_base = 0,
					  .bus_end = 0x20000000u};

/* --- what the processor asks --- */

static bool malta_hook_load(struct cpu *cpu, uint32_t physical, unsigned size, uint32_t *value)
{
	struct vm *vm = cpu->machine;

	vm_set_now(vm, cpu);
	*value = malta_load(vm->malta, physical, size);
	return true;
}

static bool malta_hook_load_quietly(struct cpu *cpu, uint32_t physical, unsigned size, uint32_t *value)
{
	struct vm *vm = cpu->machine;

	return malta_load_is_quiet(vm->malta, physical, size) && malta_hook_load(cpu, physical, size, value);
}

static bool malta_hook_store(struct cpu *cpu, uint32_t physical, unsigned size, uint32_t value)
{
	struct vm *vm = cpu->machine;

	vm_set_now(vm, cpu);
	malta_store(vm->malta, physical, size, value);
	return true;
}

static bool malta_hook_store_quietly(struct cpu *cpu, uint32_t physical, unsigned size, uint32_t value)
{
	struct vm *vm = cpu->machine;

	return malta_store_is_quiet(vm->malta, physical) && malta_hook_store(cpu, physical, size, value);
}

static bool malta_hook_store_shows_state(struct cpu *cpu, uint32_t physical)
{
	(void)cpu;
	(void)physical;
	return false;
}

/* --- loading --- */

struct image {
	const char *path;
	uint8_t *bytes;
	size_t size;
	bool big_endian;
	Elf32_Ehdr header; /* in host order, as far as it is used */
};

static uint32_t word_of(const struct image *image, uint32_t word)
{
	return image->big_endian ? be32toh(word) : le32toh(word);
}

static uint16_t half_of(const struct image *image, uint16_t half)
{
	return image->big_endian ? be16toh(half) : le16toh(half);
}

static bool read_file(struct image *image, struct error *error)
{
	struct stat status;
	int fd = open(image->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0) {
		error_set(error, "Cannot open kernel %s: %s", image->path, strerror(errno));
		return error_hint(error, "Give --kernel the path of an ELF file linked for Malta.");
	}
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size > MAX_FILE) {
		close(fd);
		return error_set(error, "Kernel %s is not a regular file, or far too large", image->path);
	}
	image->size = (size_t)status.st_size;
	image->bytes = malloc(image->size + 1);
	if (!image->bytes)
		abort();
	for (size_t done = 0; done < image->size;) {
		ssize_t got = read(fd, image->bytes + done, image->size - done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			close(fd);
			return error_set(error, "Cannot read kernel %s: %s", image->path,
					 got < 0 ? strerror(errno) : "it became shorter meanwhile");
		}
		done += (size_t)got;
	}
	close(fd);
	return true;
}

static bool check_header(struct image *image, struct error *error)
{
	Elf32_Ehdr *header = &image->header;

	if (image->size < sizeof(*header) || memcmp(image->bytes, ELFMAG, SELFMAG) != 0) {
		error_set(error, "Kernel %s is not an ELF file", image->path);
		return error_hint(error,
				  "It does not start with the ELF magic number; give the linked program.");
	}
	memcpy(header, image->bytes, sizeof(*header));
	if (header->e_ident[EI_CLASS] != ELFCLASS32 ||
	    (header->e_ident[EI_DATA] != ELFDATA2MSB && header->e_ident[EI_DATA] != ELFDATA2LSB)) {
		error_set(error, "Kernel %s is not a 32-bit program", image->path);
		return error_hint(error, "Build it for 32-bit MIPS (-mabi=32), with -EL or -EB.");
	}
	image->big_endian = header->e_ident[EI_DATA] == ELFDATA2MSB;
	if (half_of(image, header->e_machine) != EM_MIPS || half_of(image, header->e_type) != ET_EXEC) {
		error_set(error, "Kernel %s is not an executable for MIPS", image->path);
		return error_hint(error, "It has ELF machine %u (MIPS: 8) and type %u (executable: 2).",
				  half_of(image, header->e_machine), half_of(image, header->e_type));
	}
	return true;
}

static bool load_segment(struct vm *vm, const struct image *image, unsigned number, const Elf32_Phdr *segment,
			 struct error *error)
{
	uint32_t address = word_of(image, segment->p_vaddr), size = word_of(image, segment->p_memsz);
	uint32_t file_size = word_of(image, segment->p_filesz), at = word_of(image, segment->p_offset);
	uint32_t physical = address & PHYSICAL_MASK;

	if (size == 0)
		return true;
	if (file_size > size)
		file_size = size;
	if (address >= KSEG2 || physical >= vm->memory.ram_size || size > vm->memory.ram_size - physical) {
		error_set(error, "Kernel %s does not fit into memory", image->path);
		return error_hint(
		    error,
		    "Segment %u is at 0x%08x, 0x%x bytes; RAM has 0x%x from 0x80000000 on. Raise --memory "
		    "or link it lower.",
		    number, address, size, vm->memory.ram_size);
	}
	if (at > image->size || file_size > image->size - at) {
		error_set(error, "Kernel %s is too short", image->path);
		return error_hint(error, "Segment %u ends behind the end of the file.", number);
	}
	memcpy(vm->memory.ram + physical, image->bytes + at, file_size);
	memset(vm->memory.ram + physical + file_size, 0, size - file_size);
	return true;
}

static bool load_segments(struct vm *vm, const struct image *image, struct error *error)
{
	uint64_t table = word_of(image, image->header.e_phoff);
	unsigned entry = half_of(image, image->header.e_phentsize);

	for (unsigned i = 0; i < half_of(image, image->header.e_phnum); i++) {
		uint64_t at = table + (uint64_t)i * entry;
		Elf32_Phdr segment;

		if (entry < sizeof(segment) || at + sizeof(segment) > image->size)
			return error_set(error, "Kernel %s is too short for its program headers",
					 image->path);
		memcpy(&segment, image->bytes + at, sizeof(segment));
		if (word_of(image, segment.p_type) == PT_LOAD && !load_segment(vm, image, i, &segment, error))
			return false;
	}
	return true;
}

static void put_string(struct vm *vm, unsigned number, uint32_t at, const char *text)
{
	memcpy(vm->memory.ram + at, text, strlen(text) + 1);
	memory_write_word(&vm->memory, TABLE_PHYSICAL + 4 * number, KSEG0 + at);
}

/* Arguments and environment, as two arrays of pointers that end with 0. */
static bool place_tables(struct vm *vm, const struct malta_options *options, struct error *error)
{
	char size[16];
	const char *strings[] = {
	    options->kernel, options->command_line, "memsize", size, "ememsize", size, "modetty0",
	    "38400n8r"};

	snprintf(size, sizeof(size), "%u", vm->memory.ram_size);
	for (unsigned i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		uint32_t at = TABLE_PHYSICAL + TABLE_POINTERS * 4 + i * TABLE_STRING;
		size_t length = strlen(strings[i]);

		if (i == 0 && length >= TABLE_STRING)
			put_string(vm, i, at, "kernel");
		else if (length < TABLE_STRING)
			put_string(vm, i, at, strings[i]);
		else if (length < TABLE_LONG_BYTES)
			put_string(vm, i, TABLE_LONG, strings[i]); /* only --append can be so long */
		else
			return error_set(error, "--append is longer than %u characters",
					 TABLE_LONG_BYTES - 1);
	}
	return true;
}

static void fill_rom(struct vm *vm)
{
	static const uint32_t vectors[] = {0x000, 0x200, 0x300, 0x380, 0x400, 0x480};

	for (unsigned i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		memory_write_word(&vm->memory, vm->memory.rom_offset + vectors[i], WORD_WAIT);
		memory_write_word(&vm->memory, vm->memory.rom_offset + vectors[i] + 4, WORD_BRANCH_BACK);
	}
	memory_write_word(&vm->memory, vm->memory.rom_offset + ROM_REVISION, ROM_REVISION_VALUE);
}

static void prepare_processor(struct vm *vm, const struct image *image)
{
	struct cpu *cpu = &vm->cpus[0];

	cpu->status = STATUS_BEV;
	cpu->gpr[4] = TABLE_ARGUMENTS;
	cpu->gpr[5] = KSEG0 + TABLE_PHYSICAL;
	cpu->gpr[6] = KSEG0 + TABLE_PHYSICAL + 4 * TABLE_ARGUMENTS;
	cpu->gpr[7] = vm->memory.ram_size;
	cpu->gpr[29] = ENTRY_STACK;
	cpu_set_entry(cpu, word_of(image, image->header.e_entry));
}

/* --- building --- */

static bool build(struct vm *vm, const struct cpu_model *model, uint32_t ram_size, struct error *error)
{
	bool big = model->lift.big_endian;

	vm->class = &malta_class;
	vm->ns_per_cycle = NS_PER_MALTA_CYCLE;
	vm->events.now = 0;
	vm->events.jitter = false;
	vm->malta = malta_new(&vm->services, big);
	return vm_add_processors(vm, model, 1, ram_size, big ? &big_map : &little_map, error);
}

static bool build_and_load(struct vm *vm, const struct malta_options *options, struct image *image,
			   struct error *error)
{
	const struct cpu_model *model;

	if (!read_file(image, error) || !check_header(image, error))
		return false;
	if (options->endian != MALTA_ENDIAN_OF_KERNEL &&
	    image->big_endian != (options->endian == MALTA_BIG)) {
		error_set(error, "Kernel %s is %s-endian", image->path, image->big_endian ? "big" : "little");
		return error_hint(error, "Leave --endian out, or build the program with %s.",
				  image->big_endian ? "-EL" : "-EB");
	}
	model = cpu_model_mips32(options->cpu, image->big_endian);
	if (!model) {
		error_set(error, "Unknown processor %s", options->cpu);
		return error_hint(error, "--cpu takes 24Kf or 34Kf.");
	}
	if (!build(vm, model, options->ram_size, error))
		return false;
	if (vm->options.console)
		malta_set_console(vm->malta, vm->options.console);
	fill_rom(vm);
	if (!place_tables(vm, options, error) || !load_segments(vm, image, error))
		return false;
	prepare_processor(vm, image);
	return true;
}

bool vm_build_malta(struct vm *vm, const struct malta_options *options, struct error *error)
{
	struct image image = {.path = options->kernel};
	bool done = build_and_load(vm, options, &image, error);

	free(image.bytes);
	return done;
}

bool vm_stuck_in_rom(const struct vm *vm)
{
	return vm->class == &malta_class && vm->cpus[0].pc >> 12 == 0xBFC00;
}

static bool malta_replicate(struct vm *vm, const struct vm *primary, struct error *error)
{
	if (!build(vm, primary->cpus[0].model, primary->memory.ram_size, error))
		return false;
	fill_rom(vm); /* it is not part of snapshots */
	return true;
}

/* --- the devices, for the run loop, snapshots and lockstep --- */

static void malta_class_free(struct vm *vm)
{
	malta_free(vm->malta);
}

static void malta_event(struct vm *vm, const struct event *event)
{
	(void)vm; /* none of the devices schedules any */
	(void)event;
}

static void malta_class_poll(struct vm *vm)
{
	malta_poll(vm->malta);
}

static bool malta_class_has_live_input(const struct vm *vm)
{
	return malta_has_live_input(vm->malta);
}

static bool malta_class_wait_input(struct vm *vm, uint64_t timeout)
{
	return malta_wait_input(vm->malta, timeout);
}

static void *malta_class_snapshot(const struct vm *vm)
{
	return malta_snapshot(vm->malta);
}

static void malta_class_restore(struct vm *vm, const void *snapshot)
{
	malta_restore(vm->malta, snapshot);
}

static bool malta_equal(const struct vm *a, const struct vm *b, char *where, size_t size)
{
	return malta_states_equal(a->malta, b->malta, where, size);
}

static bool malta_commit(struct vm *vm, struct error *error)
{
	(void)vm;
	(void)error;
	return true;
}

static uint64_t malta_class_digest(const struct vm *vm)
{
	return malta_states_digest(vm->malta);
}

static void malta_class_dump(struct vm *vm)
{
	malta_dump(vm->malta);
}

const struct machine_class malta_class = {
    .hooks =
	{
	    .bus_load = malta_hook_load,
	    .bus_store = malta_hook_store,
	    .bus_load_quietly = malta_hook_load_quietly,
	    .bus_store_quietly = malta_hook_store_quietly,
	    .bus_store_shows_state = malta_hook_store_shows_state,
	    .stopped = vm_hook_stopped,
	    .hang = vm_hook_hang,
	    .message = vm_hook_message,
	},
    .exact = true,
    .window = 250000, /* ours to choose: most end within translated code, whose rest is interpreted */
    .replicate = malta_replicate,
    .free = malta_class_free,
    .event = malta_event,
    .poll = malta_class_poll,
    .has_live_input = malta_class_has_live_input,
    .wait_input = malta_class_wait_input,
    .snapshot = malta_class_snapshot,
    .restore = malta_class_restore,
    .free_snapshot = free,
    .equal = malta_equal,
    .digest = malta_class_digest,
    .commit = malta_commit,
    .dump = malta_class_dump,
};
