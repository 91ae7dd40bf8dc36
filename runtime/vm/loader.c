/* Loading a kernel: System/161 reference, sections 4.1 and 4.2. The original's message comes first, our
 * explanation follows as the hint. */
#include "runtime/vm/vm_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/core/host_pages.h"

#define PT_MIPS_REGINFO_TYPE  0x70000000u
#define PT_MIPS_ABIFLAGS_TYPE 0x70000003u
#define KSEG0		      0x80000000u
#define KSEG1		      0xA0000000u
#define KSEG2		      0xC0000000u

static bool read_exactly(int fd, void *buffer, size_t size, uint64_t offset, const char *path,
			 struct error *error)
{
	size_t done = 0;

	while (done < size) {
		ssize_t got = pread(fd, (char *)buffer + done, size - done, (off_t)(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			error_set(error, "read: boot image: %s", strerror(errno));
			return error_hint(error, "%s cannot be read at offset %llu.", path,
					  (unsigned long long)(offset + done));
		}
		if (got == 0) {
			error_set(error, "read: boot image: unexpected EOF");
			return error_hint(
			    error, "%s ends at offset %llu, before what its headers promise; link it again.",
			    path, (unsigned long long)(offset + done));
		}
		done += (size_t)got;
	}
	return true;
}

static bool check_header(const Elf32_Ehdr *header, const char *path, struct error *error)
{
	if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) {
		error_set(error, "Boot image is not an ELF executable");
		return error_hint(
		    error, "%s does not start with the ELF magic number; give the linked kernel.", path);
	}
	if (header->e_ident[EI_CLASS] != ELFCLASS32) {
		error_set(error, "Boot image is not a 32-bit executable");
		return error_hint(error, "%s has ELF class %u; build it for 32-bit MIPS (-mabi=32).", path,
				  header->e_ident[EI_CLASS]);
	}
	if (header->e_ident[EI_DATA] != ELFDATA2MSB) {
		error_set(error, "Boot image has the wrong endianness");
		return error_hint(error, "System/161 is big-endian; build %s with -EB.", path);
	}
	if (header->e_ident[EI_VERSION] != EV_CURRENT || be32toh(header->e_version) != EV_CURRENT) {
		error_set(error, "Boot image is wrong ELF version");
		return error_hint(error, "%s does not have ELF version 1.", path);
	}
	if (be16toh(header->e_type) != ET_EXEC) {
		error_set(error, "Boot image is ELF but not an executable");
		return error_hint(error,
				  "%s has ELF type %u; link it with a fixed address and without -pie or -r.",
				  path, be16toh(header->e_type));
	}
	if (be16toh(header->e_machine) != EM_MIPS) {
		error_set(error, "Boot image is for wrong processor type");
		return error_hint(error, "%s is for ELF machine %u, not for MIPS (8).", path,
				  be16toh(header->e_machine));
	}
	return true;
}

static bool load_segment(struct vm *vm, int fd, const char *path, unsigned number, const Elf32_Phdr *segment,
			 struct error *error)
{
	uint32_t address = be32toh(segment->p_vaddr), size = be32toh(segment->p_memsz);
	uint32_t file_size = be32toh(segment->p_filesz);
	uint64_t end = (uint64_t)address + size;

	if (address < KSEG0 || end >= KSEG2) {
		error_set(error, "Invalidly placed segment in boot image (load address %u, size %u)", address,
			  size);
		return error_hint(error,
				  "Segment %u of %s is at 0x%08x, size 0x%x; kernels live in kseg0 or kseg1 "
				  "(0x80000000 to 0xbfffffff).",
				  number, path, address, size);
	}
	uint32_t physical = address - (address >= KSEG1 ? KSEG1 : KSEG0);
	if ((uint64_t)physical + size >= vm->memory.ram_size) {
		error_set(error, "Boot image contained segment that did not fit in RAM");
		return error_hint(
		    error,
		    "Segment %u of %s ends at physical 0x%llx, RAM at 0x%x; raise ramsize= of the "
		    "mainboard or link the kernel lower.",
		    number, path, (unsigned long long)physical + size, vm->memory.ram_size);
	}
	if (file_size > size)
		file_size = size;
	host_pages_make(vm->memory.ram + physical, file_size);
	if (!read_exactly(fd, vm->memory.ram + physical, file_size, be32toh(segment->p_offset), path, error))
		return false;
	memset(vm->memory.ram + physical + file_size, 0, size - file_size);
	return true;
}

