/* Bad kernels, configurations and disk images: each gets the original's message first and its exit status
 * (System/161 reference, sections 3.2, 4.1, 5.1, 5.5). Where the environment variable JIT161_ORIGINAL names a
 * sys161, the same cases run on it and must give the same.
 *
 *   bad_input SYS161    the program under test, called by the name sys161 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "elf_image.h"

#define LONGEST_RUN 120 /* s; only a hung program takes that long */
#define NOBODY	    65534
#define OUTPUT_SIZE 65536
#define GOOD_CONFIG "0 serial\n28 random seed=1\n30 trace\n31 mainboard ramsize=512K\n"
#define BOARD	    "31 mainboard ramsize=512K\n"
#define RAM_SIZE    0x80000u
#define CODE	    0x80001000u

/* Prints a letter and powers off. */
static void letter_program(uint32_t *words, char letter)
{
	const uint32_t program[] = {
	    0x3C08BFE0,				 /* lui $8, 0xbfe0: the serial port in slot 0 */
	    0x24090000u | (unsigned char)letter, /* li $9, letter */
	    0xAD090000,				 /* sw $9, 0($8) */
	    0x3C0ABFFF,				 /* lui $10, 0xbfff */
	    0xAD407E08,				 /* sw $0, 0x7e08($10): power off */
	    0x42000020,				 /* wait */
	    0x1000FFFE,				 /* b to the wait */
	    0,
	};
	memcpy(words, program, sizeof(program));
}

#define LETTER_WORDS 8

static size_t add_letter(struct elf_image *image, uint32_t address, char letter)
{
	uint32_t words[LETTER_WORDS];

	letter_program(words, letter);
	return elf_add_segment(image, address, words, LETTER_WORDS);
}

static size_t start_good(struct elf_image *image)
{
	elf_start(image, CODE);
	return add_letter(image, CODE, 'A');
}

/* --- kernels --- */

static void good(struct elf_image *image)
{
	start_good(image);
}

static void empty(struct elf_image *image)
{
	image->size = 0;
}

static void half_a_header(struct elf_image *image)
{
	start_good(image);
	image->size = 30;
}

static void no_program_headers(struct elf_image *image)
{
	start_good(image);
	image->size = ELF_HEADER_SIZE;
}

static void half_a_program_header(struct elf_image *image)
{
	start_good(image);
	image->size = ELF_HEADER_SIZE + 7;
}

static void half_a_segment(struct elf_image *image)
{
	start_good(image);
	image->size -= 6;
}

static void headers_beyond_the_end(struct elf_image *image)
{
	start_good(image);
	elf_put32(image, ELF_PHOFF_OFFSET, 0xFFFFFFE0u);
}

static void text_file(struct elf_image *image)
{
	static const char text[] = "#!/bin/sh\necho This is a script and not a kernel, and long enough.\n";

	memcpy(image->bytes, text, sizeof(text));
	image->size = sizeof(text) - 1;
}

static void class_64(struct elf_image *image)
{
	start_good(image);
	image->bytes[4] = 2;
}

static void class_unknown(struct elf_image *image)
{
	start_good(image);
	image->bytes[4] = 0;
}

static void little_endian(struct elf_image *image)
{
	start_good(image);
	image->bytes[5] = 1;
}

static void identity_version(struct elf_image *image)
{
	start_good(image);
	image->bytes[6] = 0;
}

static void header_version(struct elf_image *image)
{
	start_good(image);
	elf_put32(image, ELF_VERSION_OFFSET, 2);
}

static void relocatable(struct elf_image *image)
{
	start_good(image);
	elf_put16(image, ELF_TYPE_OFFSET, 1);
}

static void shared_object(struct elf_image *image)
{
	start_good(image);
	elf_put16(image, ELF_TYPE_OFFSET, 3);
}

static void other_machine(struct elf_image *image)
{
	start_good(image);
	elf_put16(image, ELF_MACHINE_OFFSET, 62);
}

