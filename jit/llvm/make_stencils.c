/* Makes the stencils at build time: lifts every instruction of every CPU model in every situation that changes what it
 * lifts to, lowers each group of operations that comes up once, and writes what LLVM makes of them as C tables.
 *
 *   make_stencils OUTPUT.c
 *
 * Here a stencil's code is also cut in two: the hot part is what runs into the next stencil, so that stencils can be laid
 * end to end; the rest, reached by jumps only, goes behind the block. */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <llvm-c/Analysis.h>
#include <llvm-c/Disassembler.h>
#include <llvm-c/Error.h>
#include <llvm-c/Support.h>
#include <llvm-c/Target.h>
#include <llvm-c/Transforms/PassBuilder.h>

#include "frontend/encode.h"
#include "frontend/lift.h"
#include "jit/llvm/stencil_internal.h"
#include "runtime/cpu/model.h"

#define PAGE_BYTES	 4096u
#define PAGE_WORD_COUNT	 1024u
#define SEQUENCE_MAX	 4
#define MODULE_FUNCTIONS 256

_Noreturn static void die(const char *what, const char *why)
{
	fprintf(stderr, "make_stencils: %s: %s\n", what, why);
	exit(1);
}

static void *grown(void *array, size_t count, size_t size)
{
	if (count & (count - 1))
		return array; /* capacities are powers of two */
	array = realloc(array, (count ? count * 2 : 1) * size);
	if (!array)
		die("memory", "not enough");
	return array;
}

/* --- what is made --- */

/* A group to make a stencil of, with the block it was found in. */
struct wanted {
	uint8_t key[MAX_KEY_SIZE];
	size_t key_size;
	uint32_t hash;
	struct ir_mode mode;
	struct ir_region region;
	struct stencil_group group;
	uint32_t next; /* in its bucket; index + 1 */
};

struct maker {
	const struct lift_model *model;
	struct ir_mode mode;
	struct wanted **wanted;
	size_t count;
	uint32_t buckets[4096];

	LLVMContextRef context;
	LLVMTargetMachineRef machine;
	LLVMDisasmContextRef disassembler;
	struct types types;

	/* The tables written. */
	struct stencil *stencils; /* as `wanted`, then head and common ones */
	uint8_t *keys, *code;
	struct stencil_hole *holes;
	size_t key_bytes, code_bytes, hole_count;
};

static void want(struct maker *maker, const struct ir_block *block, const struct stencil_group *group)
{
	uint8_t key[MAX_KEY_SIZE];
	size_t size = stencil_key(group, maker->mode, key);
	uint32_t hash = stencil_hash(key, size), *bucket = &maker->buckets[hash % 4096];
	struct wanted *wanted;

	for (uint32_t i = *bucket; i; i = wanted->next) {
		wanted = maker->wanted[i - 1];
		if (wanted->hash == hash && wanted->key_size == size && memcmp(wanted->key, key, size) == 0)
			return;
	}
	wanted = calloc(1, sizeof(*wanted));
	maker->wanted = grown(maker->wanted, maker->count, sizeof(*maker->wanted));
	if (!wanted)
		die("memory", "not enough");
	maker->wanted[maker->count++] = wanted;
	memcpy(wanted->key, key, size);
	wanted->key_size = size;
	wanted->hash = hash;
	wanted->mode = maker->mode;
	wanted->next = *bucket;
	*bucket = (uint32_t)maker->count;
	/* A copy of the block of its own. */
	ir_region_init(&wanted->region, maker->mode);
	struct ir_block *copy = ir_block_add(&wanted->region, block->va, block->pa);
	struct ir_insn *insns = malloc(block->count * sizeof(*insns));
	if (!insns)
		die("memory", "not enough");
	memcpy(insns, block->insns, block->count * sizeof(*insns));
	*copy = *block;
	copy->insns = insns;
	copy->capacity = block->count;
	wanted->group = *group;
	wanted->group.block = copy;
}

/* --- situations --- */

#define NOP 0u
/* Ends every sequence: nothing of this kind is translated. */
#define STOP MIPS_WORD(BREAK, ['c'] = 0)

