/* Kernels: small programs that use everything a machine has, in valid files, and damage to both. */
#include "fuzz.h"

#include <string.h>

#include "frontend/encode.h"
#include "frontend/isa.h"

#define VECTORS	   0x80000000u
#define CODE	   0x80000200u
#define BODY_STEPS 60
#define MAX_WORDS  1024

enum {
	ZERO = 0,
	VALUE = 2,    /* 2..7: small and awkward numbers */
	SCRATCH = 24, /* 24, 25 */
	K0 = 26,
	K1 = 27,
	BASE = 8 /* 8..23: where things are */
};

/* What the base registers hold. */
static const uint32_t bases[16] = {
    0xBFE00000,					      /* serial */
    0xBFE10000,					      /* emufs */
    0xBFE18000,					      /* its buffer */
    0xBFE20000,					      /* disk */
    0xBFE28000,					      /* its buffer */
    0xBFFC0000,					      /* random, slot 28 */
    0xBFFD0000,					      /* timer, slot 29 */
    0xBFFE0000,					      /* trace, slot 30 */
    0xBFFF7E00,					      /* controller */
    0xBFFF8000,					      /* CPU 0's control region */
    0xBFFF8400,					      /* CPU 1's */
    0x80008000,					      /* RAM */
    0xA0000000u, 0x00001000, 0xC0001000u, 0xBFC00FF0u /* kseg1, kuseg, kseg2, ROM */
};

struct program {
	uint32_t words[MAX_WORDS];
	unsigned count;
};

static void put(struct program *program, uint32_t word)
{
	if (program->count < MAX_WORDS)
		program->words[program->count++] = word;
}

static void load_constant(struct program *program, int reg, uint32_t value)
{
	put(program, MIPS_WORD(LUI, ['t'] = reg, ['U'] = (int32_t)(value >> 16)));
	put(program, MIPS_WORD(ORI, ['t'] = reg, ['s'] = reg, ['u'] = (int32_t)(value & 0xFFFF)));
}

static void store(struct program *program, int base, int offset, uint32_t value)
{
	load_constant(program, SCRATCH, value);
	put(program, MIPS_WORD(SW, ['t'] = SCRATCH, ['s'] = base, ['o'] = offset));
}

uint32_t awkward_number(struct chooser *chooser)
{
	static const uint32_t numbers[] = {
	    0,		1,	    2,		3,	    4,		0x7F,	    0x80,	0xFF,
	    0xFFF,	0x1000,	    0x1001,	0x3FFF,	    0x4000,	0x4001,	    0x7FFF,	0x8000,
	    0xFFFF,	0x10000,    0x7FFFF,	0x80000,    0x1000000,	0x7FFFFFFF, 0x80000000, 0x80000080,
	    0x9FFFFFFC, 0xA0000000, 0xBFC00000, 0xBFFFFFFC, 0xC0000000, 0xFFFFF000, 0xFFFFFFFC, 0xFFFFFFFF};
	uint32_t number = numbers[choose(chooser, sizeof(numbers) / sizeof(numbers[0]))];

	switch (choose(chooser, 4)) {
	case 0:
		return choose(chooser, UINT32_MAX);
	case 1:
		return number + choose(chooser, 9) - 4;
	default:
		return number;
	}
}

/* --- steps of a program --- */

static void any_instruction(struct chooser *chooser, struct program *program)
{
	const struct mips_encoding *encoding;
	uint32_t word;

	do
		encoding = &mips_encodings[choose(chooser, mips_encoding_count)];
	while (!one_in(chooser, 20) && !(encoding->levels & mips_isa_mips161.levels));
	word = choose(chooser, UINT32_MAX);
	/* The bases are seldom overwritten. */
	if (!one_in(chooser, 40))
		word = (word & ~0x001FF800u) | (VALUE + choose(chooser, 6)) << 16 |
		       (VALUE + choose(chooser, 6)) << 11;
	/* Bases where a base belongs, short distances where a distance does. */
	if (!one_in(chooser, 4))
		word = (word & ~0x03E00000u) | (BASE + choose(chooser, 16)) << 21;
	if (!one_in(chooser, 4))
		word =
		    (word & ~0xFFFFu) | (choose(chooser, 16) - 4) * (one_in(chooser, 4) ? 1 : 4) % 0x10000u;
	if (mips_op_info[encoding->op].flags & (MIPS_FLAG_JUMP | MIPS_FLAG_INDIRECT) && !one_in(chooser, 4))
		return;
	put(program, (word & ~encoding->mask) | encoding->match);
}

/* Lets time pass, until the timer's next interrupt at most. */
static void wait(struct program *program)
{
	put(program,
	    MIPS_WORD(LW, ['t'] = SCRATCH, ['s'] = BASE + 6, ['o'] = 12)); /* its interrupt was seen */
	put(program, 0x42000020);
}

