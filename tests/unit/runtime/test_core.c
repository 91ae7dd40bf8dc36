/* Events, random numbers, the input log and field tables. System/161 reference, sections 6.2, 6.3. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "runtime/core/error.h"
#include "runtime/core/event.h"
#include "runtime/core/field.h"
#include "runtime/core/input_log.h"
#include "runtime/core/random.h"

/* --- random numbers --- */

static void first_values(void **state)
{
	static const uint32_t values[] = {1804289383, 846930886,  1681692777,
					  1714636915, 1957747793, 424238335};

	(void)state;
	for (uint32_t seed = 0; seed < 2; seed++) { /* seed 0 is seed 1 */
		struct random_state random;

		random_seed(&random, seed);
		for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
			assert_int_equal(random_next(&random), values[i]);
	}
}

static void like_the_c_library(void **state)
{
#ifdef __GLIBC__
	static const uint32_t seeds[] = {0, 1, 2, 12345, 127773, 2147483647, 3000000000u, UINT32_MAX};

	(void)state;
	for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
		struct random_state ours;

		random_seed(&ours, seeds[i]);
		srandom(seeds[i]);
		for (int k = 0; k < 5000; k++)
			assert_int_equal(random_next(&ours), (uint32_t)random());
	}
#else
	(void)state;
	skip();
#endif
}

static void a_copy_goes_its_own_way(void **state)
{
	struct random_state first, second;

	(void)state;
	random_seed(&first, 7);
	for (int i = 0; i < 100; i++)
		random_next(&first);
	second = first;
	for (int i = 0; i < 100; i++)
		assert_int_equal(random_next(&first), random_next(&second));
}

/* --- events --- */

/* The three events of worked example A, section 6.6. */
static void jitter(void **state)
{
	static const struct {
		uint64_t now, delay, due;
	} events[] = {
	    {4289543, 33337000, 37906636}, {4289583, 20833, 4310498}, {37906676, 5000000, 42945830}};

	struct event_queue queue;

	(void)state;
	event_queue_init(&queue);
	for (size_t i = 0; i < 3; i++) {
		bool found = false;

		queue.now = events[i].now;
		event_schedule(&queue, events[i].delay, 1, 2, i);
		for (uint32_t k = 0; k < queue.count; k++)
			found |= queue.events[k].argument == i && queue.events[k].due == events[i].due;
		assert_true(found);
	}
	assert_int_equal(queue.events[0].due, 4310498);
}

static void jitter_is_drawn_for_no_delay_too(void **state)
{
	struct event_queue queue;
	struct random_state random;

	(void)state;
	event_queue_init(&queue);
	random_seed(&random, 1);
	event_schedule(&queue, 0, 0, 0, 0);
	random_next(&random);
	assert_int_equal(queue.events[0].due, 0);
	assert_memory_equal(&queue.random, &random, sizeof(random));
	queue.jitter = false;
	event_schedule(&queue, 1000, 0, 0, 0);
	assert_int_equal(queue.events[1].due, 1000);
	assert_memory_equal(&queue.random, &random, sizeof(random));
}

static void never_early_and_one_percent_late(void **state)
{
	struct event_queue queue;

	(void)state;
	event_queue_init(&queue);
	queue.now = 12345;
	for (int i = 0; i < 1000; i++) {
		event_schedule(&queue, 1000000, 0, 0, 0);
		assert_in_range(queue.events[0].due, 1012345, 1022345);
		queue.count = 0;
	}
}

static void order(void **state)
{
	static const uint64_t delays[] = {50, 20, 50, 10, 20, 50, 0};
	static const uint64_t expected[] = {6, 3, 1, 4, 0, 2, 5}; /* equals: first come, first served */
	struct event_queue queue;
	struct event event;

	(void)state;
	event_queue_init(&queue);
	queue.jitter = false;
	for (uint64_t i = 0; i < 7; i++)
		event_schedule(&queue, delays[i], 3, 4, i);
	queue.now = 49;
	for (int i = 0; i < 4; i++) {
		assert_true(event_take_due(&queue, &event));
		assert_int_equal(event.argument, expected[i]);
		assert_int_equal(event.device, 3);
		assert_int_equal(event.kind, 4);
	}
	assert_false(event_take_due(&queue, &event));
	queue.now = 50;
	for (int i = 4; i < 7; i++) {
		assert_true(event_take_due(&queue, &event));
		assert_int_equal(event.argument, expected[i]);
	}
	assert_false(event_take_due(&queue, &event));
}

