/* Overlays against a plain array. */
#include "fake_machine.h"

#include "devices/host/overlay.h"

#include <stdlib.h>
#include <string.h>

#define SECTORS 2048u
#define COPIES	8

static uint32_t spread(uint32_t index)
{
	return index * 8191 % (1u << 23); /* over all levels of the tree */
}

static void copies(void **state)
{
	struct overlay *overlays[COPIES];
	uint8_t(*model)[SECTORS] =
	    calloc(COPIES, sizeof(*model)); /* first byte of each sector, 0: not written */
	struct random_state random;
	uint32_t sector = 0;

	(void)state;
	random_seed(&random, 3);
	for (int i = 0; i < COPIES; i++)
		overlays[i] = overlay_new();
	assert_null(overlay_read(overlays[0], 0));
	assert_false(overlay_next(overlays[0], &sector));
	for (int i = 0; i < 20000; i++) {
		uint32_t choice = random_next(&random);
		unsigned which = choice % COPIES, from = choice / COPIES % COPIES;

		if (i % 500 == 0 && which != from) {
			overlay_free(overlays[which]);
			overlays[which] = overlay_copy(overlays[from]);
			memcpy(model[which], model[from], SECTORS);
			assert_int_equal(overlay_digest(overlays[which]), overlay_digest(overlays[from]));
			assert_false(overlay_difference(overlays[which], overlays[from], &sector));
		} else {
			uint32_t index = choice >> 8 & (SECTORS - 1);
			uint8_t data[SECTOR_SIZE];

			memset(data, (int)(choice >> 20 & 0x7f) + 1, sizeof(data));
			overlay_write(overlays[which], spread(index), data);
			model[which][index] = data[0];
		}
	}
	for (int i = 0; i < COPIES; i++) {
		uint32_t count = 0, written = 0;

		for (uint32_t index = 0; index < SECTORS; index++) {
			const uint8_t *data = overlay_read(overlays[i], spread(index));

			assert_int_equal(data ? data[0] : 0, model[i][index]);
			written += data != NULL;
		}
		for (sector = 0; overlay_next(overlays[i], &sector); sector++)
			count++;
		assert_int_equal(count, written);
	}
	for (int i = 1; i < COPIES; i++) {
		bool equal = memcmp(model[0], model[i], SECTORS) == 0;

		assert_int_equal(overlay_digest(overlays[0]) == overlay_digest(overlays[i]), equal);
		assert_int_equal(overlay_difference(overlays[0], overlays[i], &sector), !equal);
	}
	for (int i = 0; i < COPIES; i++)
		overlay_free(overlays[i]);
	free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(copies)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
