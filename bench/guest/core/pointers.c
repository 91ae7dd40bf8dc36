/* Calls through function pointers: objects of several kinds with tables of methods, and chains of filters. */
#include "bench/guest/bench.h"

BENCH("pointers", 160);

#define COUNT 512u

struct shape;

struct methods {
	uint32_t (*area)(const struct shape *shape);
	uint32_t (*outline)(const struct shape *shape);
	void (*grow)(struct shape *shape, uint32_t by);
};

struct shape {
	const struct methods *methods;
	uint32_t width, height;
};

static uint32_t rectangle_area(const struct shape *shape)
{
	return shape->width * shape->height;
}

static uint32_t rectangle_outline(const struct shape *shape)
{
	return 2 * (shape->width + shape->height);
}

static uint32_t triangle_area(const struct shape *shape)
{
	return shape->width * shape->height / 2;
}

static uint32_t triangle_outline(const struct shape *shape)
{
	return shape->width + shape->height + (shape->width > shape->height ? shape->width : shape->height);
}

static uint32_t circle_area(const struct shape *shape)
{
	return shape->width * shape->width * 201 >> 8;
}

static uint32_t circle_outline(const struct shape *shape)
{
	return shape->width * 804 >> 8;
}

static void grow_both(struct shape *shape, uint32_t by)
{
	shape->width = (shape->width + by) & 0x3FF;
	shape->height = (shape->height + by) & 0x3FF;
}

static void grow_width(struct shape *shape, uint32_t by)
{
	shape->width = (shape->width + 2 * by) & 0x3FF;
}

static const struct methods rectangle = {rectangle_area, rectangle_outline, grow_both};
static const struct methods triangle = {triangle_area, triangle_outline, grow_both};
static const struct methods circle = {circle_area, circle_outline, grow_width};

static uint32_t filter_add(uint32_t value)
{
	return value + 0x1357;
}

static uint32_t filter_invert(uint32_t value)
{
	return ~value;
}

static uint32_t filter_rotate(uint32_t value)
{
	return value << 7 | value >> 25;
}

static uint32_t (*const filters[8])(uint32_t) = {
    filter_add,	   filter_rotate, filter_invert, filter_rotate,
    filter_rotate, filter_add,	  filter_invert, filter_add,
};

static struct shape shapes[COUNT];

uint32_t bench_run(uint32_t rounds)
{
	static const struct methods *const kinds[4] = {&rectangle, &triangle, &circle, &rectangle};
	uint32_t checksum = 0, random = 7;

	for (uint32_t i = 0; i < COUNT; i++) {
		shapes[i].methods = kinds[bench_random(&random) >> 8 & 3];
		shapes[i].width = bench_random(&random) & 0x3FF;
		shapes[i].height = bench_random(&random) & 0x3FF;
	}
	for (uint32_t round = 0; round < rounds; round++) {
		uint32_t sum = 0;

		for (struct shape *shape = shapes; shape < shapes + COUNT; shape++) {
			sum += shape->methods->area(shape);
			sum ^= shape->methods->outline(shape);
			shape->methods->grow(shape, round & 3);
		}
		for (uint32_t i = 0; i < COUNT; i++)
			sum = filters[(sum ^ i) & 7](sum);
		checksum = bench_mix(checksum, sum);
	}
	return checksum;
}
