/* 64-bit shifts, division and libgcc's names for them: the cross compiler has its library for one byte order and
 * one instruction set only. And the functions that the compiler may call for assignments of structures. */
#include <stddef.h>
#include <stdint.h>

uint64_t __ashldi3(uint64_t value, int by);
uint64_t __lshrdi3(uint64_t value, int by);
uint64_t __udivdi3(uint64_t a, uint64_t b);
uint64_t __umoddi3(uint64_t a, uint64_t b);
int64_t __divdi3(int64_t a, int64_t b);
int64_t __moddi3(int64_t a, int64_t b);
void *memcpy(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);

/* The halves are combined by shifts of 32, which the compiler makes itself. */
static uint64_t join(uint32_t high, uint32_t low)
{
	return (uint64_t)high << 32 | low;
}

uint64_t __ashldi3(uint64_t value, int by)
{
	uint32_t high = (uint32_t)(value >> 32), low = (uint32_t)value;

	if (by == 0)
		return value;
	if (by >= 32)
		return join(low << (by - 32), 0);
	return join(high << by | low >> (32 - by), low << by);
}

uint64_t __lshrdi3(uint64_t value, int by)
{
	uint32_t high = (uint32_t)(value >> 32), low = (uint32_t)value;

	if (by == 0)
		return value;
	if (by >= 32)
		return join(0, high >> (by - 32));
	return join(high >> by, low >> by | high << (32 - by));
}

/* Bit by bit, the quotient shifted into what the dividend leaves. */
static uint64_t divide(uint64_t a, uint64_t b, uint64_t *remainder)
{
	uint64_t rest = 0;

	if (a >> 32 == 0 && b >> 32 == 0) {
		*remainder = (uint32_t)a % (uint32_t)b;
		return (uint32_t)a / (uint32_t)b;
	}
	for (unsigned bit = 0; bit < 64; bit++) {
		uint64_t carry = rest >> 63;

		rest = rest << 1 | a >> 63;
		a <<= 1;
		if (carry || rest >= b) {
			rest -= b;
			a |= 1;
		}
	}
	*remainder = rest;
	return a;
}

uint64_t __udivdi3(uint64_t a, uint64_t b)
{
	uint64_t remainder;

	return divide(a, b, &remainder);
}

uint64_t __umoddi3(uint64_t a, uint64_t b)
{
	uint64_t remainder;

	divide(a, b, &remainder);
	return remainder;
}

static uint64_t magnitude(int64_t value)
{
	return value < 0 ? -(uint64_t)value : (uint64_t)value;
}

int64_t __divdi3(int64_t a, int64_t b)
{
	uint64_t quotient = __udivdi3(magnitude(a), magnitude(b));

	return (int64_t)((a < 0) != (b < 0) ? -quotient : quotient);
}

int64_t __moddi3(int64_t a, int64_t b)
{
	uint64_t remainder = __umoddi3(magnitude(a), magnitude(b));

	return (int64_t)(a < 0 ? -remainder : remainder);
}

void *memcpy(void *to, const void *from, size_t size)
{
	uint8_t *target = to;
	const uint8_t *source = from;

	while (size-- > 0)
		*target++ = *source++;
	return to;
}

void *memset(void *to, int value, size_t size)
{
	uint8_t *target = to;

	while (size-- > 0)
		*target++ = (uint8_t)value;
	return to;
}
