/* What a program must not do, and what it gets for it; see trespass.S. */
#include "tests/guest/monitor/solo/solo.h"
#include "tests/guest/user/user.h"

void attempt(void (*deed)(void), uint32_t result[3]);
extern const char caught[];

#define DEEDS                                                                                                \
	DEED(read_status)                                                                                    \
	DEED(write_status)                                                                                   \
	DEED(write_compare)                                                                                  \
	DEED(read_tlb)                                                                                       \
	DEED(write_tlb)                                                                                      \
	DEED(write_tlb_random)                                                                               \
	DEED(probe_tlb)                                                                                      \
	DEED(return_from_exception)                                                                          \
	DEED(wait)                                                                                           \
	DEED(privileged_in_slot)                                                                             \
	DEED(coprocessor_one)                                                                                \
	DEED(reserved)                                                                                       \
	DEED(overflow)                                                                                       \
	DEED(break_point)                                                                                    \
	DEED(load_kernel)                                                                                    \
	DEED(store_kernel)                                                                                   \
	DEED(store_device)                                                                                   \
	DEED(store_last)                                                                                     \
	DEED(load_nothing)                                                                                   \
	DEED(store_nothing)                                                                                  \
	DEED(load_far)                                                                                       \
	DEED(store_code)                                                                                     \
	DEED(load_misaligned)                                                                                \
	DEED(store_misaligned)                                                                               \
	DEED(jump_nowhere)                                                                                   \
	DEED(jump_misaligned)                                                                                \
	DEED(jump_kernel)                                                                                    \
	DEED(link_and_store)

#define DEED(name) void name(void);
DEEDS
#undef DEED

static const struct {
	void (*function)(void);
	const char *name;
} deeds[] = {
#define DEED(name) {name, #name},
    DEEDS
#undef DEED
};

int main(const char *argument)
{
	uint32_t checksum = MIX_START, result[3];
	bool ok = sys_raw(SYS_CATCH, (uint32_t)caught, 0, 0) == 0;

	(void)argument;
	for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++) {
		attempt(deeds[i].function, result);
		print("trespass: %s: code %u, address %08x, cause %08x\n", deeds[i].name, result[0],
		      result[1], result[2]);
		ok = (result[0] != 0 || deeds[i].function == link_and_store) && ok;
		checksum = mix(mix(mix(checksum, result[0]), result[1]), result[2]);
	}
	return report("trespass", ok, checksum);
}
