/* What a machine with --control answers to the line "blocks": `{"bytes":N}`, then N bytes, the head and the arrays that it counts,
 * in their order here. Both ends are the same program on the same host, so numbers are as that has them; what does not fit
 * is refused. The reader believes nothing: a guest may have broken out of the machine, though not out of its sandbox. */
#ifndef JIT161_CLI_LIVE_WIRE_H
#define JIT161_CLI_LIVE_WIRE_H

#include <stdint.h>

#define LIVE_QUESTION	  "blocks"
#define LIVE_MAGIC	  "jit161 blocks 1"
#define LIVE_MAX_BYTES	  (UINT64_C(1) << 31)
#define LIVE_MAX_KERNEL	  (UINT64_C(1) << 28) /* a larger file is not sent: there are no symbols then */
#define LIVE_MAX_CODE	  (UINT64_C(1) << 30) /* what is more is left out */
#define LIVE_PAGE	  4096u
#define LIVE_LARGE_CPU	  "34Kf" /* large_cpu: this one instead of Malta's other one */
#define LIVE_KERNEL_BYTES 64	 /* of its name, with the end */

struct live_head {
	char magic[16];
	char kernel[LIVE_KERNEL_BYTES]; /* its file's name, without folders */
	uint32_t malta, large_cpu, big_endian, ram_size;
	uint32_t sensitive, tiers, threshold, region_instructions;
	uint64_t executed;   /* cycles */
	uint64_t virtual_ns; /* since the machine's start */
	uint64_t lost;	     /* events, with those that there was no room for */
	uint32_t block_count, part_count, event_count, sample_count, page_count, reserved;
	uint64_t code_bytes, kernel_bytes;
};

struct live_block {
	uint32_t va, pa, user, instructions, code_bytes, executions, tier, head, code, fate, wanted;
	uint32_t link_count, links[2], linked[2], incoming;
	uint32_t code_at, code_size; /* its code, among what is sent */
	uint32_t part_count; /* of a region's entry: the blocks of the region, which follow those before */
};

struct live_part { /* a block of a region */
	uint32_t va, pa, words, entry;
};

struct live_event {
	uint32_t loss, va, pa, user, tier, executions, written, cpu, pc, head;
};

struct live_sample { /* how often the machine was seen at an instruction */
	uint32_t va, pa, user, count;
};

struct live_page { /* RAM that code was made from */
	uint32_t offset;
	uint8_t bytes[LIVE_PAGE];
};
/* Then the code, and the kernel's file. */

#endif