static void want_sequence(struct maker *maker, const uint32_t *words, unsigned count, uint32_t va)
{
	static struct stencil_group groups[8];
	uint32_t page[PAGE_WORD_COUNT];
	unsigned room = (PAGE_BYTES - (va & (PAGE_BYTES - 1))) / 4, group_count;

	for (unsigned i = 0; i < room; i++)
		page[i] = i < count ? words[i] : STOP;
	/* In line and by calls; ended by the limit and by what cannot be translated. */
	for (unsigned variant = 0; variant < 4; variant++) {
		struct lift_options options = {.sensitive_inline = variant & 1,
					       .max_instructions =
						   (uint16_t)(variant & 2 ? count : count + 1),
					       .ram_size = 1u << 24};
		struct ir_region region;

		ir_region_init(&region, maker->mode);
		if (lift_block(&region, maker->model, &options, va, va & 0xFFFFF, page, room, false) &&
		    stencil_split(&region.blocks[0], groups, 8, &group_count))
			for (unsigned i = 0; i < group_count; i++)
				want(maker, &region.blocks[0], &groups[i]);
		ir_region_free(&region);
	}
}

/* Straight-line code: first, after others, at the end of a page. */
static void want_plain(struct maker *maker, uint32_t word)
{
	static const uint16_t offsets[] = {0x100, 0xFF0, 0xFF4, 0xFF8, 0xFFC};
	uint32_t base = maker->mode.user ? 0x00400000 : 0x80000000;
	const uint32_t before[] = {NOP, MIPS_WORD(MULT, ['s'] = 8, ['t'] = 9), MIPS_WORD(MFLO, ['d'] = 8),
				   MIPS_WORD(MFHI, ['d'] = 8)};

	for (unsigned i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		want_sequence(maker, &word, 1, base + offsets[i]);
		for (unsigned k = 0; k < sizeof(before) / sizeof(before[0]); k++)
			want_sequence(maker, (uint32_t[]){before[k], word}, 2, base + offsets[i]);
	}
}

static void want_in_slot(struct maker *maker, uint32_t word)
{
	static const uint16_t offsets[] = {0x100, 0xFF0, 0xFF4, 0xFF8};
	uint32_t base = maker->mode.user ? 0x00400000 : 0x80000000;
	const uint32_t branches[] = {
	    MIPS_WORD(BNE, ['s'] = 10, ['t'] = 11, ['b'] = 2),
	    MIPS_WORD(BNE, ['s'] = 5, ['t'] = 6, ['b'] = 2),
	    MIPS_WORD(J, ['j'] = (int32_t)((base + 0x200) >> 2)),
	    MIPS_WORD(JAL, ['j'] = (int32_t)((base + 0x200) >> 2)),
	    MIPS_WORD(JR, ['s'] = 31),
	};

	for (unsigned i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++)
		for (unsigned k = 0; k < sizeof(branches) / sizeof(branches[0]); k++)
			want_sequence(maker, (uint32_t[]){branches[k], word}, 2, base + offsets[i]);
}

/* A branch, at several places, with several slots. */
static void want_branch(struct maker *maker, uint32_t word)
{
	static const uint16_t offsets[] = {0x100, 0xFEC, 0xFF0, 0xFF4, 0xFF8, 0xFFC};
	uint32_t base = maker->mode.user ? 0x00400000 : 0x80000000;
	const uint32_t slots[] = {
	    NOP,
	    MIPS_WORD(ADDU, ['d'] = 12, ['s'] = 13, ['t'] = 14),
	    MIPS_WORD(ADDU, ['d'] = 5, ['s'] = 13, ['t'] = 14),
	    MIPS_WORD(ADDU, ['d'] = 12, ['s'] = 31, ['t'] = 14),
	    MIPS_WORD(LW, ['t'] = 12, ['s'] = 13, ['o'] = 4),
	    MIPS_WORD(LW, ['t'] = 5, ['s'] = 13, ['o'] = 4),
	    MIPS_WORD(MULT, ['s'] = 13, ['t'] = 14),
	    MIPS_WORD(MFLO, ['d'] = 12),
	    MIPS_WORD(MFLO, ['d'] = 5),
	    MIPS_WORD(MFHI, ['d'] = 12),
	    MIPS_WORD(MFHI, ['d'] = 5),
	    MIPS_WORD(MTLO, ['s'] = 12),
	    MIPS_WORD(MTHI, ['s'] = 12),
	};
	const uint32_t before[] = {NOP, MIPS_WORD(MULT, ['s'] = 8, ['t'] = 9), MIPS_WORD(MFLO, ['d'] = 8),
				   MIPS_WORD(MFHI, ['d'] = 8)};

	for (unsigned i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++)
		for (unsigned k = 0; k < sizeof(slots) / sizeof(slots[0]); k++) {
			want_sequence(maker, (uint32_t[]){word, slots[k]}, 2, base + offsets[i]);
			for (unsigned j = 0; j < sizeof(before) / sizeof(before[0]); j++)
				want_sequence(maker, (uint32_t[]){before[j], word, slots[k]}, 3,
					      base + offsets[i]);
		}
}