static void ignored_segments(struct elf_image *image)
{
	start_good(image);
	elf_add_header(image, 0, 0, 0, 0, 0);
	elf_add_header(image, 4, 0xFFFFFFFFu, 0x12345678, 77, 1);
	elf_add_header(image, 6, 52, 0, 1, 1);
	elf_add_header(image, 0x70000000u, 0, 0, 24, 24);
}

static void dynamic_segment(struct elf_image *image)
{
	start_good(image);
	elf_add_header(image, 2, 0, CODE, 8, 8);
}

static void unknown_segment(struct elf_image *image)
{
	start_good(image);
	elf_add_header(image, 0xF0000001u, 0, CODE, 8, 8);
}

static void current_linker(struct elf_image *image)
{
	elf_start(image, CODE);
	elf_add_header(image, 0x70000003u, 0, 0, 24, 24); /* PT_MIPS_ABIFLAGS */
	add_letter(image, CODE, 'A');
	elf_add_header(image, 0x6474E551u, 0, 0, 0, 0); /* PT_GNU_STACK */
}

static void abiflags_only(struct elf_image *image)
{
	start_good(image);
	elf_add_header(image, 0x70000003u, 0, 0, 24, 24);
}

static void gnu_stack_only(struct elf_image *image)
{
	start_good(image);
	elf_add_header(image, 0x6474E551u, 0, 0, 0, 0);
}

static void overlapping(struct elf_image *image)
{
	start_good(image);
	add_letter(image, CODE, 'B');
}

static void overlapped_by_zeros(struct elf_image *image)
{
	/* The second segment's end, which the file does not have, clears the first one's letter; the third
	 * puts the whole program back. */
	start_good(image);
	elf_put32(image, elf_add_segment(image, CODE - 16, (uint32_t[]){0, 0, 0, 0}, 4) + SEGMENT_SIZE, 256);
	add_letter(image, CODE, 'C');
}

static void through_kseg1(struct elf_image *image)
{
	start_good(image);
	add_letter(image, CODE + 0x20000000u, 'D');
}

static void user_segment(struct elf_image *image)
{
	elf_put32(image, start_good(image) + SEGMENT_ADDRESS, 0x00400000);
}

static void just_below_kernel(struct elf_image *image)
{
	elf_put32(image, start_good(image) + SEGMENT_ADDRESS, 0x7FFFFFFC);
}

static void kseg2_segment(struct elf_image *image)
{
	elf_put32(image, start_good(image) + SEGMENT_ADDRESS, 0xC0000000u);
}

static void into_kseg2(struct elf_image *image)
{
	elf_put32(image, start_good(image) + SEGMENT_ADDRESS, 0xBFFFFFE0u);
}

static void wraps_around(struct elf_image *image)
{
	size_t header = start_good(image);

	elf_put32(image, header + SEGMENT_ADDRESS, 0xBFFFFFE0u);
	elf_put32(image, header + SEGMENT_SIZE, 0xC0000000u);
}

static void enormous(struct elf_image *image)
{
	elf_put32(image, start_good(image) + SEGMENT_SIZE, 0x3FFFEFFFu);
}

static void beyond_ram(struct elf_image *image)
{
	elf_put32(image, start_good(image) + SEGMENT_ADDRESS, 0x80000000u + RAM_SIZE);
}

static void to_the_end_of_ram(struct elf_image *image)
{
	elf_put32(image, start_good(image) + SEGMENT_ADDRESS, 0x80000000u + RAM_SIZE - 4 * LETTER_WORDS);
}

static void almost_to_the_end_of_ram(struct elf_image *image)
{
	elf_put32(image, start_good(image) + SEGMENT_ADDRESS, 0x80000000u + RAM_SIZE - 4 * LETTER_WORDS - 4);
	add_letter(image, CODE, 'E');
}

static void file_size_clipped(struct elf_image *image)
{
	elf_put32(image, start_good(image) + SEGMENT_FILE_SIZE, 0x7FFFFFFF);
}

static void entry_misaligned(struct elf_image *image)
{
	start_good(image);
	elf_put32(image, ELF_ENTRY_OFFSET, CODE + 2);
}