static void mark(void **state)
{
	struct event_queue queue;

	(void)state;
	event_queue_init(&queue);
	queue.jitter = false;
	event_schedule(&queue, 100, 0, 0, 0);
	queue.marked = true;
	event_schedule(&queue, 100, 0, 0, 1); /* not before the marked one */
	assert_true(queue.marked);
	assert_false(queue.stop);
	event_schedule(&queue, 99, 0, 0, 2);
	assert_false(queue.marked);
	assert_true(queue.stop);
	queue.stop = false;
	event_schedule(&queue, 98, 0, 0, 3); /* nothing is marked any more */
	assert_false(queue.stop);
}

static void overflow(void **state)
{
	struct event_queue queue;

	(void)state;
	event_queue_init(&queue);
	for (uint64_t i = 0; i < EVENT_CAPACITY; i++)
		event_schedule(&queue, 1000 + i % 7, 0, 0, i);
	assert_false(queue.overflow);
	event_schedule(&queue, 1, 0, 0, 0);
	assert_true(queue.overflow);
	assert_int_equal(queue.count, EVENT_CAPACITY);
	for (uint32_t i = 1; i < queue.count; i++)
		assert_true(queue.events[i - 1].due <= queue.events[i].due);
}

/* The clock must not wrap round: what would be due after it did never comes. */
static void end_of_time(void **state)
{
	struct event_queue queue;
	struct event event;

	(void)state;
	event_queue_init(&queue);
	queue.now = EVENT_END_OF_TIME - 1000;
	event_schedule(&queue, UINT32_MAX * UINT64_C(1000), 0, 0, 0);
	assert_true(queue.events[0].due == EVENT_END_OF_TIME);
	queue.now = EVENT_END_OF_TIME - 1;
	assert_false(event_take_due(&queue, &event));
}

/* --- input log --- */

static void log_and_replay(void **state)
{
	struct input_log *log = input_log_new();
	struct input_gate recorder = {.log = log}, reader = {.log = log, .replay = true};
	struct input_gate second = reader;
	struct input_record record;
	char payload[] = "abc";

	(void)state;
	input_gate_record(&recorder, 10, INPUT_CONSOLE, 1, payload, 1);
	payload[0] = 'z'; /* the log has its own copy */
	input_gate_record(&recorder, 20, INPUT_CONSOLE, 1, NULL, 0);
	input_gate_record(&recorder, 30, INPUT_HOST_FILE, 5, payload, 3);
	assert_int_equal(input_log_end(log), 3);
	for (struct input_gate *gate = &reader; gate; gate = gate == &reader ? &second : NULL) {
		assert_true(input_gate_replay(gate, INPUT_CONSOLE, 1, &record));
		assert_int_equal(record.stamp, 10);
		assert_int_equal(record.size, 1);
		assert_int_equal(record.payload[0], 'a');
		assert_true(input_gate_replay(gate, INPUT_CONSOLE, 1, &record));
		assert_int_equal(record.size, 0);
		assert_true(input_gate_replay(gate, INPUT_HOST_FILE, 5, &record));
		assert_memory_equal(record.payload, "zbc", 3);
		assert_false(gate->diverged);
		assert_false(input_gate_replay(gate, INPUT_CONSOLE, 1, &record));
		assert_true(gate->diverged);
	}
	assert_true(input_log_read(log, 2, &record));
	assert_false(input_log_read(log, 3, &record));
	assert_int_equal(input_log_end(NULL), 0);
	assert_false(input_log_read(NULL, 0, &record));
	for (int i = 0; i < 1000; i++)
		input_gate_record(&recorder, 100, INPUT_TIME, 31, &i, sizeof(i));
	assert_true(input_log_read(log, 0, &record));
	assert_int_equal(record.payload[0], 'a');
	input_log_free(log);
	input_log_free(NULL);
}