/* Values of a field that may make a difference, by its letter in mips.def. */
static unsigned field_values(char letter, const struct op_info *info, int32_t values[32])
{
	unsigned count = 0;

	switch (letter) {
	case 's':
	case 't':
	case 'd':
		values[count++] = 0;
		values[count++] = letter == 's' ? 5 : letter == 't' ? 6 : 7;
		if (letter == 't')
			values[count++] = 5; /* the same as s */
		if (info->flags & MIPS_FLAG_LINK)
			values[count++] = 31;
		break;
	case 'b': /* same page, next pages */
		values[count++] = 2;
		values[count++] = 0x800;
		break;
	case 'j':
		values[count++] = 0x200 >> 2;
		values[count++] = 0x8000 >> 2;
		break;
	case 'm': /* with any position, one of these makes a valid field */
		values[count++] = 0;
		values[count++] = 31;
		break;
	case 'a':
	case 'p':
	case 'r':
		for (; count < 32; count++)
			values[count] = (int32_t)count;
		break;
	case 'l':
		for (; count < 8; count++)
			values[count] = (int32_t)count;
		break;
	default:
		values[count++] = 4;
		break;
	}
	return count;
}

static void want_fields(struct maker *maker, const struct mips_encoding *encoding, unsigned field,
			uint32_t word)
{
	const struct op_info *info = &mips_op_info[encoding->op];
	int32_t values[32];

	if (field < encoding->field_count) {
		const struct mips_field *f = &encoding->fields[field];
		unsigned count = field_values(f->letter, info, values);

		for (unsigned i = 0; i < count; i++) {
			uint32_t mask = (f->width == 32 ? 0 : 1u << f->width) - 1;

			want_fields(maker, encoding, field + 1,
				    word | ((uint32_t)values[i] & mask) << f->shift);
		}
		return;
	}
	if (info->flags & MIPS_FLAG_JUMP && !(info->flags & MIPS_FLAG_INDIRECT) && maker->mode.user)
		word |= 0x00400000 >> 2;
	if (info->flags & MIPS_FLAG_DELAY) {
		want_branch(maker, word);
	} else {
		want_plain(maker, word);
		want_in_slot(maker, word);
	}
}

static void want_model(struct maker *maker, const struct cpu_model *model)
{
	const struct ir_mode modes[] = {
	    {.user = false, .mapped = false, .big_endian = model->lift.big_endian},
	    {.user = true, .mapped = true, .big_endian = model->lift.big_endian},
	};

	maker->model = &model->lift;
	for (unsigned mode = 0; mode < sizeof(modes) / sizeof(modes[0]); mode++) {
		maker->mode = modes[mode];
		for (unsigned i = 0; i < mips_encoding_count; i++) {
			const struct mips_encoding *encoding = &mips_encodings[i];

			if (encoding->levels & model->lift.isa->levels)
				want_fields(maker, encoding, 0, encoding->match);
		}
	}
}

/* --- LLVM --- */

static void init_llvm(struct maker *maker)
{
	/* For any processor of the host's kind: what is made here runs elsewhere too. */
	const char *triple = LLVMGetDefaultTargetTriple();
	char *message = NULL;
	LLVMTargetRef target;

	LLVMInitializeNativeTarget();
	LLVMInitializeNativeAsmPrinter();
	LLVMInitializeNativeAsmParser(); /* for stencil_call */
	LLVMInitializeNativeDisassembler();
	if (LLVMGetTargetFromTriple(triple, &target, &message))
		die("LLVM does not know the host", message);
	maker->machine = LLVMCreateTargetMachine(target, triple, "x86-64", "", LLVMCodeGenLevelDefault,
						 LLVMRelocStatic, LLVMCodeModelSmall);
	maker->disassembler = LLVMCreateDisasmCPU(triple, "x86-64", NULL, 0, NULL, NULL);
	maker->context = LLVMContextCreate();
	if (!maker->machine || !maker->disassembler)
		die("LLVM", "cannot generate code for the host");
	types_init(&maker->types, maker->context);
}

