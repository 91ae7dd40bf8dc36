/* Random programs, made and run by the guest itself: in kseg0, in mapped kernel space and in user mode, each several
 * times with other registers. What comes of registers, memory and exceptions is printed as a digest per program. The
 * command line may hold the seed, in decimal. */
#include "tests/guest/malta/lib.h"

#define PROGRAMS    45
#define RUNS	    8
#define LENGTH	    40
#define DATA	    16 /* the register that points into the data */
#define BREAK	    0x0000000Du
#define D_V_G	    7u
#define MAPPED_CODE 0x00400000u
#define MAPPED_DATA 0x00410000u

static uint32_t pages[4][1024] __attribute__((aligned(16384))); /* code, -, data, - */
static uint32_t registers[34];					/* and HI, LO */

/* Enters code with EXL cleared by ERET, in user mode if `mode` is 0x10; its BREAK comes back here. */
void run_code(uint32_t *values, uint32_t entry, uint32_t mode);
__asm__(".pushsection .text\n\t.set push\n\t.set noreorder\n\t.set noat\n"
	"run_code:\n\taddiu $29, $29, -48\n\t"
	"sw $16, 0($29)\n\tsw $17, 4($29)\n\tsw $31, 8($29)\n\t"
	"la $8, exception\n\tla $9, 1f\n\tsw $9, 36($8)\n\t"
	"mtc0 $5, $14\n\tmfc0 $8, $12\n\tori $8, $8, 2\n\tor $8, $8, $6\n\tmtc0 $8, $12\n\tehb\n\t"
	"move $31, $4\n\tlw $2, 128($31)\n\tmthi $2\n\tlw $2, 132($31)\n\tmtlo $2\n\t"
	"lw $2, 8($31)\n\tlw $3, 12($31)\n\tlw $4, 16($31)\n\tlw $5, 20($31)\n\tlw $6, 24($31)\n\t"
	"lw $7, 28($31)\n\tlw $8, 32($31)\n\tlw $9, 36($31)\n\tlw $10, 40($31)\n\tlw $11, 44($31)\n\t"
	"lw $12, 48($31)\n\tlw $13, 52($31)\n\tlw $14, 56($31)\n\tlw $15, 60($31)\n\tlw $16, 64($31)\n\t"
	"eret\n1:\t"
	"sw $2, 8($31)\n\tsw $3, 12($31)\n\tsw $4, 16($31)\n\tsw $5, 20($31)\n\tsw $6, 24($31)\n\t"
	"sw $7, 28($31)\n\tsw $8, 32($31)\n\tsw $9, 36($31)\n\tsw $10, 40($31)\n\tsw $11, 44($31)\n\t"
	"sw $12, 48($31)\n\tsw $13, 52($31)\n\tsw $14, 56($31)\n\tsw $15, 60($31)\n\t"
	"mfhi $2\n\tsw $2, 128($31)\n\tmflo $2\n\tsw $2, 132($31)\n\t"
	"lw $16, 0($29)\n\tlw $17, 4($29)\n\tlw $31, 8($29)\n\tjr $31\n\taddiu $29, $29, 48\n\t"
	".set pop\n\t.popsection");

static uint32_t state = 1;

static uint32_t draw(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return (uint32_t)((uint64_t)state * below >> 32);
}

static uint32_t reg(void)
{
	return 2 + draw(14);
}

static uint32_t three(uint32_t word)
{
	uint32_t rs = reg(), rt = reg();

	return word | rs << 21 | rt << 16 | reg() << 11;
}

static uint32_t two(uint32_t word, uint32_t low)
{
	uint32_t rs = reg();

	return word | rs << 21 | reg() << 16 | (low & 0xFFFF);
}

/* ADD ADDU SUB SUBU AND OR XOR NOR SLT SLTU MOVZ MOVN, the variable shifts, ROTRV */
static const uint32_t register_ops[] = {0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27,	     0x2A,
					0x2B, 0x0A, 0x0B, 0x04, 0x06, 0x07, 0x46, 0x70000002};
/* ADDI ADDIU SLTI SLTIU ANDI ORI XORI */
static const uint32_t immediate_ops[] = {0x20000000, 0x24000000, 0x28000000, 0x2C000000,
					 0x30000000, 0x34000000, 0x38000000};
/* MULT MULTU DIV DIVU MADD MADDU MSUB MSUBU */
static const uint32_t hilo_ops[] = {0x18, 0x19, 0x1A, 0x1B, 0x70000000, 0x70000001, 0x70000004, 0x70000005};
/* LB LH LWL LW LBU LHU LWR, SB SH SWL SW SWR, LL */
static const uint32_t memory_ops[] = {0x80000000, 0x84000000, 0x88000000, 0x8C000000, 0x90000000,
				      0x94000000, 0x98000000, 0xA0000000, 0xA4000000, 0xA8000000,
				      0xAC000000, 0xB8000000, 0xC0000000, 0xE0000000};
