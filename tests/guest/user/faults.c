/*
 * Exceptions: children that do what they must not. Each has to die of the right exception; neither their
 * parent nor anybody else may notice.
 */
#include "tests/guest/user/user.h"

/* Exception codes of the MIPS R3000. */
enum {
	MODIFY = 1,
	TLB_LOAD,
	TLB_STORE,
	ADDRESS_LOAD,
	ADDRESS_STORE,
	BREAK = 9,
	RESERVED,
	COPROCESSOR,
	OVERFLOW
};

static void load(uint32_t address)
{
	(void)*(volatile uint32_t *)address;
}

static void store(uint32_t address)
{
	*(volatile uint32_t *)address = 1;
}

static void jump(uint32_t address)
{
	__asm__ volatile("jalr %0" : : "r"(address) : "ra", "memory");
}

static void execute(uint32_t which)
{
	switch (which) {
	case 0:
		__asm__ volatile("break 0");
		break;
	case 1:
		__asm__ volatile(".word 0x0000003f"); /* SPECIAL, function 63 */
		break;
	case 2:
		__asm__ volatile("mtc0 $zero, $12");
		break;
	case 3:
		__asm__ volatile(".word 0x44000000"); /* mfc1 */
		break;
	case 4:
		__asm__ volatile(".set push; .set noreorder; lui $t0, 0x7fff; add $t0, $t0, $t0; .set pop"
				 :
				 :
				 : "t0");
		break;
	case 5:
		__asm__ volatile("tlbwr");
		break;
	}
}

/* Uses up the stack. The depth is never reached; testing it keeps the compiler from making this a loop. */
static uint32_t recur(uint32_t depth)
{
	volatile uint32_t space[256];

	space[0] = depth;
	return depth == 0 ? 0 : recur(depth - 1) + space[0];
}

static void overflow_stack(uint32_t depth)
{
	recur(depth);
}

static const struct {
	void (*act)(uint32_t);
	uint32_t argument;
	int code;
} cases[] = {
    {load, 0, TLB_LOAD},
    {store, 0, TLB_STORE},
    {load, 0x30000000, TLB_LOAD},
    {store, 0x7ffffffc, TLB_STORE},
    {load, 0x80000000, ADDRESS_LOAD},
    {store, 0x80000000, ADDRESS_STORE},
    {load, 0xbfe00000, ADDRESS_LOAD},
    {store, 0xc0000000, ADDRESS_STORE},
    {load, 0x00400001, ADDRESS_LOAD},
    {store, 0x00400002, ADDRESS_STORE},
    {store, 0x00400000, MODIFY},
    {jump, 0, TLB_LOAD},
    {jump, 0x00400002, ADDRESS_LOAD},
    {jump, 0x80000080, ADDRESS_LOAD},
    {execute, 0, BREAK},
    {execute, 1, RESERVED},
    {execute, 2, COPROCESSOR},
    {execute, 3, COPROCESSOR},
    {execute, 4, OVERFLOW},
    {execute, 5, COPROCESSOR},
    {overflow_stack, 1000000, TLB_STORE},
};

static int act(uint32_t number)
{
	cases[number].act(cases[number].argument);
	return 0; /* survived */
}

int main(const char *argument)
{
	uint32_t checksum = MIX_START;
	bool ok = true;

	(void)argument; /* short enough as it is */
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int status = start_child(act, i) > 0 ? wait_child() : 0;

		ok = status == (STATUS_KILLED | cases[i].code) && ok;
		checksum = mix(checksum, (uint32_t)status);
	}
	return report("faults", ok, checksum);
}