static LLVMMemoryBufferRef compile(struct maker *maker, LLVMModuleRef module)
{
	LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
	LLVMMemoryBufferRef buffer = NULL;
	LLVMErrorRef error;
	char *message = NULL;

	LLVMSetTarget(module, LLVMGetDefaultTargetTriple());
	LLVMSetModuleDataLayout(module, LLVMCreateTargetDataLayout(maker->machine));
	if (LLVMVerifyModule(module, LLVMReturnStatusAction, &message))
		die("the lowering made wrong LLVM IR", message);
	LLVMDisposeMessage(message);
	error = LLVMRunPasses(module, "function(early-cse)", maker->machine, options);
	if (error)
		die("LLVM's passes failed", LLVMGetErrorMessage(error));
	LLVMDisposePassBuilderOptions(options);
	if (LLVMTargetMachineEmitToMemoryBuffer(maker->machine, module, LLVMObjectFile, &message, &buffer))
		die("LLVM cannot generate code", message);
	return buffer;
}

/* --- from an object file to stencils --- */

struct instruction {
	uint32_t offset, size;	/* in its function */
	int32_t target;		/* offset in the function that a jump goes to; -1: no such jump */
	const Elf64_Rela *next; /* it jumps to the next stencil */
	bool conditional;
	uint32_t displacement; /* where a general register's is that can be cut to a byte; 0: none */
	/* As laid out anew. */
	bool cold;
	uint32_t new_offset, new_size;
};

struct object_file {
	const uint8_t *data;
	const Elf64_Sym *symbols;
	size_t symbol_count;
	const char *names;
	const Elf64_Rela *relas;
	size_t rela_count;
	const uint8_t *text;
	unsigned text_section;
};

static struct object_file open_object(LLVMMemoryBufferRef buffer)
{
	struct object_file object = {.data = (const uint8_t *)LLVMGetBufferStart(buffer)};
	const Elf64_Ehdr *header = (const void *)object.data;
	const Elf64_Shdr *sections = (const void *)(object.data + header->e_shoff);
	const char *section_names = (const char *)object.data + sections[header->e_shstrndx].sh_offset;

	for (unsigned i = 0; i < header->e_shnum; i++) {
		const Elf64_Shdr *section = &sections[i];
		const char *name = section_names + section->sh_name;

		if (section->sh_type == SHT_SYMTAB) {
			object.symbols = (const void *)(object.data + section->sh_offset);
			object.symbol_count = section->sh_size / sizeof(Elf64_Sym);
			object.names = (const char *)object.data + sections[section->sh_link].sh_offset;
		} else if (strcmp(name, ".text") == 0) {
			object.text = object.data + section->sh_offset;
			object.text_section = i;
		} else if (strcmp(name, ".rela.text") == 0) {
			object.relas = (const void *)(object.data + section->sh_offset);
			object.rela_count = section->sh_size / sizeof(Elf64_Rela);
		} else if ((section->sh_flags & SHF_ALLOC) && section->sh_size &&
			   strncmp(name, ".eh_frame", 9) != 0 && strcmp(name, ".rela.eh_frame") != 0) {
			die("a stencil needs data", name);
		}
	}
	return object;
}

static const char *rela_name(const struct object_file *object, const Elf64_Rela *rela)
{
	return object->names + object->symbols[ELF64_R_SYM(rela->r_info)].st_name;
}

#define MAX_INSTRUCTIONS 512

/* One function of the object file on its way to a stencil. */
struct function {
	const struct object_file *object;
	const char *name;
	const uint8_t *code;
	uint32_t start, size; /* in .text */
	const Elf64_Rela *first;
	size_t rela_count;
	struct instruction instructions[MAX_INSTRUCTIONS];
	unsigned count;
	bool uses_stack;
};

static const Elf64_Rela *rela_in(const struct function *function, uint32_t from, uint32_t to)
{
	for (size_t i = 0; i < function->rela_count; i++) {
		uint64_t offset = function->first[i].r_offset - function->start;

		if (offset >= from && offset < to)
			return &function->first[i];
	}
	return NULL;
}

