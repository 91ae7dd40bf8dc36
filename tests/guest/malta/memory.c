/* Loads and stores of all widths, LL and SC, the UART, and what is where. */
#include "tests/guest/malta/lib.h"

static uint32_t data[8] __attribute__((aligned(64)));

static void bytes(uint32_t a, uint32_t b)
{
	data[0] = a;
	data[1] = b;
}

static uint32_t digest(void)
{
	uint32_t hash = 1;

	for (unsigned i = 0; i < sizeof(data); i++)
		hash = mix(hash, ((volatile uint8_t *)data)[i]);
	return hash;
}

#define LOAD(code)                                                                                           \
	for (int i = 0; i < 8; i++) {                                                                        \
		uint32_t d = 0xA1B2C3D4u;                                                                    \
		__asm__ volatile(code " %0, 0(%1)" : "+r"(d) : "r"((uint32_t)data + i) : "memory");          \
		hash = mix(hash, d);                                                                         \
	}                                                                                                    \
	check(code, hash)

#define STORE(code)                                                                                          \
	for (int i = 0; i < 8; i++) {                                                                        \
		__asm__ volatile(code " %0, 0(%1)"                                                           \
				 :                                                                           \
				 : "r"(0xA1B2C3D4u + i), "r"((uint32_t)data + i)                             \
				 : "memory");                                                                \
		hash = mix(hash, digest());                                                                  \
	}                                                                                                    \
	check(code, hash)

static void linked(void)
{
	uint32_t ok[4];

	__asm__ volatile(".set push\n\t.set noreorder\n\t"
			 "ll $8, 0(%4)\n\taddiu %0, $8, 1\n\tsc %0, 0(%4)\n\t"
			 "move %1, $8\n\tsc %1, 0(%4)\n\t"
			 "ll $8, 0(%4)\n\tmove %2, $8\n\tsc %2, 4(%4)\n\t"
			 "ll $8, 0(%4)\n\tsw $8, 0(%4)\n\taddiu %3, $8, 5\n\tsc %3, 0(%4)\n\t.set pop"
			 : "=&r"(ok[0]), "=&r"(ok[1]), "=&r"(ok[2]), "=&r"(ok[3])
			 : "r"(data)
			 : "$8", "memory");
	check("sc", ok[0] << 24 | ok[1] << 16 | ok[2] << 8 | ok[3]);
	check("linked word", data[0]);
}

int main(void)
{
	uint32_t hash = 1;

	bytes(0x10111213, 0x94959697);
	LOAD("lb");
	LOAD("lbu");
	LOAD("lwl");
	LOAD("lwr");
	for (unsigned i = 0; i < 8; i += 2)
		hash = mix(hash, (uint32_t) * (volatile int16_t *)((uint32_t)data + i) ^
				     *half_at((uint32_t)data + i) << 3);
	check("halves", hash);
	STORE("sb");
	STORE("swl");
	STORE("swr");
	for (unsigned i = 0; i < 8; i += 2) {
		*half_at((uint32_t)data + i) = (uint16_t)(0x1234 + 77 * i);
		hash = mix(hash, digest());
	}
	check("half stores", hash);
	linked();

	/* The same RAM in kseg1. */
	*word_at((uint32_t)data | 0x20000000u) = 0xCAFEBABEu;
	check("kseg1", data[0]);
	check("revision", *word_at(0xBFC00010u));
	check("no device", *word_at(0xB5000000u));
	check("fpga status", *word_at(0xBF000208u) & ~2u);

	/* The UART, untouched yet. */
	check("LCR", *byte_at(0xB80003FBu));
	check("MCR", *byte_at(0xB80003FCu));
	check("LSR", *byte_at(0xB80003FDu));
	check("MSR", *byte_at(0xB80003FEu));
	*byte_at(0xB80003FFu) = 0x5A;
	check("MSR and SCR", *half_at(0xB80003FEu));
	check("IIR", *byte_at(0xB80003FAu));
	*byte_at(0xB80003FBu) = 0x83;
	*byte_at(0xB80003F8u) = 0x0C;
	*byte_at(0xB80003F9u) = 0x01;
	hash = *byte_at(0xB80003F8u) | (uint32_t)*byte_at(0xB80003F9u) << 8;
	*byte_at(0xB80003FBu) = 0x03;
	check("divisor", hash);
	*byte_at(0xB80003FAu) = 0x07;
	check("IIR with FIFO", *byte_at(0xB80003FAu));
	*byte_at(0xB80003FCu) = 0x18;
	for (int i = 0; i < 16; i++)
		*byte_at(0xB80003F8u) = (uint8_t)(i * 3);
	hash = 1;
	for (int i = 0; i < 16 && (*byte_at(0xB80003FDu) & 1); i++)
		hash = mix(hash, *byte_at(0xB80003F8u));
	hash = mix(hash, *byte_at(0xB80003FDu));
	*byte_at(0xB80003FCu) = 0x0B;
	check("loopback", hash);
	return 0;
}
