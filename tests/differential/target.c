#include "tests/differential/target.h"

#include <string.h>

#include "frontend/isa.h"
#include "tests/differential/generator.h"

extern const uint8_t driver_mips161[], driver_mips32_big[], driver_mips32_little[], driver_end[];

const struct target target_mips161 = {
    .name = "mips161",
    .isa = &mips_isa_mips161,
    .family = &family_mips161,
    .big_endian = true,
    .tlb_entries = 64,
    .driver = driver_mips161,
    .driver_end = driver_mips32_big,
};

// Boot loaders put their tables at 0x2000, so the driver is above.
#define MALTA(text, model, big, entries, start, end)                                                         \
	{                                                                                                    \
		.name = (text), .isa = &mips_isa_mips32r2, .family = &family_mips32, .cpu = (model),         \
		.big_endian = (big), .tlb_entries = (entries), .base = 0x100000, .ram_size = 16u << 20,      \
		.driver = (start), .driver_end = (end),                                                      \
	}

static const struct target malta_targets[] = {
    MALTA("24kf-big", "24Kf", true, 16, driver_mips32_big, driver_mips32_little),
    MALTA("34kf-little", "34Kf", false, 64, driver_mips32_little, driver_end),
    MALTA("24kf-little", "24Kf", false, 16, driver_mips32_little, driver_end),
    MALTA("34kf-big", "34Kf", true, 64, driver_mips32_big, driver_mips32_little),
};
#define MALTA_TARGETS (sizeof(malta_targets) / sizeof(malta_targets[0]))

const struct target *target_find(const char *name, uint64_t number)
{
	if (strcmp(name, target_mips161.name) == 0)
		return &target_mips161;
	if (strcmp(name, "mips32") == 0)
		return &malta_targets[number % MALTA_TARGETS];
	for (unsigned i = 0; i < MALTA_TARGETS; i++)
		if (strcmp(name, malta_targets[i].name) == 0)
			return &malta_targets[i];
	return NULL;
}

const char *target_names(void)
{
	return "mips161 mips32 24kf-big 24kf-little 34kf-big 34kf-little";
}