static void entry_unmapped(struct elf_image *image)
{
	start_good(image);
	elf_put32(image, ELF_ENTRY_OFFSET, 0x00400000);
}

static void entry_beyond_ram(struct elf_image *image)
{
	start_good(image);
	elf_put32(image, ELF_ENTRY_OFFSET, 0x80000000u + RAM_SIZE);
}

static void entry_in_device(struct elf_image *image)
{
	start_good(image);
	elf_put32(image, ELF_ENTRY_OFFSET, 0xBFE00000u);
}

static void entry_at_the_end_of_ram(struct elf_image *image)
{
	start_good(image);
	elf_put32(image, ELF_ENTRY_OFFSET, 0x80000000u + RAM_SIZE - 4);
}

static void header_size_zero(struct elf_image *image)
{
	start_good(image);
	elf_put16(image, ELF_PHENTSIZE_OFFSET, 0);
}

static void header_size_short(struct elf_image *image)
{
	start_good(image);
	elf_put16(image, ELF_PHENTSIZE_OFFSET, 31);
}

static void header_size_long(struct elf_image *image)
{
	start_good(image);
	elf_add_header(image, 2, 0, 0, 0, 0); /* not allowed, but skipped: the third takes its place */
	elf_add_header(image, 4, 0, 0, 0, 0);
	elf_put16(image, ELF_PHENTSIZE_OFFSET, 2 * ELF_PROGRAM_HEADER);
	elf_put16(image, ELF_PHNUM_OFFSET, 2);
}

enum expectation {
	SAME,
	DIFFERS,   /* from the original, on purpose */
	UNWRITABLE /* the image must not be writable: needs a user who is not root */
};

struct test_case {
	const char *name;
	void (*kernel)(struct elf_image *image); /* NULL: the good one */
	const char *config;			 /* NULL: the good one */
	const char *first;			 /* line of the message stream; NULL: any */
	int status;
	const char *console; /* NULL: none */
	enum expectation expectation;
	const char *arguments[6]; /* instead of -X -c conf kernel */
};

#define EOF_MESSAGE "read: boot image: unexpected EOF"
#define PLACE	    "Invalidly placed segment in boot image (load address "
#define NO_ROOM	    "Boot image contained segment that did not fit in RAM"
#define BAD_ENTRY   "Kernel entry point is an invalid address"
#define LINE1	    "config conf: line 1: "

