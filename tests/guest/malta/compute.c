/* Loops that get hot, in kseg0 and in mapped user pages: what translators are for. Also code that is overwritten. */
#include "tests/guest/malta/lib.h"

static uint8_t sieve[8192];
static uint32_t numbers[512];
static uint32_t scratch[4096] __attribute__((aligned(16384)));

static uint32_t primes(void)
{
	uint32_t count = 0;

	for (unsigned i = 0; i < sizeof(sieve); i++)
		sieve[i] = 1;
	for (unsigned i = 2; i < sizeof(sieve); i++) {
		if (!sieve[i])
			continue;
		count++;
		for (unsigned k = i * 2; k < sizeof(sieve); k += i)
			sieve[k] = 0;
	}
	return count;
}

static uint32_t crc(const uint8_t *bytes, unsigned size)
{
	uint32_t value = 0xFFFFFFFFu;

	while (size--) {
		value ^= *bytes++;
		for (int i = 0; i < 8; i++)
			value = value >> 1 ^ (value & 1 ? 0xEDB88320u : 0);
	}
	return ~value;
}

static void sort(uint32_t *first, uint32_t *last)
{
	uint32_t *left = first, *right = last, pivot = first[(last - first) / 2];

	while (left <= right) {
		while (*left < pivot)
			left++;
		while (*right > pivot)
			right--;
		if (left <= right) {
			uint32_t swap = *left;
			*left++ = *right;
			*right-- = swap;
		}
	}
	if (first < right)
		sort(first, right);
	if (left < last)
		sort(left, last);
}

/* Unaligned words, 64-bit products, divisions, bit fields, counts of zeros, halves. */
static uint32_t mixed(void)
{
	struct __attribute__((packed)) {
		uint8_t gap;
		uint32_t word;
		uint16_t half;
	} volatile odd = {1, 0x12345678, 0x9ABC};
	uint32_t hash = 1;
	uint64_t sum = 0;

	for (uint32_t i = 1; i < 2000; i++) {
		odd.word += i * 77;
		odd.half = (uint16_t)(odd.half * 3 + i);
		sum += (uint64_t)odd.word * i +
		       (uint64_t)((int64_t)(int32_t)odd.word * (int32_t)(odd.half - 40000));
		hash = mix(hash, odd.word / i + odd.word % (i + 3));
		hash = mix(hash, (uint32_t)((int32_t)odd.word / (int32_t)(i - 1000 ? i - 1000 : 1)));
		hash = mix(hash, (uint32_t)__builtin_clz(odd.word | 1) + (odd.word >> 5 & 0x7FF));
		hash = mix(hash, (uint32_t)(int8_t)odd.word + (uint32_t)(int16_t)odd.half);
		hash = mix(hash, __builtin_bswap32(odd.word) ^ (odd.word >> 11 | odd.word << 21));
		hash = mix(hash, (uint32_t)sum ^ (uint32_t)(sum >> 32));
	}
	return hash;
}

static uint32_t likely_loops(void)
{
	uint32_t sum = 0;

	__asm__ volatile(".set push\n\t.set noreorder\n\tli $8, 3000\n"
			 "1:\taddiu $8, $8, -1\n\tandi $9, $8, 7\n\tbeql $9, $0, 2f\n\taddu %0, %0, $8\n\t"
			 "xori %0, %0, 0x55\n2:\tbgtzl $8, 1b\n\taddiu %0, %0, 3\n\t.set pop"
			 : "+r"(sum)
			 :
			 : "$8", "$9");
	return sum;
}

static uint32_t linked_loop(void)
{
	scratch[0] = 0;
	for (int i = 0; i < 3000; i++)
		__atomic_fetch_add(&scratch[0], i, __ATOMIC_SEQ_CST);
	return scratch[0];
}

static uint32_t trapping(void)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < 3000; i++) {
		__asm__ volatile("teq %1, %2\n\taddu %0, %0, %1" : "+r"(sum) : "r"(i), "r"(2990));
		if (i % 1000 == 999)
			__asm__ volatile("syscall");
	}
	return sum;
}

/* A function of two instructions whose first is written again and again. */
static uint32_t rewritten(void)
{
	volatile uint32_t *code = &scratch[1024];
	uint32_t sum = 0;

	code[0] = 0x24020001; /* addiu $2, $0, n */
	code[1] = 0x03e00008;
	code[2] = 0;
	for (int i = 0; i < 60; i++) {
		code[0] = 0x24020000u | (uint32_t)i;
		__asm__ volatile("synci 0(%0)\n\tsync" : : "r"(code) : "memory");
		for (int k = 0; k < 50; k++)
			sum = sum * 3 + ((uint32_t(*)(void))(uintptr_t)code)();
	}
	return sum;
}

