/* The TLB: pairs of pages, page masks, ASIDs, probes; user mode in mapped pages. */
#include "tests/guest/malta/lib.h"

#define D_V_G 7u
#define D_V   6u
#define V     2u

static uint32_t pages[4][1024] __attribute__((aligned(16384)));

static uint32_t pfn(const void *page)
{
	return ((uint32_t)page & 0x1FFFFFFFu) >> 12 << 6;
}

static void write_entry(unsigned index, uint32_t hi, uint32_t lo0, uint32_t lo1, uint32_t mask)
{
	mtc0(0, 0, index);
	mtc0(10, 0, hi);
	mtc0(2, 0, lo0);
	mtc0(3, 0, lo1);
	mtc0(5, 0, mask);
	__asm__ volatile("ehb\n\ttlbwi\n\tehb" ::: "memory");
}

static void read_entry(const char *name, unsigned index)
{
	mtc0(0, 0, index);
	__asm__ volatile("ehb\n\ttlbr\n\tehb" ::: "memory");
	print(name);
	print("\n");
	check("  EntryHi", mfc0(10, 0));
	check("  EntryLo0", mfc0(2, 0));
	check("  EntryLo1", mfc0(3, 0));
	check("  PageMask", mfc0(5, 0));
}

static uint32_t probe(uint32_t hi)
{
	mtc0(10, 0, hi);
	__asm__ volatile("ehb\n\ttlbp\n\tehb" ::: "memory");
	return mfc0(0, 0) & 0x8000000Fu;
}

static void clear(void)
{
	for (unsigned i = 0; i < 16; i++)
		write_entry(i, 0x80000000u + (i << 13), 0, 0, 0);
}

#define CASE(name, code, a, b)                                                                               \
	do {                                                                                                 \
		uint32_t base__ = TRY(code, a, b);                                                           \
		check_exception(name, base__);                                                               \
	} while (0)

static void entries(void)
{
	clear();
	for (unsigned i = 0; i < 4; i++)
		pages[i][0] = 0x1110 * i + i;
	write_entry(1, 0x00400005, pfn(pages[0]) | D_V, pfn(pages[1]) | V, 0);
	mtc0(10, 0, 0x05);
	check("even", *word_at(0x00400000));
	check("odd", *word_at(0x00401000));
	*word_at(0x00400000) = 0xABCD;
	check("written", pages[0][0]);
	CASE("not dirty", "sw %2, 0(%1)", 0x00401000, 5);
	mtc0(10, 0, 0x06);
	CASE("other ASID", "lw $2, 0(%1)", 0x00400000, 5);
	mtc0(10, 0, 0x05);
	write_entry(1, 0x00400005, pfn(pages[0]) | 4, pfn(pages[1]) | 4, 0);
	CASE("invalid load", "lw $2, 0(%1)", 0x00400000, 5);
	CASE("invalid store", "sw $2, 0(%1)", 0x00400000, 5);
	write_entry(1, 0x00400005, 0x100 << 6 | D_V_G, 0x101 << 6 | D_V, 0);
	read_entry("G in one half", 1);
	write_entry(1, 0x00400005, pfn(pages[2]) | D_V_G, pfn(pages[3]) | D_V_G, 0);
	mtc0(10, 0, 0x77);
	check("global", *word_at(0x00401000));
	check("probe hit", probe(0x00400099));
	check("probe miss", probe(0x00500099) >> 31);
	write_entry(0, 0xFFFFFFFFu, 0xFFFFFFFFu, 0xFFFFFFFFu, 0x1FFFE000u);
	read_entry("all ones", 0);
	write_entry(2, 0x0033E000, 0x123 << 6 | D_V_G, 0x145 << 6 | D_V_G, 0x1E000);
	read_entry("64K", 2);
	clear();
	write_entry(2, 0x0033E000, 0x120 << 6 | D_V_G, 0x140 << 6 | D_V_G, 0x1E000);
	check("64K probe even", probe(0x00320000));
	check("64K probe odd", probe(0x00330000));
	*word_at(0x80123458u) = 0x51;
	*word_at(0x80143458u) = 0x52;
	check("64K even", *word_at(0x00323458));
	check("64K odd", *word_at(0x00333458));
	clear();
	mtc0(5, 0, 0);
	write_entry(3, 0x00600000, pfn(pages[0]) | D_V_G, pfn(pages[1]) | D_V_G, 0);
	write_entry(4, 0x00602000, 0x20000000u >> 6 | D_V_G, D_V_G, 0);
	CASE("bus error", "lw $2, 0(%1)", 0x00602000, 0);
	CASE("bus error store", "sw $2, 0(%1)", 0x00602000, 0);
	write_entry(4, 0x00602000, 0x80000000u >> 6 | D_V_G, D_V_G, 0);
	pages[0][3] = 0x99;
	write_entry(5, 0x00604000, (0x80000000u + ((uint32_t)pages[0] & 0x1FFFFFFFu)) >> 6 | D_V_G, D_V_G, 0);
	check("RAM at 80000000", *word_at(0x0060400C));
	/* The mapping changes under the same address. */
	pages[0][5] = 0x10;
	pages[2][5] = 0x20;
	uint32_t sum = 0;
	for (int i = 0; i < 6; i++) {
		write_entry(3, 0x00600000, pfn(pages[i & 2]) | D_V_G, pfn(pages[1]) | D_V_G, 0);
		sum = sum * 3 + *word_at(0x00600014);
	}
	check("remapped", sum);
}