static const struct test_case cases[] = {
    /* Kernels. */
    {"good", good, NULL, NULL, 0, "A", SAME, {0}},
    {"missing kernel",
     NULL,
     NULL,
     "Cannot open boot image nowhere: No such file or directory",
     2,
     NULL,
     SAME,
     {"-X", "-c", "conf", "nowhere"}},
    {"directory as kernel",
     NULL,
     NULL,
     "read: boot image: Is a directory",
     2,
     NULL,
     SAME,
     {"-X", "-c", "conf", "."}},
    {"empty kernel", empty, NULL, EOF_MESSAGE, 2, NULL, SAME, {0}},
    {"truncated header", half_a_header, NULL, EOF_MESSAGE, 2, NULL, SAME, {0}},
    {"no program headers", no_program_headers, NULL, EOF_MESSAGE, 2, NULL, SAME, {0}},
    {"truncated program header", half_a_program_header, NULL, EOF_MESSAGE, 2, NULL, SAME, {0}},
    {"truncated segment", half_a_segment, NULL, EOF_MESSAGE, 2, NULL, SAME, {0}},
    {"program headers beyond the end", headers_beyond_the_end, NULL, EOF_MESSAGE, 2, NULL, SAME, {0}},
    {"not ELF", text_file, NULL, "Boot image is not an ELF executable", 2, NULL, SAME, {0}},
    {"64 bits", class_64, NULL, "Boot image is not a 32-bit executable", 2, NULL, SAME, {0}},
    {"unknown class", class_unknown, NULL, "Boot image is not a 32-bit executable", 2, NULL, SAME, {0}},
    {"little-endian", little_endian, NULL, "Boot image has the wrong endianness", 2, NULL, SAME, {0}},
    {"version in the identity",
     identity_version,
     NULL,
     "Boot image is wrong ELF version",
     2,
     NULL,
     SAME,
     {0}},
    {"version in the header", header_version, NULL, "Boot image is wrong ELF version", 2, NULL, SAME, {0}},
    {"relocatable", relocatable, NULL, "Boot image is ELF but not an executable", 2, NULL, SAME, {0}},
    {"shared object", shared_object, NULL, "Boot image is ELF but not an executable", 2, NULL, SAME, {0}},
    {"other machine", other_machine, NULL, "Boot image is for wrong processor type", 2, NULL, SAME, {0}},
    {"ignored segments", ignored_segments, NULL, NULL, 0, "A", SAME, {0}},
    {"dynamic segment",
     dynamic_segment,
     NULL,
     "Boot image contained unknown segment type 2",
     2,
     NULL,
     SAME,
     {0}},
    {"unknown segment",
     unknown_segment,
     NULL,
     "Boot image contained unknown segment type -268435455",
     2,
     NULL,
     SAME,
     {0}},
    {"current linker", current_linker, NULL, NULL, 0, "A", DIFFERS, {0}},
    {"ABIFLAGS", abiflags_only, NULL, NULL, 0, "A", DIFFERS, {0}},
    {"GNU_STACK", gnu_stack_only, NULL, NULL, 0, "A", DIFFERS, {0}},
    {"overlapping segments: the later wins", overlapping, NULL, NULL, 0, "B", SAME, {0}},
    {"segment overlapped by zeros", overlapped_by_zeros, NULL, NULL, 0, "C", SAME, {0}},
    {"overlapping through kseg1", through_kseg1, NULL, NULL, 0, "D", SAME, {0}},
    {"segment in kuseg", user_segment, NULL, PLACE "4194304, size 32)", 2, NULL, SAME, {0}},
    {"segment below kseg0", just_below_kernel, NULL, PLACE "2147483644, size 32)", 2, NULL, SAME, {0}},
    {"segment in kseg2", kseg2_segment, NULL, PLACE "3221225472, size 32)", 2, NULL, SAME, {0}},
    {"segment ending in kseg2", into_kseg2, NULL, PLACE "3221225440, size 32)", 2, NULL, SAME, {0}},
    {"segment that wraps", wraps_around, NULL, PLACE "3221225440, size 3221225472)", 2, NULL, SAME, {0}},
    {"enormous segment", enormous, NULL, NO_ROOM, 2, NULL, SAME, {0}},
    {"segment beyond RAM", beyond_ram, NULL, NO_ROOM, 2, NULL, SAME, {0}},
    {"segment to the end of RAM", to_the_end_of_ram, NULL, NO_ROOM, 2, NULL, SAME, {0}},
    {"segment almost to the end of RAM", almost_to_the_end_of_ram, NULL, NULL, 0, "E", SAME, {0}},
    {"more in the file than in memory", file_size_clipped, NULL, NULL, 0, "A", SAME, {0}},
    {"entry misaligned",
     entry_misaligned,
     NULL,
     "Kernel entry point is not properly aligned",
     1,
     NULL,
     SAME,
     {0}},
    {"entry unmapped", entry_unmapped, NULL, BAD_ENTRY, 1, NULL, SAME, {0}},
    {"entry beyond RAM", entry_beyond_ram, NULL, BAD_ENTRY, 1, NULL, SAME, {0}},
    {"entry in a device", entry_in_device, NULL, BAD_ENTRY, 1, NULL, SAME, {0}},
    {"entry at the end of RAM", entry_at_the_end_of_ram, NULL, BAD_ENTRY, 1, NULL, SAME, {0}},
    {"program headers of size 0", header_size_zero, NULL, NULL, 0, "A", SAME, {0}},
    {"program headers of size 31", header_size_short, NULL, NULL, 0, "A", SAME, {0}},
    {"program headers of size 64", header_size_long, NULL, NULL, 0, "A", SAME, {0}},

    /* The configuration. */
    {"missing config",
     NULL,
     NULL,
     "Cannot open config file nowhere",
     2,
     NULL,
     SAME,
     {"-X", "-c", "nowhere", "kernel"}},
    {"empty config", NULL, "", "config conf: No system memory", 2, NULL, SAME, {0}},
    {"no board", NULL, "0 serial\n", "config conf: No system memory", 2, NULL, SAME, {0}},
    {"no ramsize", NULL, "31 mainboard\n", "config conf: No system memory", 2, NULL, SAME, {0}},
    {"ramsize 4G", NULL, "31 mainboard ramsize=4G\n", "config conf: No system memory", 2, NULL, SAME, {0}},
    {"ramsize not in pages",
     NULL,
     "31 mainboard ramsize=5000\n",
     "config conf: System memory size not page-aligned",
     2,
     NULL,
     SAME,
     {0}},
    {"ramsize too large",
     NULL,
     "31 mainboard ramsize=32M\n",
     "config conf: System memory too large",
     2,
     NULL,
     SAME,
     {0}},
    {"size suffix", NULL, "31 mainboard ramsize=4x\n", "4x: Invalid size suffix x", 2, NULL, SAME, {0}},
    {"size that is no number",
     NULL,
     "31 mainboard ramsize=99999999999999999999\n",
     "99999999999999999999: Invalid number",
     2,
     NULL,
     SAME,
     {0}},
    {"slot not a number", NULL, "x timer\n", LINE1 "Invalid slot `x' (should be 0-31)", 2, NULL, SAME, {0}},
    {"slot 32",
     NULL,
     "# one\n\n32 timer\n",
     "config conf: line 3: Invalid slot `32' (should be 0-31)",
     2,
     NULL,
     SAME,
     {0}},
    {"slot -1", NULL, "-1 timer\n", LINE1 "Invalid slot `-1' (should be 0-31)", 2, NULL, SAME, {0}},
    {"octal slot", NULL, "08 timer\n", LINE1 "Invalid slot `08' (should be 0-31)", 2, NULL, SAME, {0}},
    {"no device", NULL, "5\n", LINE1 "slot 5: No device", 2, NULL, SAME, {0}},
    {"slot in use",
     NULL,
     "5 timer\n5 serial\n",
     "config conf: line 2: slot 5: Already in use",
     2,
     NULL,
     SAME,
     {0}},
    {"unknown device", NULL, "5 lser\n", LINE1 "slot 5: No such hardware `lser'", 2, NULL, SAME, {0}},
    {"board in slot 5",
     NULL,
     "5 mainboard ramsize=512K\n",
     LINE1 "slot 5: mainboard: Bus controller must go in slot 31",
     2,
     NULL,
     SAME,
     {0}},
    {"device in slot 31",
     NULL,
     "31 timer\n",
     LINE1 "slot 31: timer: Bus controller must go in slot 31",
     2,
     NULL,
     SAME,
     {0}},
    {"board option",
     NULL,
     "31 mainboard ramsize=512K foo\n",
     "mainboard: invalid option `foo'",
     2,
     NULL,
     SAME,
     {0}},
    {"old board option",
     NULL,
     "31 busctl ramsize=512K cpus=2\n",
     "oldmainboard: invalid option `cpus=2'",
     2,
     NULL,
     SAME,
     {0}},
    {"33 CPUs", NULL, "31 mainboard ramsize=512K cpus=33\n", "mainboard: too many CPUs", 2, NULL, SAME, {0}},
    {"no CPUs",
     NULL,
     "31 mainboard ramsize=512K cpus=0\n",
     "mainboard: give me no CPUs and I'll give you no lies",
     2,
     NULL,
     SAME,
     {0}},
    {"two cores",
     NULL,
     "31 mainboard ramsize=512K cores=2\n",
     "mainboard: no support for multicore CPUs yet",
     2,
     NULL,
     SAME,
     {0}},
    {"screen", NULL, "4 screen\n" BOARD, "Screen device not supported", 2, NULL, SAME, {0}},
    {"network card",
     NULL,
     "0 serial\n4 nic hwaddr=0\n" BOARD,
     "nic: slot 4: invalid hwaddr or hwaddr not set",
     2,
     NULL,
     SAME,
     {0}},
    {"trace argument", NULL, "4 trace on\n" BOARD, "trace: slot 4: Invalid argument on", 2, NULL, SAME, {0}},
    {"random argument",
     NULL,
     "4 random seed\n" BOARD,
     "random: slot 4: invalid option seed",
     2,
     NULL,
     SAME,
     {0}},
    {"emufs argument",
     NULL,
     "4 emufs root=x\n" BOARD,
     "emufs: slot 4: invalid option root=x",
     2,
     NULL,
     SAME,
     {0}},
    {"emufs root missing",
     NULL,
     "4 emufs dir=nowhere\n" BOARD,
     "emufs: slot 4: nowhere: No such file or directory",
     2,
     NULL,
     SAME,
     {0}},
    {"emufs root a file",
     NULL,
     "0 serial\n4 emufs dir=conf\n" BOARD,
     "emufs: slot 4: conf: Not a directory",
     2,
     NULL,
     DIFFERS,
     {0}},
    {"disk without file", NULL, "4 disk\n" BOARD, "disk: slot 4: No filename specified", 2, NULL, SAME, {0}},
    {"disk argument",
     NULL,
     "4 disk file=good rw\n" BOARD,
     "disk: slot 4: invalid option rw",
     2,
     NULL,
     SAME,
     {0}},
    {"rpm too low", NULL, "4 disk file=good rpm=59\n", "disk: slot 4: RPM too low (59)", 2, NULL, SAME, {0}},
    {"rpm uneven",
     NULL,
     "4 disk file=good rpm=61\n" BOARD,
     "disk: slot 4: RPM 61 not a multiple of 60",
     2,
     NULL,
     SAME,
     {0}},
    {"size uneven",
     NULL,
     "4 disk file=good size=1000\n" BOARD,
     "disk: slot 4: Configured size is not a unit number of sectors",
     2,
     NULL,
     SAME,
     {0}},
    {"too many words", NULL, "%W\n", LINE1 "Too many args", 2, NULL, SAME, {0}},
    {"-C without colon",
     NULL,
     NULL,
     "Invalid -C option",
     2,
     NULL,
     SAME,
     {"-X", "-cconf", "-C", "31", "kernel"}},
    {"-C of an empty slot",
     NULL,
     NULL,
     "-C 9:x: No device in that slot",
     2,
     NULL,
     SAME,
     {"-X", "-cconf", "-C9:x", "kernel"}},
    {"-C of no slot",
     NULL,
     NULL,
     "-C 32:x: Invalid slot number (0-31 allowed)",
     2,
     NULL,
     SAME,
     {"-X", "-cconf", "-C", "32:x", "kernel"}},

    /* Disk images. */
    {"disk good", NULL, "0 serial\n4 disk file=good\n" BOARD, NULL, 0, "A", SAME, {0}},
    {"disk made on demand", NULL, "0 serial\n4 disk file=new size=5M\n" BOARD, NULL, 0, "A", SAME, {0}},
    {"disk missing", NULL, "4 disk file=none\n" BOARD, "disk: slot 4: none: Too small", 2, NULL, SAME, {0}},
    {"disk in a missing folder",
     NULL,
     "4 disk file=none/disk size=5M\n" BOARD,
     "disk: slot 4: none/disk: No such file or directory",
     2,
     NULL,
     SAME,
     {0}},
    {"disk a folder", NULL, "4 disk file=.\n" BOARD, "disk: slot 4: .: Is a directory", 2, NULL, SAME, {0}},
    {"disk empty",
     NULL,
     "4 disk file=empty\n" BOARD,
     "disk: slot 4: empty is not a disk image",
     2,
     NULL,
     SAME,
     {0}},
    {"disk header alone",
     NULL,
     "4 disk file=bare\n" BOARD,
     "disk: slot 4: bare: Too small",
     2,
     NULL,
     SAME,
     {0}},
    {"disk too small",
     NULL,
     "4 disk file=small\n" BOARD,
     "disk: slot 4: small: Too small",
     2,
     NULL,
     SAME,
     {0}},
    {"disk too small for its geometry",
     NULL,
     "4 disk file=tracks\n" BOARD,
     "disk: slot 4: Not enough SECTOR_FUDGE",
     2,
     NULL,
     SAME,
     {0}},
    {"disk with a wrong header",
     NULL,
     "4 disk file=wrong\n" BOARD,
     "disk: slot 4: wrong is not a disk image",
     2,
     NULL,
     SAME,
     {0}},
    {"disk locked",
     NULL,
     "4 disk file=locked\n" BOARD,
     "disk: slot 4: locked: Locked by another process",
     2,
     NULL,
     SAME,
     {0}},
    {"disk used twice",
     NULL,
     "4 disk file=good\n5 disk file=good\n" BOARD,
     "disk: slot 5: good: Locked by another process",
     2,
     NULL,
     SAME,
     {0}},
    {"disk read-only",
     NULL,
     "4 disk file=readonly\n" BOARD,
     "disk: slot 4: readonly: Permission denied",
     2,
     NULL,
     UNWRITABLE,
     {0}},
};