static int32_t read32(const uint8_t *at)
{
	int32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

#define DISPLACEMENT_CUT 3u /* bytes saved */
_Static_assert(offsetof(struct cpu, gpr[31]) <= INT8_MAX, "a byte reaches all general registers");

/* LLVM gives what it does not know 32 bits. A general register's displacement from struct cpu fits into a byte: returns where
 * in the instruction it is, if it is there and nothing else is. The register that points to struct cpu needs a SIB byte. */
static uint32_t find_displacement(const struct function *function, const struct instruction *insn,
				  const Elf64_Rela *rela)
{
	const uint8_t *code = function->code + insn->offset;
	unsigned kind, operation;

	if (!rela || sscanf(rela_name(function->object, rela), STENCIL_HOLE_NAME, &kind, &operation) != 2 ||
	    kind != HOLE_STATE || rela->r_addend != 0)
		return 0;
	uint32_t at = (uint32_t)(rela->r_offset - function->start) - insn->offset;
	bool base_and_32_bits = at >= 3 && (code[at - 2] & 0xC7) == 0x84 && code[at - 1] == 0x24;
	return base_and_32_bits ? at : 0;
}

/* Finds the instructions and where the jumps among them go. */
static void scan(struct maker *maker, struct function *function)
{
	char text[128];

	function->count = 0;
	function->uses_stack = false;
	for (uint32_t at = 0; at < function->size;) {
		struct instruction *insn = &function->instructions[function->count];
		uint8_t *code = (uint8_t *)(uintptr_t)(function->code + at);
		size_t size = LLVMDisasmInstruction(maker->disassembler, code, function->size - at, at, text,
						    sizeof(text));

		if (size == 0 || ++function->count == MAX_INSTRUCTIONS)
			die(function->name, "cannot be taken apart");
		*insn = (struct instruction){.offset = at, .size = (uint32_t)size, .target = -1};
		function->uses_stack |= strstr(text, "%rsp") || strstr(text, "push") || strstr(text, "pop");
		const Elf64_Rela *rela = rela_in(function, at, at + insn->size);
		bool wide_conditional = code[0] == 0x0F && (code[1] & 0xF0) == 0x80;
		if (code[0] == 0xEB || (code[0] & 0xF0) == 0x70)
			insn->target = (int32_t)(at + insn->size) + (int8_t)code[1];
		else if ((code[0] == 0xE9 || wide_conditional) && !rela)
			insn->target = (int32_t)(at + insn->size) + read32(code + size - 4);
		else if ((code[0] == 0xE9 || wide_conditional) &&
			 strcmp(rela_name(function->object, rela), STENCIL_NEXT_NAME) == 0)
			insn->next = rela;
		insn->conditional = wide_conditional || (code[0] & 0xF0) == 0x70;
		insn->displacement = find_displacement(function, insn, rela);
		at += insn->size;
	}
}

static struct instruction *instruction_at(struct function *function, int32_t offset)
{
	for (unsigned i = 0; i < function->count; i++)
		if ((int32_t)function->instructions[i].offset == offset)
			return &function->instructions[i];
	die(function->name, "jumps into the middle of an instruction");
}

/* Decides what is hot and how long everything gets. The hot part ends with the first jump to the next stencil, which is
 * left out, or turned round if it is conditional. */
static void lay_out(struct function *function, uint32_t *hot_size, uint32_t *cold_size)
{
	unsigned end = 0;

	while (end < function->count && !function->instructions[end].next)
		end++;
	for (unsigned i = 0; i < function->count; i++) {
		struct instruction *insn = &function->instructions[i];

		insn->cold = i > end;
		insn->new_size = insn->size - (insn->displacement ? DISPLACEMENT_CUT : 0);
		if (i == end && insn->next && !insn->conditional)
			insn->new_size = 0;
	}
	*hot_size = *cold_size = 0;
	for (unsigned i = 0; i < function->count; i++) {
		struct instruction *insn = &function->instructions[i];

		if (insn->target >= 0 && instruction_at(function, insn->target)->cold != insn->cold)
			insn->new_size = insn->conditional ? 6 : 5;
		uint32_t *size = insn->cold ? cold_size : hot_size;
		insn->new_offset = *size;
		*size += insn->new_size;
	}
}

static void add_hole(struct maker *maker, uint32_t offset, enum hole kind, unsigned operation, int64_t addend)
{
	maker->holes = grown(maker->holes, maker->hole_count, sizeof(*maker->holes));
	maker->holes[maker->hole_count++] = (struct stencil_hole){.offset = (uint16_t)offset,
								  .kind = (uint8_t)kind,
								  .operation = (uint8_t)operation,
								  .addend = (int32_t)addend};
}

static void put_code(struct maker *maker, const uint8_t *code, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		maker->code = grown(maker->code, maker->code_bytes, 1);
		maker->code[maker->code_bytes++] = code[i];
	}
}

