/* Random number generator. Section 3.8: it is the generator that also makes the event queue's jitter. */
#include "devices/lamebus/lamebus_internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#define REG_VALUE 0x0

static const struct device_register registers[] = {
    {"VALUE", REG_VALUE, 4, REGISTER_READ, READING_SETTLES},
    {0},
};

static const struct field fields[] = {FIELD_END}; /* the state is the event queue's */

/* A seed from the host's time, once per machine: a replaying machine gets the same. */
static uint32_t host_seed(struct device *device)
{
	struct input_gate *inputs = device->services->inputs;
	uint64_t entropy = 0;

	if (inputs->replay) {
		struct input_record record;

		if (input_gate_replay(inputs, INPUT_ENTROPY, (uint16_t)device->slot, &record) &&
		    record.size == sizeof(entropy))
			memcpy(&entropy, record.payload, sizeof(entropy));
	} else {
		struct timeval now;

		gettimeofday(&now, NULL);
		entropy = (uint64_t)now.tv_sec ^ ((uint64_t)now.tv_usec << 8);
		input_gate_record(inputs, device->services->events->now, INPUT_ENTROPY,
				  (uint16_t)device->slot, &entropy, sizeof(entropy));
	}
	return (uint32_t)entropy;
}

static bool configure(struct device *device, const struct device *original, char **arguments,
		      struct error *error)
{
	uint32_t seed = 0;
	const char *value;

	(void)original;
	for (; *arguments; arguments++) {
		if ((value = config_value(*arguments, "seed="))) {
			seed = (uint32_t)atol(value);
		} else if (strcmp(*arguments, "autoseed") == 0) {
			seed = host_seed(device);
		} else {
			error_set(error, "random: slot %u: invalid option %s", device->slot, *arguments);
			return error_hint(error, "It takes seed=N or autoseed.");
		}
	}
	random_seed(&device->services->events->random, seed);
	return true;
}

static bool load(struct device *device, uint32_t offset, uint32_t *value)
{
	struct random_state *random = &device->services->events->random;
	uint32_t first;

	if (offset != REG_VALUE)
		return false;
	first = random_next(random);
	*value = first ^ (random_next(random) << 16);
	return true;
}

static bool store(struct device *device, uint32_t offset, uint32_t value)
{
	(void)device, (void)offset, (void)value;
	return false;
}

static void dump(struct device *device)
{
	device_message(device->services, "System/161 random generator rev %u", device->class->revision);
	device_message(device->services, "    (randomizer state not readily available)");
}

const struct lamebus_type lamebus_random = {
    .class = {.keyword = "random",
	      .id = 9,
	      .revision = 1,
	      .fields = fields,
	      .load = load,
	      .store = store,
	      .dump = dump},
    .registers = registers,
    .configure = configure,
};