/* --- running a case --- */

struct outcome {
	int status;	    /* exit status, or 1000 + signal, or -1 if the program cannot be executed */
	char first[1024];   /* line of the message stream */
	char console[1024]; /* standard output up to the first message */
};

static void read_file(const char *name, char *text)
{
	FILE *file = fopen(name, "r");
	size_t length = file ? fread(text, 1, OUTPUT_SIZE - 1, file) : 0;

	text[length] = '\0';
	if (file)
		fclose(file);
}

static void first_message(const char *text, char *line, size_t size)
{
	static const char prefix[] = "sys161: ";
	const char *at = strstr(text, prefix);

	line[0] = '\0';
	if (at) {
		at += sizeof(prefix) - 1;
		snprintf(line, size, "%.*s", (int)strcspn(at, "\n"), at);
	}
}

static void execute(const char *program, const char *const *arguments, bool as_nobody)
{
	char *words[8] = {(char *)"sys161"};
	int fd = open(program, O_RDONLY | O_CLOEXEC);
	int in = open("/dev/null", O_RDONLY), out = open("out", O_WRONLY | O_CREAT | O_TRUNC, 0666);
	int err = open("err", O_WRONLY | O_CREAT | O_TRUNC, 0666);

	for (int i = 0; arguments[i]; i++)
		words[i + 1] = (char *)arguments[i];
	if (fd < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
		_exit(127);
	if (as_nobody && (setgid(NOBODY) != 0 || setuid(NOBODY) != 0))
		_exit(127);
	alarm(LONGEST_RUN);
	fexecve(fd, words, environ);
	_exit(127);
}

static struct outcome run(const char *program, const struct test_case *test)
{
	static const char *const usual[] = {"-X", "-c", "conf", "kernel", NULL};
	static char text[OUTPUT_SIZE];
	struct outcome outcome = {.status = -1};
	int status;
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child == 0)
		execute(program, test->arguments[0] ? test->arguments : usual,
			test->expectation == UNWRITABLE && geteuid() == 0);
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return outcome;
	outcome.status = WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
	if (outcome.status == 127)
		outcome.status = -1;
	read_file("err", text);
	first_message(text, outcome.first, sizeof(outcome.first));
	if (strstr(text, "Sanitizer") || strstr(text, "runtime error")) {
		fputs(text, stderr);
		outcome.status = 1000;
	}
	read_file("out", text);
	snprintf(outcome.console, sizeof(outcome.console), "%.1000s", text);
	return outcome;
}

