/* Loops through pages in user mode: from one page to the next, into pages that cannot be read, and with stores that begin in
 * the middle of a page that was only read, which may or may not be written. */
#include "tests/guest/malta/lib.h"

#define CODE_VA 0x00400000u
#define DATA_VA 0x00410000u
#define WORDS	1024u /* of a page */

enum {
	GLOBAL = 1,
	VALID = 2,
	DIRTY = 4,
};

static uint32_t pages[5][WORDS] __attribute__((aligned(4096)));

/* Sums $5 words from $4 on and bytes from $7 down; stores the sum over the last $6 of the words. */
extern const uint32_t walk[], walk_end[];
__asm__(".set push\n\t.set noreorder\n\t.text\n\t.globl walk, walk_end\n"
	"walk:\n\tmove $2, $0\n"
	"1:\tlw $8, 0($4)\n\taddu $2, $2, $8\n\tlbu $9, -1($7)\n\txor $2, $2, $9\n\tsltu $10, $6, $5\n\tbnez "
	"$10, 2f\n\t"
	"addiu $7, $7, -3\n\tsw $2, 0($4)\n"
	"2:\taddiu $5, $5, -1\n\tbnez $5, 1b\n\taddiu $4, $4, 4\n\tbreak\n\tnop\nwalk_end:\n\t.set pop");

/* Sums $5 words from $4 on, and stores the sum over the last of them when the loop is over. */
extern const uint32_t total[], total_end[];
__asm__(
    ".set push\n\t.set noreorder\n\t.text\n\t.globl total, total_end\n"
    "total:\n\tmove $2, $0\n"
    "1:\tlw $8, 0($4)\n\taddiu $5, $5, -1\n\taddu $2, $2, $8\n\tbnez $5, 1b\n\taddiu $4, $4, 4\n\t"
    "sw $2, -4($4)\n\tb 2f\n\tnop\n\tnop\n" /* in a block of its own, since BREAK leaves code that is compiled */
    "2:\tbreak\n\tnop\ntotal_end:\n\t.set pop");
#define TOTAL_OFFSET 0x200u

static void map(unsigned index, uint32_t va, const void *even, unsigned even_flags, const void *odd,
		unsigned odd_flags)
{
	mtc0(0, 0, index);
	mtc0(10, 0, va);
	mtc0(2, 0, ((uint32_t)even & 0x1FFFFFFFu) >> 12 << 6 | GLOBAL | even_flags);
	mtc0(3, 0, ((uint32_t)odd & 0x1FFFFFFFu) >> 12 << 6 | GLOBAL | odd_flags);
	mtc0(5, 0, 0);
	__asm__ volatile("ehb\n\ttlbwi\n\tehb" ::: "memory");
}

/* The handler goes on behind what faults; BREAK comes back. */
static uint32_t run(uint32_t code, uint32_t start, uint32_t words, uint32_t stores)
{
	register uint32_t from __asm__("$4") = start, count __asm__("$5") = words,
			       last __asm__("$6") = stores;
	register uint32_t bytes __asm__("$7") = DATA_VA + 0x1C00, result __asm__("$2");

	__asm__ volatile(".set push\n\t.set noreorder\n\tmtc0 %6, $14\n\tmfc0 $8, $12\n\tori $8, $8, "
			 "0x12\n\tmtc0 $8, $12\n\tehb\n\t"
			 "la $8, 1f\n\tsw $8, 36(%5)\n\teret\n\tnop\n1:\t.set pop"
			 : "=r"(result), "+r"(from), "+r"(count), "+r"(last), "+r"(bytes)
			 : "r"(&exception), "r"(code)
			 : "$3", "$8", "$9", "$10", "$31", "memory");
	return result;
}

static uint32_t hash_of_pages(void)
{
	uint32_t hash = 1;

	for (unsigned page = 0; page < 4; page++)
		for (unsigned i = 0; i < WORDS; i++)
			hash = mix(hash, pages[page][i]);
	return hash;
}

static void walk_pages(const char *name, unsigned even, unsigned even_flags, unsigned odd, unsigned odd_flags,
		       uint32_t stores)
{
	exception.count = 0;
	map(4, DATA_VA, pages[even], even_flags, pages[odd], odd_flags);
	check(name, run(CODE_VA, DATA_VA + 0x400, 1500, stores));
	check("  exceptions", exception.count);
	check("  pages", hash_of_pages());
}

/* Many short loops, each with a store behind it. */
static void total_pages(const char *name, unsigned flags, unsigned times)
{
	uint32_t hash = 1;

	exception.count = 0;
	map(4, DATA_VA, pages[0], VALID | flags, pages[1], VALID | DIRTY);
	for (unsigned i = 0; i < times; i++)
		hash = mix(hash, run(CODE_VA + TOTAL_OFFSET, DATA_VA + 32 * i % 0x1000, 4, 0));
	check(name, hash);
	check("  exceptions", exception.count);
	check("  pages", hash_of_pages());
}

/* To the end of what user mode may address, and beyond. */
static void edge(const char *name, unsigned flags, uint32_t start)
{
	exception.count = 0;
	map(4, DATA_VA, pages[0], VALID, pages[1], VALID);
	map(5, 0x7FFFE000, pages[2], VALID | flags, pages[3], VALID | flags);
	check(name, run(CODE_VA, start, 300, 150));
	check("  exceptions", exception.count);
	check("  address", exception.bad_vaddr);
	check("  pages", hash_of_pages());
}

int main(void)
{
	for (const uint32_t *word = walk; word < walk_end; word++)
		pages[4][word - walk] = *word;
	for (const uint32_t *word = total; word < total_end; word++)
		pages[4][TOTAL_OFFSET / 4 + (word - total)] = *word;
	for (unsigned page = 0; page < 4; page++)
		for (unsigned i = 0; i < WORDS; i++)
			pages[page][i] = random_word();
	map(3, CODE_VA, pages[4], VALID, pages[4], VALID);

	/* At first all is written, so that what stores is part of what is compiled; and before much is refused, since what
	 * is refused often is compiled otherwise. */
	walk_pages("all written", 0, VALID | DIRTY, 1, VALID | DIRTY, 1500);
	total_pages("totals", DIRTY, 100);
	total_pages("may not be written", 0, 40);
	edge("at the edge", 0, 0x7FFFFFF0);
	for (unsigned round = 0; round < 6; round++) {
		walk_pages("read", 0, VALID | DIRTY, 1, VALID | DIRTY, 0);
		walk_pages("read only", 1, VALID, 3, VALID, 0);
		walk_pages("written", 2, VALID | DIRTY, 0, VALID | DIRTY, 700);
		walk_pages("may not be written", 0, VALID, 2, VALID, 300);
		walk_pages("one may be written", 3, VALID, 1, VALID | DIRTY, 1000);
		walk_pages("the other", 1, VALID | DIRTY, 3, VALID, 1000);
		walk_pages("cannot be read", 2, VALID | DIRTY, 0, 0, 40);
		edge("over the edge", DIRTY, 0x7FFFFE00);
		edge("may not be written", 0, 0x7FFFFF00);
		edge("beyond", DIRTY, 0x80000000);
		total_pages("totals", DIRTY, 100);
		total_pages("may not be written", 0, 40);
	}
	return 0;
}