static void emufs_step(struct chooser *chooser, struct program *program)
{
	static const char *const paths[] = {"file",	 "sub", "..",	"../secret", "/etc/passwd",
					    "sub/../..", "new", "link", "."};
	const char *path = paths[choose(chooser, sizeof(paths) / sizeof(paths[0]))];
	char padded[16] = "";

	strncpy(padded, path, sizeof(padded) - 1);
	for (size_t i = 0; i <= strlen(path); i += 4)
		store(program, BASE + 2, (int)i,
		      (uint32_t)(uint8_t)padded[i] << 24 | (uint32_t)(uint8_t)padded[i + 1] << 16 |
			  (uint32_t)(uint8_t)padded[i + 2] << 8 | (uint8_t)padded[i + 3]);
	store(program, BASE + 1, 0, one_in(chooser, 4) ? awkward_number(chooser) : choose(chooser, 3));
	store(program, BASE + 1, 4, one_in(chooser, 2) ? awkward_number(chooser) : 0);
	store(program, BASE + 1, 8, one_in(chooser, 3) ? awkward_number(chooser) : (uint32_t)strlen(path));
	store(program, BASE + 1, 12, one_in(chooser, 10) ? awkward_number(chooser) : 1 + choose(chooser, 9));
	wait(program);
	store(program, BASE + 1, 16, 0);
}

static void disk_step(struct chooser *chooser, struct program *program)
{
	store(program, BASE + 3, 8, one_in(chooser, 3) ? awkward_number(chooser) : choose(chooser, 8192));
	store(program, BASE + 3, 4,
	      one_in(chooser, 10)  ? awkward_number(chooser)
	      : one_in(chooser, 2) ? 1
				   : 3);
	if (!one_in(chooser, 4))
		wait(program);
	if (!one_in(chooser, 4))
		store(program, BASE + 3, 4, 0);
}

static void tlb_step(struct chooser *chooser, struct program *program)
{
	static const int registers[] = {0 /* Index */, 2 /* EntryLo */, 10 /* EntryHi */};
	uint32_t values[3] = {
	    choose(chooser, 64) << 8,
	    (one_in(chooser, 4) ? awkward_number(chooser)
				: choose(chooser, 0x80) << 12 | choose(chooser, 8) << 8 | 0x200),
	    (one_in(chooser, 4) ? awkward_number(chooser) : 0x1000 + (choose(chooser, 64) << 12))};

	for (int i = 0; i < 3; i++) {
		load_constant(program, SCRATCH, values[i]);
		put(program, MIPS_WORD(MTC0, ['t'] = SCRATCH, ['r'] = registers[i]));
	}
	put(program, one_in(chooser, 4) ? 0x42000006 : 0x42000002); /* TLBWR, TLBWI */
}

static void step(struct chooser *chooser, struct program *program)
{
	switch (choose(chooser, 16)) {
	case 0:
		store(program, BASE + 0, 4 * (int)choose(chooser, 4), awkward_number(chooser));
		break;
	case 1:
		emufs_step(chooser, program);
		break;
	case 2:
		disk_step(chooser, program);
		break;
	case 3: /* timer */
		store(program, BASE + 6, 8, choose(chooser, 2));
		store(program, BASE + 6, 16,
		      one_in(chooser, 2) ? choose(chooser, 2000) : awkward_number(chooser));
		break;
	case 4:
		tlb_step(chooser, program);
		break;
	case 5: /* CP0 */
		load_constant(program, SCRATCH, awkward_number(chooser));
		put(program, MIPS_WORD(MTC0, ['t'] = SCRATCH, ['r'] = (int32_t)choose(chooser, 17)));
		break;
	case 6: /* a second processor */
		store(program, BASE + 10, 0x300, one_in(chooser, 4) ? awkward_number(chooser) : CODE);
		store(program, BASE + 8, 0x14, one_in(chooser, 4) ? awkward_number(chooser) : 3);
		break;
	case 7: /* the controller and its interrupts */
		store(program, BASE + 8 + (int)choose(chooser, 3), 4 * (int)choose(chooser, 8),
		      one_in(chooser, 3)   ? UINT32_MAX
		      : one_in(chooser, 4) ? 0
					   : awkward_number(chooser));
		break;
	case 8: /* trace card: no endless dumps */
		store(program, BASE + 7,
		      one_in(chooser, 30)   ? 12
		      : one_in(chooser, 20) ? 16
					    : 8,
		      choose(chooser, 128));
		break;
	default:
		any_instruction(chooser, program);
	}
}

/* Handlers that skip the instruction at fault. */
static void handlers(struct program *program)
{
	const uint32_t skip[] = {
	    MIPS_WORD(MFC0, ['t'] = K0, ['r'] = 14),
	    MIPS_WORD(ADDIU, ['t'] = K0, ['s'] = K0, ['i'] = 4),
	    MIPS_WORD(MTC0, ['t'] = ZERO, ['r'] = 13),
	    MIPS_WORD(JR, ['s'] = K0),
	    0x42000010 /* RFE */,
	};

	for (int vector = 0; vector < 2; vector++) {
		for (unsigned i = 0; i < sizeof(skip) / sizeof(skip[0]); i++)
			put(program, skip[i]);
		while (program->count < 32)
			put(program, 0);
	}
}