/* A hole for what a relocation names. `offset`: of the field in the stencil. `byte`: it is a register's that was cut. */
static void convert(struct maker *maker, const struct function *function, const Elf64_Rela *rela,
		    uint32_t offset, bool byte)
{
	const char *name = rela_name(function->object, rela);
	unsigned kind, operation, type = (unsigned)ELF64_R_TYPE(rela->r_info);

	if (sscanf(name, STENCIL_HOLE_NAME, &kind, &operation) == 2 && !hole_is_relative((enum hole)kind)) {
		if (type != R_X86_64_32 && type != R_X86_64_32S)
			die(function->name, "a hole that is not 32 bits wide");
		add_hole(maker, offset, byte ? HOLE_REGISTER : (enum hole)kind, operation, rela->r_addend);
		return;
	}
	if (type != R_X86_64_PLT32 && type != R_X86_64_PC32)
		die(function->name, "what is not reached relative to code");
	if (sscanf(name, STENCIL_HOLE_NAME, &kind, &operation) == 2) {
		add_hole(maker, offset, (enum hole)kind, operation, rela->r_addend + 4);
		return;
	}
	if (strcmp(name, STENCIL_NEXT_NAME) == 0) {
		add_hole(maker, offset, HOLE_NEXT, 0, rela->r_addend + 4);
		return;
	}
	for (unsigned i = 0; i < STENCIL_COMMON_COUNT; i++) {
		if (strcmp(name, stencil_common_names[i]) == 0) {
			add_hole(maker, offset, HOLE_CODE, i, rela->r_addend + 4);
			return;
		}
	}
	die(function->name, name);
}

static void put_jump(struct maker *maker, struct function *function, const struct instruction *insn,
		     uint32_t start, uint32_t offset)
{
	const struct instruction *target = instruction_at(function, insn->target);
	const uint8_t *code = function->code + insn->offset;
	uint8_t bytes[6] = {0};

	if (target->cold == insn->cold) {
		int32_t distance = (int32_t)target->new_offset - (int32_t)(insn->new_offset + insn->new_size);

		memcpy(bytes, code, insn->size);
		if (insn->size == 2 && distance != (int8_t)distance)
			die(function->name, "a short jump has become too long");
		if (insn->size == 2)
			bytes[1] = (uint8_t)distance;
		else
			memcpy(bytes + insn->size - 4, &distance, 4);
		put_code(maker, bytes, insn->size);
		return;
	}
	if (insn->conditional) {
		bytes[0] = 0x0F;
		bytes[1] = (uint8_t)(0x80 | (code[0] == 0x0F ? code[1] : code[0]) % 16);
	} else {
		bytes[0] = 0xE9;
	}
	put_code(maker, bytes, insn->new_size);
	add_hole(maker, offset + insn->new_size - 4 - start, target->cold ? HOLE_COLD : HOLE_HOT, 0,
		 (int32_t)target->new_offset);
}

/* An instruction's bytes, with a displacement cut to a byte if it can be. */
static void put_bytes(struct maker *maker, const uint8_t *code, const struct instruction *insn,
		      uint32_t offset)
{
	if (!insn->displacement) {
		put_code(maker, code, insn->size);
		return;
	}
	uint32_t behind = insn->displacement + 1 + DISPLACEMENT_CUT;

	put_code(maker, code, insn->displacement + 1);
	put_code(maker, code + behind, insn->size - behind);
	maker->code[offset + insn->displacement - 2] ^= 0xC0; /* the mode: 8 bits, not 32 */
}

static void put_instruction(struct maker *maker, struct function *function, const struct instruction *insn,
			    bool last_hot, uint32_t start)
{
	uint32_t offset = (uint32_t)maker->code_bytes;

	if (insn->new_size == 0)
		return;
	if (insn->target >= 0) {
		put_jump(maker, function, insn, start, offset);
		return;
	}
	put_bytes(maker, function->code + insn->offset, insn, offset);
	if (last_hot && insn->next) { /* the other way round, to the cold part */
		maker->code[offset + 1] ^= 1;
		add_hole(maker, offset + 2 - start, HOLE_COLD, 0, 0);
		return;
	}
	for (size_t i = 0; i < function->rela_count; i++) {
		uint64_t at = function->first[i].r_offset - function->start;

		if (at < insn->offset || at >= insn->offset + insn->size)
			continue;
		uint32_t in_insn = (uint32_t)at - insn->offset;
		bool cut = insn->displacement && in_insn >= insn->displacement;
		if (cut && in_insn > insn->displacement)
			in_insn -= DISPLACEMENT_CUT;
		convert(maker, function, &function->first[i], offset - start + in_insn,
			cut && in_insn == insn->displacement);
	}
}

