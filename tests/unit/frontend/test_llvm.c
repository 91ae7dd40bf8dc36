// The decoder and disassembler against LLVM's MIPS disassembler, word by word, in both byte orders.
//
// Every combination of the fields that select an instruction is tried, with the other fields zero, random or
// mixed. Each word must give the same text, or both sides must refuse it, or a row of `explained` must say
// why not.
#include "frontend/decode.h"
#include "frontend/disassemble.h"
#include "frontend/encode.h"

#include <llvm-c/Disassembler.h>
#include <llvm-c/Target.h>

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum verdict {
	OURS_ONLY, // an instruction for us, not for LLVM
	LLVM_ONLY,
	TEXT, // an instruction for both, but the texts differ
};

static bool field_is_outside_word(uint32_t word)
{
	unsigned pos = word >> 6 & 31, msb = word >> 11 & 31;

	return (word & 0x3f) == 4 ? msb < pos : pos + msb + 1 > 32;
}

static bool sync_has_reserved_bits(uint32_t word)
{
	return word & 0x03fff800;
}

static bool hardware_register_is_not_29(uint32_t word)
{
	return (word >> 11 & 31) != 29;
}

static bool destination_is_not_repeated(uint32_t word)
{
	return (word >> 16 & 31) != (word >> 11 & 31);
}

#define MIPS161	 &mips_isa_mips161_strict
#define MIPS32R2 &mips_isa_mips32r2_strict
#define BOTH	 NULL

// Where the two sides differ, and why ours is right for the CPUs here.
static const struct explanation {
	const struct mips_isa *isa;
	enum verdict verdict;
	uint32_t mask, match;
	const char *reason;
	bool (*when)(uint32_t word);
} explained[] = {
    {BOTH, TEXT, 0xfc1fffff, 0x00000009, "JALR to $zero: LLVM prints the release 6 alias jr", NULL},

    {MIPS161, OURS_ONLY, 0xfc00003f, 0x0000000f, "SYNC: not MIPS I (checked as MIPS II below)", NULL},
    {MIPS161, OURS_ONLY, 0xfc000000, 0xc0000000, "LL: not MIPS I (checked as MIPS II below)", NULL},
    {MIPS161, OURS_ONLY, 0xfc000000, 0xe0000000, "SC: not MIPS I (checked as MIPS II below)", NULL},
    {MIPS161, OURS_ONLY, 0xfc000000, 0xbc000000, "CACHE: not MIPS I (checked as MIPS32 below)", NULL},
    {MIPS161, OURS_ONLY, 0xffffffff, 0x42000020, "WAIT: not MIPS I (checked as MIPS32 below)", NULL},
    {MIPS161, OURS_ONLY, 0xffffffff, 0x42000010, "RFE: LLVM has no R3000 exception style", NULL},
    {MIPS161, OURS_ONLY, 0xfc1fffff, 0x00000408, "JR.HB: executes as JR; a name of release 2", NULL},
    {MIPS161, OURS_ONLY, 0xfc1f07ff, 0x00000409, "JALR.HB: executes as JALR; a name of release 2", NULL},
    {MIPS161, TEXT, 0xffffffff, 0x00000140, "PAUSE: an SLL; a name of release 2", NULL},
    {MIPS161, LLVM_ONLY, 0xfc000000, 0x44000000, "COP1: no coprocessor 1", NULL},
    {MIPS161, LLVM_ONLY, 0xfc000000, 0x48000000, "COP2: no coprocessor 2", NULL},
    {MIPS161, LLVM_ONLY, 0xfc000000, 0xc4000000, "LWC1: no coprocessor 1", NULL},
    {MIPS161, LLVM_ONLY, 0xfc000000, 0xc8000000, "LWC2: no coprocessor 2", NULL},
    {MIPS161, LLVM_ONLY, 0xfc000000, 0xcc000000, "LWC3: no coprocessor 3", NULL},
    {MIPS161, LLVM_ONLY, 0xfc000000, 0xe4000000, "SWC1: no coprocessor 1", NULL},
    {MIPS161, LLVM_ONLY, 0xfc000000, 0xe8000000, "SWC2: no coprocessor 2", NULL},
    {MIPS161, LLVM_ONLY, 0xfc000000, 0xec000000, "SWC3: no coprocessor 3", NULL},
    {MIPS161, LLVM_ONLY, 0xffe0ffff, 0x7c00e83b, "RDHWR $29: LLVM takes it in every ISA, for thread pointers",
     NULL},

    {MIPS32R2, LLVM_ONLY, 0xfc000000, 0x74000000, "JALX: no CPU here has MIPS16 or microMIPS", NULL},
    {MIPS32R2, LLVM_ONLY, 0xfc000000, 0x48000000, "COP2: no coprocessor 2", NULL},
    {MIPS32R2, LLVM_ONLY, 0xfc000000, 0xc8000000, "LWC2: no coprocessor 2", NULL},
    {MIPS32R2, LLVM_ONLY, 0xfc000000, 0xd8000000, "LDC2: no coprocessor 2", NULL},
    {MIPS32R2, LLVM_ONLY, 0xfc000000, 0xe8000000, "SWC2: no coprocessor 2", NULL},
    {MIPS32R2, LLVM_ONLY, 0xfc000000, 0xf8000000, "SDC2: no coprocessor 2", NULL},
    {MIPS32R2, LLVM_ONLY, 0xfc00003f, 0x0000000f, "SYNC: LLVM ignores the reserved bits 25:11",
     sync_has_reserved_bits},
    {MIPS32R2, LLVM_ONLY, 0xfc00003f, 0x7c000000, "EXT: LLVM does not check the size", field_is_outside_word},
    {MIPS32R2, LLVM_ONLY, 0xfc00003f, 0x7c000004, "INS: LLVM does not check the size", field_is_outside_word},
    {MIPS32R2, LLVM_ONLY, 0xffe00000, 0x46c00000, "paired single: no FPU here has it", NULL},
    {MIPS32R2, LLVM_ONLY, 0xffe0003f, 0x46000026, "CVT.PS.S: no FPU here has paired single", NULL},
    {MIPS32R2, TEXT, 0xfc0007fe, 0x70000020, "CLZ, CLO with rt not rd: LLVM takes rt as destination, CPUs rd",
     destination_is_not_repeated},
    {MIPS32R2, OURS_ONLY, 0xfe00003f, 0x42000020, "WAIT: LLVM knows no code field", NULL},
    {MIPS32R2, OURS_ONLY, 0xfc0007ff, 0x4c00000f, "PREFX: missing in LLVM", NULL},
    {MIPS32R2, OURS_ONLY, 0xffe007ff, 0x41400000, "RDPGPR: missing in LLVM", NULL},
    {MIPS32R2, OURS_ONLY, 0xffe007ff, 0x41c00000, "WRPGPR: missing in LLVM", NULL},
    {MIPS32R2, OURS_ONLY, 0xffe007ff, 0x7c00003b, "RDHWR: LLVM knows register 29 only",
     hardware_register_is_not_29},
};