static void divergence(void **state)
{
	struct input_log *log = input_log_new();
	struct input_gate gate = {.log = log, .replay = true};
	struct input_record record;

	(void)state;
	input_log_append(log, 5, INPUT_CONSOLE, 1, "x", 1);
	assert_false(input_gate_replay(&gate, INPUT_CONSOLE, 2, &record));
	assert_true(gate.diverged);
	gate.diverged = false;
	assert_false(input_gate_replay(&gate, INPUT_ENTROPY, 1, &record));
	assert_true(gate.diverged);
	assert_int_equal(gate.position, 0);
	assert_true(input_gate_replay(&gate, INPUT_CONSOLE, 1, &record));
	input_log_free(log);
}

/* --- fields and errors --- */

struct sample {
	uint8_t small;
	uint16_t half;
	uint32_t word, unlisted, many[4];
	uint64_t wide;
};

static const struct field sample_fields[] = {
    FIELD(struct sample, small), FIELD(struct sample, half),	   FIELD(struct sample, word),
    FIELD(struct sample, wide),	 FIELD_ARRAY(struct sample, many), FIELD_END,
};

static void fields(void **state)
{
	struct sample a = {1, 2, 3, 4, {5, 6, 7, 8}, 9}, b = a;
	char text[64] = "";

	(void)state;
	b.unlisted = 77;
	assert_true(fields_equal(sample_fields, &a, &b, text, sizeof(text)));
	assert_string_equal(text, "");
	b = a;
	b.many[2] = 0x70;
	assert_false(fields_equal(sample_fields, &a, &b, text, sizeof(text)));
	assert_string_equal(text, "many[2]: 0x7 / 0x70");
	b.wide = 0x123456789A;
	assert_false(fields_equal(sample_fields, &a, &b, text, sizeof(text)));
	assert_string_equal(text, "wide: 0x9 / 0x123456789a");
	b.word = 0;
	assert_false(fields_equal(sample_fields, &a, &b, text, sizeof(text)));
	assert_string_equal(text, "word: 0x3 / 0x0");
	b.half = 0xFFFF;
	assert_false(fields_equal(sample_fields, &a, &b, text, sizeof(text)));
	assert_string_equal(text, "half: 0x2 / 0xffff");
	b.small = 0;
	assert_false(fields_equal(sample_fields, &a, &b, text, 8));
	assert_string_equal(text, "small: "); /* cut, not overrun */
}

static void errors(void **state)
{
	struct error error;
	char *large = malloc(5000);

	(void)state;
	memset(large, 'x', 4999);
	large[4999] = '\0';
	assert_false(error_set(&error, "%s: %d", "what", 5));
	assert_string_equal(error.text, "what: 5");
	assert_string_equal(error.hint, "");
	assert_false(error_hint(&error, "%s", large));
	assert_int_equal(strlen(error.hint), sizeof(error.hint) - 1);
	assert_false(error_set(&error, "%s", large));
	assert_int_equal(strlen(error.text), sizeof(error.text) - 1);
	assert_string_equal(error.hint, "");
	free(large);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(first_values),
	    cmocka_unit_test(like_the_c_library),
	    cmocka_unit_test(a_copy_goes_its_own_way),
	    cmocka_unit_test(jitter),
	    cmocka_unit_test(jitter_is_drawn_for_no_delay_too),
	    cmocka_unit_test(never_early_and_one_percent_late),
	    cmocka_unit_test(order),
	    cmocka_unit_test(mark),
	    cmocka_unit_test(overflow),
	    cmocka_unit_test(end_of_time),
	    cmocka_unit_test(log_and_replay),
	    cmocka_unit_test(divergence),
	    cmocka_unit_test(fields),
	    cmocka_unit_test(errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