/* Returns whether it touches the stack. */
static bool take_function(struct maker *maker, const struct object_file *object, const char *name,
			  struct stencil *stencil)
{
	static struct function function;
	const Elf64_Sym *symbol = NULL;
	uint32_t hot_size, cold_size;

	for (size_t i = 0; i < object->symbol_count && !symbol; i++)
		if (object->symbols[i].st_shndx == object->text_section &&
		    strcmp(object->names + object->symbols[i].st_name, name) == 0)
			symbol = &object->symbols[i];
	if (!symbol)
		die(name, "is not in the object file");
	function.object = object;
	function.name = name;
	function.code = object->text + symbol->st_value;
	function.start = (uint32_t)symbol->st_value;
	function.size = (uint32_t)symbol->st_size;
	function.first = object->relas;
	size_t i = 0;
	while (i < object->rela_count && object->relas[i].r_offset < symbol->st_value)
		i++;
	function.first = object->relas + i;
	function.rela_count = 0;
	while (i + function.rela_count < object->rela_count &&
	       function.first[function.rela_count].r_offset < symbol->st_value + symbol->st_size)
		function.rela_count++;

	scan(maker, &function);
	lay_out(&function, &hot_size, &cold_size);
	stencil->code = (uint32_t)maker->code_bytes;
	stencil->holes = (uint32_t)maker->hole_count;
	stencil->hot_size = (uint16_t)hot_size;
	stencil->cold_size = (uint16_t)cold_size;
	for (unsigned k = 0; k < function.count; k++)
		stencil->hot_instructions +=
		    !function.instructions[k].cold && function.instructions[k].new_size;
	for (unsigned cold = 0; cold < 2; cold++) {
		for (unsigned k = 0; k < function.count; k++) {
			const struct instruction *insn = &function.instructions[k];

			if (insn->cold == cold)
				put_instruction(maker, &function, insn,
						!cold && k + 1 < function.count &&
						    function.instructions[k + 1].cold,
						stencil->code);
		}
	}
	stencil->hole_count = (uint16_t)(maker->hole_count - stencil->holes);
	return function.uses_stack;
}

/* --- all of it --- */

static void make_stencils(struct maker *maker)
{
	for (size_t first = 0; first < maker->count; first += MODULE_FUNCTIONS) {
		LLVMModuleRef module = LLVMModuleCreateWithNameInContext("stencils", maker->context);
		size_t end =
		    first + MODULE_FUNCTIONS < maker->count ? first + MODULE_FUNCTIONS : maker->count;
		char name[32];

		for (size_t i = first; i < end; i++) {
			snprintf(name, sizeof(name), "stencil_%zu", i);
			lower_stencil(&maker->types, maker->context, module, maker->wanted[i]->mode,
				      &maker->wanted[i]->group, name);
		}
		LLVMMemoryBufferRef buffer = compile(maker, module);
		struct object_file object = open_object(buffer);
		for (size_t i = first; i < end; i++) {
			struct stencil *stencil = &maker->stencils[i];

			stencil->hash = maker->wanted[i]->hash;
			stencil->key = (uint32_t)maker->key_bytes;
			stencil->key_size = (uint16_t)maker->wanted[i]->key_size;
			for (size_t k = 0; k < maker->wanted[i]->key_size; k++) {
				maker->keys = grown(maker->keys, maker->key_bytes, 1);
				maker->keys[maker->key_bytes++] = maker->wanted[i]->key[k];
			}
			snprintf(name, sizeof(name), "stencil_%zu", i);
			/* What it calls may leave for good. */
			if (take_function(maker, &object, name, stencil))
				die(name, "has something on the stack");
		}
		LLVMDisposeMemoryBuffer(buffer);
		LLVMDisposeModule(module);
	}
}

static void make_common(struct maker *maker)
{
	LLVMModuleRef module = LLVMModuleCreateWithNameInContext("common", maker->context);
	struct stencil *stencils = maker->stencils + maker->count;
	char name[32];

	stubs_build(&maker->types, maker->context, module);
	for (unsigned i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "head_%u", i);
		lower_head(&maker->types, maker->context, module, i, name);
	}
	LLVMMemoryBufferRef buffer = compile(maker, module);
	struct object_file object = open_object(buffer);
	for (unsigned i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "head_%u", i);
		take_function(maker, &object, name, stencils++);
	}
	for (unsigned i = 0; i < STENCIL_COMMON_COUNT; i++)
		take_function(maker, &object, stencil_common_names[i], stencils++);
	LLVMDisposeMemoryBuffer(buffer);
	LLVMDisposeModule(module);
}