static void write_bytes(const char *name, const char *start, size_t size)
{
	FILE *file = fopen(name, "w");

	if (!file || fputs(start, file) < 0 || fclose(file) != 0 || truncate(name, (off_t)size) != 0) {
		perror(name);
		exit(2);
	}
}

static void write_config(const char *text)
{
	FILE *file = fopen("conf", "w");

	if (!file) {
		perror("conf");
		exit(2);
	}
	if (strcmp(text, "%W\n") == 0) {
		fputs("0 serial", file);
		for (int i = 0; i < 200; i++)
			fputs(" x", file);
		fputs("\n", file);
	} else {
		fputs(text, file);
	}
	fclose(file);
}

static void prepare(const struct test_case *test)
{
	static const char header[] = "System/161 Disk Image";
	struct elf_image image = {0};

	(test->kernel ? test->kernel : good)(&image);
	if (!elf_write(&image, "kernel")) {
		perror("kernel");
		exit(2);
	}
	write_config(test->config ? test->config : GOOD_CONFIG);
	unlink("new");
	unlink("none");
	write_bytes("good", header, 512 + 5 * 1024 * 1024);
	write_bytes("bare", header, 512);
	write_bytes("small", header, 512 + 512 * 127);
	write_bytes("tracks", header, 512 + 512 * 4000);
	write_bytes("wrong", "System/162 Disk Image", 512 + 5 * 1024 * 1024);
	write_bytes("empty", "", 0);
}