static unsigned long times_used[sizeof(explained) / sizeof(*explained)];

static bool is_explained(const struct mips_isa *isa, enum verdict verdict, uint32_t word)
{
	for (size_t i = 0; i < sizeof(explained) / sizeof(*explained); i++) {
		const struct explanation *e = &explained[i];

		if ((!e->isa || e->isa == isa) && e->verdict == verdict && (word & e->mask) == e->match &&
		    (!e->when || e->when(word))) {
			times_used[i]++;
			return true;
		}
	}
	return false;
}

struct comparison {
	const struct mips_isa *isa;
	LLVMDisasmContextRef llvm;
	bool little_endian;
	unsigned long words, instructions, explained, failures;
};

// One token of assembly text in a form in which both dialects agree: registers and numbers by value.
static const char *next_token(const char *text, char token[32])
{
	size_t n = 0;

	while (isspace((unsigned char)*text))
		text++;
	if (*text == '$') {
		char name[16];

		for (text++; isalnum((unsigned char)*text) && n < sizeof(name) - 1; text++)
			name[n++] = *text;
		name[n] = '\0';
		for (int i = 0; i < 32; i++)
			if (!strcmp(name, mips_register_names[i]))
				snprintf(name, sizeof(name), "%d", i);
		snprintf(token, 32, "$%s", name);
	} else if (isdigit((unsigned char)*text) || *text == '-') {
		char *end;

		snprintf(token, 32, "%u", (uint32_t)strtoll(text, &end, 0));
		text = end;
	} else if (isalpha((unsigned char)*text)) {
		for (; (isalnum((unsigned char)*text) || *text == '.') && n < 31; text++)
			token[n++] = *text;
		token[n] = '\0';
	} else {
		snprintf(token, 32, "%.1s", text);
		text += *text != '\0';
	}
	return text;
}

static bool same_text(const char *a, const char *b)
{
	char ta[32], tb[32];

	do {
		a = next_token(a, ta);
		b = next_token(b, tb);
		if (strcmp(ta, tb))
			return false;
	} while (*ta);
	return true;
}

static void compare_word(struct comparison *c, uint32_t word)
{
	uint8_t be[4] = {word >> 24, word >> 16 & 255, word >> 8 & 255, word & 255};
	uint8_t le[4] = {be[3], be[2], be[1], be[0]};
	char ours[96], theirs[256];
	struct insn insn;
	const char *text = theirs;

	mips_decode(c->isa, word, &insn);
	bool our_verdict = mips_op_info[insn.op].mnemonic;
	bool llvm_verdict =
	    LLVMDisasmInstruction(c->llvm, c->little_endian ? le : be, 4, 0, theirs, sizeof(theirs)) == 4;

	c->words++;
	if (!our_verdict && !llvm_verdict)
		return;
	mips_disassemble(&insn, 0, ours, sizeof(ours));
	if (!llvm_verdict)
		strcpy(theirs, "(invalid)");
	if (strstr(theirs, "rdhwr")) { // LLVM wraps it into .set directives
		text = strstr(theirs, "rdhwr");
		theirs[(size_t)(text - theirs) + strcspn(text, "\n")] = '\0';
	}
	c->instructions++;
	if (our_verdict && llvm_verdict && same_text(ours, text))
		return;
	if (is_explained(c->isa, !llvm_verdict ? OURS_ONLY : !our_verdict ? LLVM_ONLY : TEXT, word)) {
		c->explained++;
		return;
	}
	if (c->failures++ < 40)
		print_error("%s %08x: ours \"%s\", LLVM \"%s\"\n", c->isa->name, word, ours, text);
}