/* BEQ BNE BLEZ BGTZ BLTZ BGEZ and the likely ones; the second part tests one register */
static const uint32_t branches_of_two[] = {0x10000000, 0x14000000, 0x50000000, 0x54000000};
static const uint32_t branches_of_one[] = {0x18000000, 0x1C000000, 0x04000000, 0x04010000,
					   0x58000000, 0x5C000000, 0x04020000, 0x04030000};
/* TGE TGEU TLT TLTU TEQ TNE */
static const uint32_t traps[] = {0x30, 0x31, 0x32, 0x33, 0x34, 0x36};

#define ONE_OF(table) (table)[draw(sizeof(table) / sizeof((table)[0]))]

static uint32_t plain(void)
{
	uint32_t position, size, rt, op;

	switch (draw(12)) {
	case 0:
	case 1:
	case 2:
		return three(ONE_OF(register_ops));
	case 3:
	case 4:
		return two(ONE_OF(immediate_ops), draw(0x10000));
	case 5: /* SLL SRL SRA ROTR */
		rt = reg();
		return (uint32_t[]){0, 2, 3, 0x00200002}[draw(4)] | rt << 16 | reg() << 11 | draw(32) << 6;
	case 6:
		return two(ONE_OF(hilo_ops), 0);
	case 7: /* MFHI MFLO MTHI MTLO */
		return draw(2) ? (draw(2) ? 0x10 : 0x12) | reg() << 11
			       : (draw(2) ? 0x11 : 0x13) | reg() << 21;
	case 8: /* EXT, INS */
		position = draw(32);
		size = 1 + draw(32 - position);
		return draw(2) ? two(0x7C000000, 0) | (size - 1) << 11 | position << 6
			       : two(0x7C000004, 4) | (position + size - 1) << 11 | position << 6;
	case 9: /* WSBH SEB SEH, CLZ CLO */
		rt = reg();
		if (draw(2))
			return (uint32_t[]){0x7C0000A0, 0x7C000420, 0x7C000620}[draw(3)] | rt << 16 |
			       reg() << 11;
		return 0x70000020 | draw(2) | reg() << 21 | rt << 16 | rt << 11;
	case 10:
		if (draw(6) == 0)
			return two(ONE_OF(traps), 0);
		return 0x3C000000 | reg() << 16 | draw(0x10000);
	default:
		op = ONE_OF(memory_ops);
		position = draw(64) * 4;
		if (draw(4) == 0 && op < 0xC0000000) /* QEMU lets misaligned SCs pass */
			position += draw(4);
		return op | DATA << 21 | reg() << 16 | position;
	}
}

static void make(uint32_t *code)
{
	for (unsigned i = 0; i < LENGTH; i++) {
		uint32_t distance = 2 + draw(6);

		if (i + distance + 1 < LENGTH && draw(6) == 0) {
			code[i++] = draw(2) ? two(ONE_OF(branches_of_two), distance)
					    : ONE_OF(branches_of_one) | reg() << 21 | distance;
		}
		code[i] = plain();
	}
	code[LENGTH] = BREAK;
}

static uint32_t run(uint32_t entry, uint32_t data, uint32_t mode)
{
	uint32_t hash = 1, before = exception.count;

	for (unsigned i = 0; i < 128; i++)
		pages[2][i] = random_word();
	for (unsigned k = 0; k < RUNS; k++) {
		for (unsigned i = 2; i < 34; i++)
			registers[i] = random_word();
		registers[DATA] = data;
		run_code(registers, entry, mode);
		for (unsigned i = 2; i < 34; i++)
			hash = i == DATA ? hash : mix(hash, registers[i]);
	}
	for (unsigned i = 0; i < 128; i++)
		hash = mix(hash, pages[2][i]);
	return mix(hash, exception.count - before);
}

static void map(unsigned index, uint32_t va, const void *even, const void *odd)
{
	mtc0(0, 0, index);
	mtc0(10, 0, va);
	mtc0(2, 0, ((uint32_t)even & 0x1FFFFFFFu) >> 12 << 6 | D_V_G);
	mtc0(3, 0, ((uint32_t)odd & 0x1FFFFFFFu) >> 12 << 6 | D_V_G);
	mtc0(5, 0, 0);
	__asm__ volatile("ehb\n\ttlbwi\n\tehb" ::: "memory");
}

int main(void)
{
	uint32_t seed = 0;

	for (const char *digit = arguments[1]; *digit >= '0' && *digit <= '9'; digit++)
		seed = seed * 10 + (uint32_t)(*digit - '0');
	state += seed;
	map(3, MAPPED_CODE, pages[0], pages[1]);
	map(4, MAPPED_DATA, pages[2], pages[3]);
	for (unsigned i = 0; i < PROGRAMS; i++) {
		make(pages[0]);
		for (unsigned k = 0; k <= LENGTH; k += 4)
			__asm__ volatile("synci 0(%0)" : : "r"(&pages[0][k]) : "memory");
		check("kseg0", run((uint32_t)pages[0], (uint32_t)pages[2], 0));
		check("kernel", run(MAPPED_CODE, MAPPED_DATA, 0));
		check("user", run(MAPPED_CODE, MAPPED_DATA, 0x10));
	}
	check("exceptions", exception.count);
	return 0;
}
