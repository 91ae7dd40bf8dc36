#define _GNU_SOURCE
#include "jit/store/key.h"

#include <cpuid.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <unistd.h>

#include "jit/store/store.h"

#define MAX_NOTES    4096u
#define MAX_SEGMENTS 64u

/* --- build ids --- */

static bool find_note(const uint8_t *notes, size_t size, struct build_id *id)
{
	while (size >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr note;

		memcpy(&note, notes, sizeof(note));
		size_t name = ((size_t)note.n_namesz + 3) & ~(size_t)3,
		       whole = sizeof(note) + name + (((size_t)note.n_descsz + 3) & ~(size_t)3);
		if (whole > size)
			return false;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && note.n_descsz >= 8 &&
		    memcmp(notes + sizeof(note), "GNU", 4) == 0) {
			size_t length = note.n_descsz < BUILD_ID_SIZE ? note.n_descsz : BUILD_ID_SIZE;

			memset(id, 0, sizeof(*id));
			memcpy(id->bytes, notes + sizeof(note) + name, length);
			return true;
		}
		notes += whole;
		size -= whole;
	}
	return false;
}

static bool find_in_file(int fd, struct build_id *id)
{
	Elf64_Ehdr header;
	Elf64_Phdr segments[MAX_SEGMENTS];
	uint8_t notes[MAX_NOTES];

	if (pread(fd, &header, sizeof(header), 0) != sizeof(header) ||
	    memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_phentsize != sizeof(segments[0]) ||
	    header.e_phnum > MAX_SEGMENTS)
		return false;
	ssize_t size = (ssize_t)(header.e_phnum * sizeof(segments[0]));
	if (pread(fd, segments, (size_t)size, (off_t)header.e_phoff) != size)
		return false;
	for (unsigned i = 0; i < header.e_phnum; i++) {
		if (segments[i].p_type != PT_NOTE || segments[i].p_filesz > sizeof(notes))
			continue;
		size = pread(fd, notes, segments[i].p_filesz, (off_t)segments[i].p_offset);
		if (size > 0 && find_note(notes, (size_t)size, id))
			return true;
	}
	return false;
}

bool build_id_of_file(const char *path, struct build_id *id, struct error *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool found;

	if (fd < 0)
		return error_set(error, "cannot open %s: %s", path, strerror(errno));
	found = find_in_file(fd, id);
	close(fd);
	return found || error_set(error, "%s has no build id", path);
}

struct search {
	uintptr_t address;
	struct build_id *id;
	bool found;
};

static int look_at_object(struct dl_phdr_info *object, size_t size, void *context)
{
	struct search *search = context;
	bool here = false;

	(void)size;
	for (unsigned i = 0; i < object->dlpi_phnum; i++)
		here |= object->dlpi_phdr[i].p_type == PT_LOAD &&
			search->address - (object->dlpi_addr + object->dlpi_phdr[i].p_vaddr) <
			    object->dlpi_phdr[i].p_memsz;
	for (unsigned i = 0; here && i < object->dlpi_phnum; i++)
		if (object->dlpi_phdr[i].p_type == PT_NOTE)
			search->found |=
			    find_note((const uint8_t *)(object->dlpi_addr + object->dlpi_phdr[i].p_vaddr),
				      object->dlpi_phdr[i].p_memsz, search->id);
	return here;
}

bool build_id_of_code(const void *address, struct build_id *id)
{
	struct search search = {.address = (uintptr_t)address, .id = id};

	dl_iterate_phdr(look_at_object, &search);
	return search.found;
}

/* --- the host's processor --- */

#define APIC_ID 0xFF000000u /* leaf 1, EBX: which of the processors this is */
#define OSXSAVE (1u << 27)  /* leaf 1, ECX */

/* Intel's manual, volume 2A, CPUID: the leaves that say kind and features. */
static const struct {
	uint32_t leaf, subleaf;
} leaves[] = {{0, 0},	 {1, 0},    {7, 0},    {7, 1},		{0xD, 1},	{0x14, 0},
	      {0x19, 0}, {0x1E, 0}, {0x24, 0}, {0x80000001, 0}, {0x80000008, 0}};

uint64_t host_processor_hash(void)
{
	uint64_t hash = 0;

	for (unsigned i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++) {
		uint32_t words[4] = {0};

		__get_cpuid_count(leaves[i].leaf, leaves[i].subleaf, &words[0], &words[1], &words[2],
				  &words[3]);
		if (leaves[i].leaf == 1) {
			words[1] &= ~APIC_ID;
			if (words[2] & OSXSAVE) {
				uint32_t low, high;

				__asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
				hash = store_hash(&low, sizeof(low), hash);
			}
		}
		if (leaves[i].leaf == 0xD)
			words[1] = 0; /* size of what the host's kernel has enabled now */
		if (leaves[i].leaf == 0x80000008)
			words[0] = words[2] = words[3] = 0; /* sizes of addresses, numbers of cores */
		hash = store_hash(words, sizeof(words), hash);
	}
	return hash;
}