static bool check(const struct test_case *test, const struct outcome *outcome)
{
	const char *console = test->console ? test->console : "";

	if (outcome->status == test->status && (!test->first || strcmp(outcome->first, test->first) == 0) &&
	    strncmp(outcome->console, console, strlen(console)) == 0)
		return true;
	printf("FAILED %s:\n  expected %d \"%s\" console \"%s\"\n  got      %d \"%s\" console \"%s\"\n",
	       test->name, test->status, test->first ? test->first : "(any)", console, outcome->status,
	       outcome->first, outcome->console);
	return false;
}

/* Whether the original does the same, except where it is known not to. */
static bool check_original(const struct test_case *test, const char *original)
{
	struct outcome outcome;

	prepare(test);
	outcome = run(original, test);
	bool same = outcome.status == test->status &&
		    (!test->first || strcmp(outcome.first, test->first) == 0) &&
		    (!test->console || strncmp(outcome.console, test->console, strlen(test->console)) == 0);
	if (same == (test->expectation != DIFFERS))
		return true;
	printf("FAILED %s: the original %s: %d \"%s\" console \"%s\"\n", test->name,
	       same ? "does the same after all" : "differs", outcome.status, outcome.first, outcome.console);
	return false;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)status, (void)type, (void)where;
	return remove(path);
}

