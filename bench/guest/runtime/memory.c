#include "bench/guest/runtime/memory.h"

#include <stdint.h>

typedef uint32_t __attribute__((may_alias)) word;

struct unaligned_word {
	uint32_t value;
} __attribute__((packed, may_alias));

void memory_copy(void *to, const void *from, size_t size)
{
	uint8_t *target = to;
	const uint8_t *source = from;

	if (size >= 16) {
		for (; (uintptr_t)target % 4 != 0; size--)
			*target++ = *source++;
		if ((uintptr_t)source % 4 == 0) {
			for (; size >= 32; size -= 32, target += 32, source += 32) {
				const word *in = (const word *)source;
				word *out = (word *)target;
				word a = in[0], b = in[1], c = in[2], d = in[3];
				word e = in[4], f = in[5], g = in[6], h = in[7];

				out[0] = a;
				out[1] = b;
				out[2] = c;
				out[3] = d;
				out[4] = e;
				out[5] = f;
				out[6] = g;
				out[7] = h;
			}
			for (; size >= 4; size -= 4, target += 4, source += 4)
				*(word *)target = *(const word *)source;
		} else {
			for (; size >= 16; size -= 16, target += 16, source += 16) {
				const struct unaligned_word *in = (const struct unaligned_word *)source;
				word *out = (word *)target;
				word a = in[0].value, b = in[1].value, c = in[2].value, d = in[3].value;

				out[0] = a;
				out[1] = b;
				out[2] = c;
				out[3] = d;
			}
		}
	}
	for (; size > 0; size--)
		*target++ = *source++;
}