static bool load_image(struct vm *vm, int fd, const char *path, struct error *error)
{
	Elf32_Ehdr header;
	uint32_t code_start = UINT32_MAX, code_end = 0; /* what executable segments span */

	if (!read_exactly(fd, &header, sizeof(header), 0, path, error) || !check_header(&header, path, error))
		return false;
	for (unsigned i = 0; i < be16toh(header.e_phnum); i++) {
		Elf32_Phdr segment;
		uint64_t offset = be32toh(header.e_phoff) + (uint64_t)i * be16toh(header.e_phentsize);

		if (!read_exactly(fd, &segment, sizeof(segment), offset, path, error))
			return false;
		switch (be32toh(segment.p_type)) {
		case PT_NULL:
		case PT_PHDR:
		case PT_NOTE:
		case PT_MIPS_REGINFO_TYPE:
			continue;
		case PT_MIPS_ABIFLAGS_TYPE: /* what current linkers add; the original refuses these two */
		case PT_GNU_STACK:
			continue;
		case PT_LOAD:
			if (!load_segment(vm, fd, path, i, &segment, error))
				return false;
			if (be32toh(segment.p_flags) & PF_X) {
				uint32_t start = be32toh(segment.p_vaddr);
				uint32_t end = start + be32toh(segment.p_memsz);

				code_start = start < code_start ? start : code_start;
				code_end = end > code_end ? end : code_end;
			}
			continue;
		default:
			error_set(error, "Boot image contained unknown segment type %d",
				  (int)be32toh(segment.p_type));
			return error_hint(error, "Program header %u of %s; link the kernel statically.", i,
					  path);
		}
	}
	const char *problem = cpu_set_entry(&vm->cpus[0], be32toh(header.e_entry));
	if (problem)
		vm_hang(vm, problem);
	if (vm->options.profile)
		vm_profile_start(vm, code_start, code_end);
	if (vm->options.coverage)
		vm_coverage_start(vm, code_start, code_end);
	return true;
}

/* The argument string goes to the top of RAM, the stack below it. */
static bool place_arguments(struct vm *vm, const char *arguments, struct error *error)
{
	size_t size = (strlen(arguments) + 4) & ~(size_t)3;

	if (size >= vm->memory.ram_size) {
		error_set(error, "setstack: could not get initial stack vaddr");
		return error_hint(error, "The kernel's arguments take %zu bytes, more than there is RAM.",
				  size);
	}
	uint32_t physical = vm->memory.ram_size - (uint32_t)size;
	memcpy(vm->memory.ram + physical, arguments, strlen(arguments) + 1);
	vm->cpus[0].gpr[4] = KSEG0 + physical;
	vm->cpus[0].gpr[29] = KSEG0 + physical - 4;
	return true;
}

bool vm_load(struct vm *vm, const char *path, const char *arguments, struct error *error)
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0) {
		error_set(error, "Cannot open boot image %s: %s", path, strerror(errno));
		return error_hint(error, "Give the path of a kernel, as linked for System/161.");
	}
	if (fstat(fd, &status) == 0 && !S_ISREG(status.st_mode)) {
		close(fd);
		error_set(error, "read: boot image: %s",
			  S_ISDIR(status.st_mode) ? strerror(EISDIR) : "Not a file");
		return error_hint(error, "%s is not a regular file.", path);
	}
	bool loaded = load_image(vm, fd, path, error);
	close(fd);
	return loaded && place_arguments(vm, arguments, error);
}