int main(int argc, char **argv)
{
	const char *original = getenv("JIT161_ORIGINAL");
	char directory[] = "/tmp/jit161-bad-input-XXXXXX", *program;
	unsigned failures = 0, skipped = 0, count = sizeof(cases) / sizeof(cases[0]);
	int lock;

	if (argc != 2 || !(program = realpath(argv[1], NULL))) {
		fprintf(stderr, "usage: bad_input SYS161\n");
		return 2;
	}
	if (!mkdtemp(directory) || chdir(directory) != 0 || chmod(directory, 0777) != 0) {
		perror(directory);
		return 2;
	}
	write_bytes("locked", "System/161 Disk Image", 512 + 5 * 1024 * 1024);
	write_bytes("readonly", "System/161 Disk Image", 512 + 5 * 1024 * 1024);
	chmod("readonly", 0444);
	lock = open("locked", O_RDWR | O_CLOEXEC);
	flock(lock, LOCK_EX);
	for (unsigned i = 0; i < count; i++) {
		prepare(&cases[i]);
		struct outcome outcome = run(program, &cases[i]);

		chmod("out", 0666);
		chmod("err", 0666);
		if (outcome.status == -1 && cases[i].expectation == UNWRITABLE) {
			printf("skipped %s: nobody else may execute the program\n", cases[i].name);
			skipped++;
			continue;
		}
		failures += !check(&cases[i], &outcome);
		if (original)
			failures += !check_original(&cases[i], original);
	}
	close(lock);
	if (chdir("/") != 0 || nftw(directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS) != 0)
		perror(directory);
	free(program);
	printf("%u cases, %u failures, %u skipped%s\n", count, failures, skipped,
	       original ? ", compared with the original" : "");
	return failures != 0;
}