void kernel_generate(struct chooser *chooser, struct elf_image *image)
{
	struct program vectors = {.count = 0}, body = {.count = 0};

	handlers(&vectors);
	put(&body, MIPS_WORD(MTC0, ['t'] = ZERO, ['r'] = 12)); /* exceptions to the handlers */
	for (int i = 0; i < 16; i++)
		load_constant(&body, BASE + i, bases[i]);
	for (int i = 0; i < 6; i++)
		load_constant(&body, VALUE + i, awkward_number(chooser));
	if (one_in(chooser, 2)) {
		load_constant(&body, SCRATCH, 0xFF01);
		put(&body, MIPS_WORD(MTC0, ['t'] = SCRATCH, ['r'] = 12)); /* with interrupts */
	}
	if (!one_in(chooser, 8)) { /* a timer, so that waiting ends */
		store(&body, BASE + 6, 8, 1);
		store(&body, BASE + 6, 16, 100 + choose(chooser, 6000));
	}
	for (int i = 0; i < BODY_STEPS; i++)
		step(chooser, &body);
	put(&body, MIPS_WORD(J, ['j'] = (int32_t)((CODE & 0x0FFFFFFF) / 4 + 1)));
	put(&body, 0);

	elf_start(image, CODE);
	elf_add_segment(image, VECTORS, vectors.words, vectors.count);
	elf_add_segment(image, CODE, body.words, body.count);
	if (one_in(chooser, 3)) /* uninitialised data */
		elf_put32(image, elf_add_header(image, 1, 0, 0x80004000, 0, 0) + SEGMENT_SIZE,
			  choose(chooser, 0x4000));
	if (one_in(chooser, 3))
		elf_add_header(image, 0x70000000, 52, 0, 24, 24);
}

/* --- damage --- */

static size_t random_header(struct chooser *chooser, const struct elf_image *image)
{
	unsigned count = image->bytes[ELF_PHNUM_OFFSET + 1] % (ELF_IMAGE_SEGMENTS + 1);

	return ELF_HEADER_SIZE + ELF_PROGRAM_HEADER * choose(chooser, count ? count : 1);
}

void kernel_mutate(struct chooser *chooser, struct elf_image *image)
{
	for (unsigned i = 1 + choose(chooser, 2); i > 0 && image->size > ELF_FIRST_CODE; i--) {
		size_t header = random_header(chooser, image);
		uint32_t words = (uint32_t)(image->size - ELF_FIRST_CODE) / 4;

		switch (choose(chooser, 14)) {
		case 0: /* a byte of the ELF header */
			image->bytes[choose(chooser, ELF_HEADER_SIZE)] = (uint8_t)choose(chooser, 256);
			break;
		case 1: /* a word of a program header */
			elf_put32(image, header + 4 * choose(chooser, 8), awkward_number(chooser));
			break;
		case 2:
			elf_put32(image, header + SEGMENT_ADDRESS,
				  0x80000000u + (choose(chooser, 0x100) << choose(chooser, 16)));
			break;
		case 3:
			elf_put32(image, header + SEGMENT_SIZE,
				  choose(chooser, 0x100) << choose(chooser, 12));
			break;
		case 4:
			elf_put32(image, header + SEGMENT_FILE_SIZE,
				  choose(chooser, 0x100) << choose(chooser, 9));
			break;
		case 5:
			elf_put32(image, header + SEGMENT_OFFSET,
				  choose(chooser, (uint32_t)image->size + 16));
			break;
		case 6:
			elf_put32(image, ELF_ENTRY_OFFSET,
				  one_in(chooser, 2) ? CODE + 4 * choose(chooser, words)
						     : awkward_number(chooser));
			break;
		case 7:
			elf_put16(image, ELF_PHENTSIZE_OFFSET, choose(chooser, 80));
			break;
		case 8: /* up to many; each may clear all of RAM */
			elf_put16(image, ELF_PHNUM_OFFSET, choose(chooser, one_in(chooser, 8) ? 1000 : 12));
			break;
		case 9: /* cut */
			if (one_in(chooser, 2))
				image->size = choose(chooser, (uint32_t)image->size);
			break;
		case 10: /* program headers somewhere else */
			elf_put32(image, ELF_PHOFF_OFFSET, choose(chooser, (uint32_t)image->size));
			break;
		default: /* code words */
			for (unsigned k = 1 + choose(chooser, 8); k > 0; k--) {
				size_t at = ELF_FIRST_CODE + 4 * (size_t)choose(chooser, words);

				if (one_in(chooser, 2))
					elf_put32(image, at,
						  elf_get32(image, at) ^ 1u << choose(chooser, 32));
				else
					elf_put32(image, at, choose(chooser, UINT32_MAX));
			}
		}
	}
}