static void random_entries(unsigned wired)
{
	uint32_t seen = 0;

	mtc0(6, 0, wired);
	for (unsigned i = 0; i < 400; i++) {
		unsigned index = mfc0(1, 0) & 15;

		seen |= 1u << index;
		for (unsigned k = 0; k < (i & 7); k++)
			__asm__ volatile("nop");
	}
	check(wired ? "Random above Wired" : "Random", seen);
	mtc0(6, 0, 0);
}

/* User code at 00400000: copied to pages[0]. Each piece ends with BREAK or a fault, which comes back here. */
static void enter_user(const char *name, const uint32_t *code, unsigned count, uint32_t cu0)
{
	uint32_t result;

	for (unsigned i = 0; i < count; i++)
		pages[0][i] = code[i];
	__asm__ volatile(
	    ".set push\n\t.set noreorder\n\tla $8, 1f\n\tsw $8, 32(%1)\n\tmtc0 %2, $14\n\tmfc0 $8, $12\n\t"
	    "ori $8, $8, 0x12\n\tor $8, $8, %3\n\tmtc0 $8, $12\n\tehb\n\teret\n\tnop\n1:\tmove %0, "
	    "$2\n\t.set pop"
	    : "=r"(result)
	    : "r"(&exception), "r"(0x00400000), "r"(cu0)
	    : "$2", "$3", "$8", "$9", "memory", "hi", "lo");
	mtc0(12, 0, mfc0(12, 0) & ~0x10000000u);
	check_exception(name, 0);
	check("  $2", result);
}

static void user(void)
{
	static const uint32_t sum[] = {0x24020000, 0x24030064, 0x00431021, 0x2463ffff,
				       0x1460fffd, 0x00000000, 0x0000000d};
	static const uint32_t load[] = {0x3c020040, 0x8c421004, 0x0000000d};
	static const uint32_t kernel[] = {0x3c028000, 0x8c420000, 0x0000000d};
	static const uint32_t store[] = {0x3c028000, 0xac420000, 0x0000000d};
	static const uint32_t mfc0_status[] = {0x24020001, 0x40026000, 0x30427c00, 0x0000000d};
	static const uint32_t jump[] = {0x3c028000, 0x00400008, 0x24420000, 0x0000000d};
	static const uint32_t rdhwr[] = {0x24020007, 0x7c02083b, 0x0000000d}; /* SYNCI_Step */
	static const uint32_t edge[] = {0x3c027fff, 0x3442ffff, 0x80420001, 0x0000000d};
	static const uint32_t next_page[] = {0x3c020040, 0x34423000, 0x00400008, 0x24020077};

	clear();
	write_entry(0, 0x00400000, pfn(pages[0]) | D_V_G, pfn(pages[1]) | D_V_G, 0);
	pages[1][1] = 0x4242;
#define USER(name, code, cu0) enter_user(name, code, sizeof(code) / 4, cu0)
	USER("sum", sum, 0);
	USER("load", load, 0);
	USER("kernel load", kernel, 0);
	USER("kernel store", store, 0);
	USER("mfc0", mfc0_status, 0);
	USER("mfc0 with CU0", mfc0_status, 0x10000000);
	USER("kernel jump", jump, 0);
	mtc0(7, 0, 0);
	USER("rdhwr closed", rdhwr, 0);
	mtc0(7, 0, 0xF);
	USER("rdhwr open", rdhwr, 0);
	USER("edge of user space", edge, 0);
	USER("jump to unmapped", next_page, 0);
}

int main(void)
{
	entries();
	random_entries(4);
	random_entries(0);
	user();
	return 0;
}