static uint32_t registers(void)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < 3000; i++) {
		mtc0(4, 0, i << 23);
		mtc0(11, 0, 0x7FFFFFFF);
		mtc0(14, 0, i);
		sum += mfc0(4, 0) + mfc0(14, 0) + mfc0(15, 1) + mfc0(12, 0);
		__asm__ volatile("di $8\n\tei $9\n\tdi\n\taddu %0, %0, $8\n\taddu %0, %0, $9"
				 : "+r"(sum)
				 :
				 : "$8", "$9");
	}
	return sum;
}

#define D_V_G 7u

/* User code at 00400000: calls a subroutine in the next page that sums words of a third; `syscall` each 64 rounds. */
static const uint32_t user_main[] = {
    0x3c100000, /*	lui s0, 0 */
    0x24110800, /*	li s1, 2048 */
    0x3c120041, /*	lui s2, 0x41 */
    0x32080fff, /* 1:	andi t0, s0, 0xfff */
    0x00084080, /*	sll t0, t0, 2 */
    0x7d083000, /*	ext t0, t0, 0, 7 */
    0x02484021, /*	addu t0, s2, t0 */
    0x0c100400, /*	jal 0x00401000 */
    0x8d040000, /*	lw a0, 0(t0) */
    0x02028021, /*	addu s0, s0, v0 */
    0xad020000, /*	sw v0, 0(t0) */
    0x3229003f, /*	andi t1, s1, 63 */
    0x15200002, /*	bnez t1, 2f */
    0x2631ffff, /*	addiu s1, s1, -1 */
    0x0000000c, /*	syscall */
    0x1620fff3, /* 2:	bnez s1, 1b */
    0x02001021, /*	move v0, s0 */
    0x0000000d, /*	break */
};
static const uint32_t user_sub[] = {
    0x2442000d, /*	addiu v0, v0, 13 */
    0x70821002, /*	mul v0, a0, v0 */
    0x00021242, /*	srl v0, v0, 9 */
    0x03e00008, /*	jr ra */
    0x00441021, /*	addu v0, v0, a0 */
};

static uint32_t pfn(const void *page)
{
	return ((uint32_t)page & 0x1FFFFFFFu) >> 12 << 6;
}

static void map(unsigned index, uint32_t va, const void *even, const void *odd)
{
	mtc0(0, 0, index);
	mtc0(10, 0, va);
	mtc0(2, 0, pfn(even) | D_V_G);
	mtc0(3, 0, pfn(odd) | D_V_G);
	mtc0(5, 0, 0);
	__asm__ volatile("ehb\n\ttlbwi\n\tehb" ::: "memory");
}

static uint32_t user(void)
{
	uint32_t result;

	for (unsigned i = 0; i < sizeof(user_main) / 4; i++)
		scratch[i] = user_main[i];
	for (unsigned i = 0; i < sizeof(user_sub) / 4; i++)
		scratch[1024 + i] = user_sub[i];
	for (unsigned i = 0; i < 32; i++)
		scratch[2048 + i] = i * 12345;
	map(3, 0x00400000, scratch, scratch + 1024);
	map(4, 0x00410000, scratch + 2048, scratch + 3072);
	/* The handler goes on behind SYSCALL in user mode; BREAK comes back, by a flag that the vector looks at. */
	__asm__ volatile(".set push\n\t.set noreorder\n\tmtc0 %2, $14\n\tmfc0 $8, $12\n\t"
			 "ori $8, $8, 0x12\n\tmtc0 $8, $12\n\tehb\n\tmove $2, $0\n\tla $8, 1f\n\tsw $8, "
			 "36(%1)\n\teret\n\tnop\n"
			 "1:\tmove %0, $2\n\t.set pop"
			 : "=r"(result)
			 : "r"(&exception), "r"(0x00400000)
			 : "$2", "$3", "$4", "$8", "$9", "$16", "$17", "$18", "$31", "memory", "hi", "lo");
	return result;
}

int main(void)
{
	for (int round = 0; round < 10; round++) {
		check("primes", primes());
		check("crc", crc(sieve, sizeof(sieve)));
		for (unsigned i = 0; i < 512; i++)
			numbers[i] = random_word();
		sort(numbers, numbers + 511);
		check("sorted", numbers[0] ^ numbers[100] ^ numbers[511]);
		check("mixed", mixed());
		check("likely", likely_loops());
		check("linked", linked_loop());
		check("trapping", trapping());
		check("rewritten", rewritten());
		check("registers", registers());
		check("user", user());
		check("exceptions", exception.count);
	}
	return 0;
}
