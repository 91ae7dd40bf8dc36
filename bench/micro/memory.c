/* Loads and stores by every way they can go. */
#include "bench/micro/groups.h"
#include "bench/micro/loop.h"

#include <stdio.h>

#define REPEAT	     8u
#define USER_CODE    0x00001000u /* va; the program's own page */
#define USER_DATA    0x00010000u
#define USER_SAME    0x00110000u /* the soft TLB, direct-mapped by page number, has the same place for it */
#define DATA	     0x00010000u /* physical */
#define BUS_RAM_SIZE 0x7E00	 /* from 0xBFFF0000: System/161 reference, section 2.3 */
#define SERIAL_WRITE 4		 /* from 0xBFE00000: section 3.3 */

enum way {
	KSEG0_LOAD,
	KSEG0_STORE,
	SOFT_TLB_HIT,
	SOFT_TLB_HIT_STORE,
	SOFT_TLB_MISS,
	DEVICE_LOAD,
	DEVICE_STORE,
	WAYS
};

static const char *const names[WAYS] = {
    "kseg0-load",    "kseg0-store", "soft-tlb-hit-load", "soft-tlb-hit-store",
    "soft-tlb-miss", "device-load", "device-store",
};

struct variant {
	enum way way;
	enum machine_kind kind;
};
static struct variant variants[WAYS][MACHINE_KINDS]; /* filled once, before anything runs */

static void measure(struct micro_state *state, const void *context)
{
	const struct variant *variant = context;
	bool user = variant->way == SOFT_TLB_HIT || variant->way == SOFT_TLB_HIT_STORE ||
		    variant->way == SOFT_TLB_MISS;
	const uint32_t kseg0[] = {LUI(T0, 0x8001), NOP},
		       mapped[] = {LUI(T0, USER_DATA >> 16), LUI(T1, USER_SAME >> 16)},
		       bus[] = {LUI(T0, 0xBFFF), NOP}, serial[] = {LUI(T0, 0xBFE0), NOP};
	const uint32_t *prepare = mapped;
	uint32_t body[2] = {LW(T2, T0, 0), LW(T3, T0, 0)}; /* not from sp: frames are tested as one */
	struct loop loop;

	switch (variant->way) {
	case KSEG0_LOAD:
		prepare = kseg0;
		break;
	case KSEG0_STORE:
		prepare = kseg0;
		body[0] = body[1] = SW(T2, T0, 0);
		break;
	case SOFT_TLB_HIT_STORE:
		body[0] = body[1] = SW(T2, T0, 0);
		break;
	case SOFT_TLB_MISS:
		body[1] = LW(T3, T1, 0);
		break;
	case DEVICE_LOAD:
		prepare = bus;
		body[0] = body[1] = LW(T2, T0, BUS_RAM_SIZE);
		break;
	case DEVICE_STORE:
		prepare = serial;
		body[0] = body[1] = SW(0, T0, SERIAL_WRITE);
		break;
	default:
		break;
	}
	loop_make(&loop, prepare, 2, body, 2, REPEAT);

	struct machine_words pieces[] = {{MACHINE_ENTRY, loop.words, loop.count}};
	struct machine *machine = machine_new(state, variant->kind, pieces, 1, 0);

	if (machine && user) {
		machine_map(machine, 0, USER_CODE, MACHINE_ENTRY - 0x80000000u);
		machine_map(machine, 1, USER_DATA, DATA);
		machine_map(machine, 2, USER_SAME, DATA + PAGE_SIZE);
		machine_enter_user(machine, USER_CODE);
	}
	loop_measure(state, machine, "access", 2 * REPEAT, loop.body);
}

void register_memory(void)
{
	for (unsigned way = 0; way < WAYS; way++) {
		for (unsigned kind = MACHINE_REFERENCE; kind <= MACHINE_INLINE; kind++) {
			char name[64];

			variants[way][kind] = (struct variant){(enum way)way, (enum machine_kind)kind};
			snprintf(name, sizeof(name), "memory/%s/%s", names[way],
				 kind == MACHINE_REFERENCE ? "reference" : "jit");
			micro_register(name, measure, &variants[way][kind]);
		}
	}
}