static void print_bytes(FILE *file, const char *name, const uint8_t *bytes, size_t count)
{
	fprintf(file, "static const uint8_t %s[] = {", name);
	for (size_t i = 0; i < count; i++)
		fprintf(file, "%s%u,", i % 32 ? "" : "\n", bytes[i]);
	fprintf(file, "\n};\n");
}

static void print_stencil(FILE *file, const struct stencil *s)
{
	fprintf(file, "{%uu,%u,%u,%u,%u,%u,%u,%u,%u},\n", s->hash, s->key, s->code, s->holes, s->key_size,
		s->hot_size, s->cold_size, s->hole_count, s->hot_instructions);
}

static void print_tables(const struct maker *maker, FILE *file)
{
	unsigned bucket_count = 1;
	uint16_t *buckets;

	while (bucket_count < 2 * maker->count)
		bucket_count *= 2;
	buckets = calloc(bucket_count, sizeof(*buckets));
	if (!buckets || maker->count >= UINT16_MAX)
		die("memory", "not enough");
	for (size_t i = 0; i < maker->count; i++) {
		unsigned at = maker->stencils[i].hash & (bucket_count - 1);

		while (buckets[at])
			at = (at + 1) & (bucket_count - 1);
		buckets[at] = (uint16_t)(i + 1);
	}
	fprintf(file, "/* Made by make_stencils. */\n#include \"jit/stencil.h\"\n");
	print_bytes(file, "keys", maker->keys, maker->key_bytes);
	print_bytes(file, "code", maker->code, maker->code_bytes);
	fprintf(file, "static const struct stencil_hole holes[] = {\n");
	for (size_t i = 0; i < maker->hole_count; i++)
		fprintf(file, "{%u,%u,%u,%d},\n", maker->holes[i].offset, maker->holes[i].kind,
			maker->holes[i].operation, maker->holes[i].addend);
	fprintf(file, "};\nstatic const struct stencil stencils[] = {\n");
	for (size_t i = 0; i < maker->count; i++)
		print_stencil(file, &maker->stencils[i]);
	fprintf(file, "};\nstatic const uint16_t buckets[] = {");
	for (unsigned i = 0; i < bucket_count; i++)
		fprintf(file, "%s%u,", i % 32 ? "" : "\n", buckets[i]);
	fprintf(file,
		"\n};\nconst struct stencil_library stencil_library = {.stencils = stencils, .keys = keys, "
		".code = code, .holes = holes, .buckets = buckets, .count = %zu, .bucket_count = %u,\n"
		".head = {\n",
		maker->count, bucket_count);
	for (size_t i = 0; i < 2; i++)
		print_stencil(file, &maker->stencils[maker->count + i]);
	fprintf(file, "}, .common = {\n");
	for (size_t i = 0; i < STENCIL_COMMON_COUNT; i++)
		print_stencil(file, &maker->stencils[maker->count + 2 + i]);
	fprintf(file, "}};\n");
	free(buckets);
}

int main(int argc, char **argv)
{
	static struct maker maker;
	FILE *file;

	if (argc != 2)
		die("usage", "make_stencils OUTPUT.c");
	want_model(&maker, &cpu_model_mips161);
	for (unsigned big_endian = 0; big_endian < 2; big_endian++) {
		want_model(&maker, cpu_model_mips32("24Kf", big_endian));
		want_model(&maker, cpu_model_mips32("34Kf", big_endian));
	}
	init_llvm(&maker);
	maker.stencils = calloc(maker.count + 2 + STENCIL_COMMON_COUNT, sizeof(*maker.stencils));
	if (!maker.stencils)
		die("memory", "not enough");
	make_stencils(&maker);
	make_common(&maker);
	file = fopen(argv[1], "w");
	if (!file)
		die(argv[1], "cannot be written");
	print_tables(&maker, file);
	if (fclose(file))
		die(argv[1], "cannot be written");
	printf("%zu stencils, %zu bytes of code, %zu holes\n", maker.count, maker.code_bytes,
	       maker.hole_count);
	return 0;
}