static uint32_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 32);
}

// All values of the bits in `mask`, `repeat` times: with the other bits zero, random, and random under a
// random mask that is often zero, so that reserved fields are met both empty and not.
static void compare_field(struct comparison *c, uint32_t mask, unsigned repeat, uint64_t seed)
{
	uint32_t bits = 0;

	do {
		for (unsigned i = 0; i < repeat; i++) {
			uint32_t other = next_random(&seed);

			if (i == 0)
				other = 0;
			else if (i > 1)
				other &= next_random(&seed) & next_random(&seed);
			compare_word(c, bits | (other & ~mask));
		}
		bits = (bits - mask) & mask;
	} while (bits);
}

static void begin(struct comparison *c, const struct mips_isa *isa, const char *triple, const char *cpu,
		  const char *features)
{
	*c = (struct comparison){
	    .isa = isa,
	    .llvm = LLVMCreateDisasmCPUFeatures(triple, cpu, features, NULL, 0, NULL, NULL),
	    .little_endian = !strncmp(triple, "mipsel", 6),
	};
	assert_non_null(c->llvm);
}

static void end(struct comparison *c)
{
	LLVMDisasmDispose(c->llvm);
	print_message("%s: %lu words, %lu instructions, %lu differences explained, %lu not\n", c->isa->name,
		      c->words, c->instructions, c->explained, c->failures);
	assert_int_equal(c->failures, 0);
}

static void compare_all(const struct mips_isa *isa, const char *triple, const char *cpu, const char *features)
{
	static const struct {
		uint32_t mask;
		unsigned repeat;
	} fields[] = {
	    {0xfc00003f | 0x1f << 21, 5}, // opcode, function, rs
	    {0xfc00003f | 0x1f << 16, 4}, // opcode, function, rt
	    {0xfc00003f | 0x1f << 11, 2}, // opcode, function, rd
	    {0xfc00003f | 0x1f << 6, 5},  // opcode, function, sa
	    {0xffff0000, 10},		  // opcode, rs, rt
	    {0x03e007ff, 1},		  // rs, sa, function of SPECIAL or whatever follows
	};
	struct comparison c;

	begin(&c, isa, triple, cpu, features);
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		compare_field(&c, fields[i].mask, fields[i].repeat, c.little_endian ? 1000 + i : i);
	end(&c);
}

// Words of one operation.
static void compare_op(const struct mips_isa *isa, enum mips_op op, const char *cpu)
{
	const struct mips_encoding *encoding = mips_encoding_for(isa, op);
	uint64_t seed = op;
	struct comparison c;

	begin(&c, isa, "mips-unknown-linux-gnu", cpu, "");
	for (int i = 0; i < 20000; i++) {
		uint32_t other =
		    next_random(&seed) & ~(encoding->mask | encoding->decoded | encoding->ignored);

		compare_word(&c, encoding->match | other);
	}
	assert_int_equal(c.instructions, 20000);
	assert_int_equal(c.explained, 0);
	end(&c);
}

static void mips32r2_big_endian(void **state)
{
	(void)state;
	compare_all(&mips_isa_mips32r2_strict, "mips-unknown-linux-gnu", "mips32r2", "+fp64");
}

static void mips32r2_little_endian(void **state)
{
	(void)state;
	compare_all(&mips_isa_mips32r2_strict, "mipsel-unknown-linux-gnu", "mips32r2", "+fp64");
}

static void mips161_big_endian(void **state)
{
	(void)state;
	compare_all(&mips_isa_mips161_strict, "mips-unknown-linux-gnu", "mips1", "");
}

static void mips161_extras(void **state)
{
	(void)state;
	compare_op(&mips_isa_mips161_strict, MIPS_OP_LL, "mips2");
	compare_op(&mips_isa_mips161_strict, MIPS_OP_SC, "mips2");
	compare_op(&mips_isa_mips161_strict, MIPS_OP_SYNC, "mips2");
	compare_op(&mips_isa_mips161_strict, MIPS_OP_CACHE, "mips32");
	compare_op(&mips_isa_mips161_strict, MIPS_OP_WAIT, "mips32");
}

static void every_explanation_is_needed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(explained) / sizeof(*explained); i++)
		if (!times_used[i])
			fail_msg("never needed: %s", explained[i].reason);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(mips32r2_big_endian),	   cmocka_unit_test(mips32r2_little_endian),
	    cmocka_unit_test(mips161_big_endian),	   cmocka_unit_test(mips161_extras),
	    cmocka_unit_test(every_explanation_is_needed), // last
	};

	LLVMInitializeMipsTargetInfo();
	LLVMInitializeMipsTargetMC();
	LLVMInitializeMipsDisassembler();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
