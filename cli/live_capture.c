#include "cli/live_capture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/live_wire.h"
#include "jit/inspect.h"

#define MOST_PARTS 1024u /* blocks of a region that are told */

/* The arrays, each as it grows. */
struct sections {
	FILE *files[6];
	char *texts[6];
	size_t sizes[6];
};
enum section {
	BLOCKS,
	PARTS,
	EVENTS,
	SAMPLES,
	PAGES,
	CODE,
	SECTIONS
};

static void put(struct sections *sections, enum section section, const void *data, size_t size)
{
	fwrite(data, 1, size, sections->files[section]); /* memory: it aborts or succeeds */
}

static void put_block(struct sections *sections, struct live_head *head, const struct vm *vm,
		      const struct jit_block *block)
{
	struct live_block row = {.va = block->va,
				 .pa = block->pa,
				 .user = block->user,
				 .instructions = block->instructions,
				 .code_bytes = block->code_bytes,
				 .executions = block->executions,
				 .tier = block->tier,
				 .head = block->head,
				 .code = block->code,
				 .fate = block->fate,
				 .wanted = block->wanted,
				 .link_count = block->link_count,
				 .incoming = block->incoming};
	struct inspected_block parts[MOST_PARTS];
	unsigned count = block->tier == 2 ? jit_region_blocks(vm->jit, block, parts, MOST_PARTS) : 0;
	size_t size;
	const uint8_t *code = jit_block_code(vm->jit, block, &size);

	for (unsigned i = 0; i < block->link_count; i++) {
		row.links[i] = block->links[i].va;
		row.linked[i] = block->links[i].linked;
	}
	if (count > MOST_PARTS)
		count = MOST_PARTS;
	for (unsigned i = 0; i < count; i++) {
		struct live_part part = {parts[i].va, parts[i].pa, parts[i].words, parts[i].entry};

		put(sections, PARTS, &part, sizeof(part));
	}
	if (head->code_bytes + size > LIVE_MAX_CODE)
		size = 0;
	row.part_count = count;
	row.code_at = (uint32_t)head->code_bytes;
	row.code_size = (uint32_t)size;
	if (size)
		put(sections, CODE, code, size);
	head->code_bytes += size;
	head->part_count += count;
	head->block_count++;
	put(sections, BLOCKS, &row, sizeof(row));
}

static void put_blocks(struct sections *sections, struct live_head *head, const struct vm *vm)
{
	unsigned count = jit_blocks(vm->jit, NULL, 0);
	struct jit_block *blocks = calloc(count + 1u, sizeof(*blocks));

	if (!blocks)
		abort();
	jit_blocks(vm->jit, blocks, count);
	for (unsigned i = 0; i < count; i++)
		put_block(sections, head, vm, &blocks[i]);
	free(blocks);
}

static void put_events(struct sections *sections, struct live_head *head, const struct vm *vm)
{
	const struct jit_event *events = jit_events(vm->jit, &head->event_count, &head->lost);

	for (unsigned i = 0; i < head->event_count; i++) {
		const struct jit_event *event = &events[i];
		struct live_event row = {(uint32_t)event->loss,
					 event->va,
					 event->pa,
					 event->user,
					 event->tier,
					 event->executions,
					 event->written,
					 (uint32_t)event->cpu,
					 event->pc,
					 event->head};

		put(sections, EVENTS, &row, sizeof(row));
	}
}

static void put_samples(struct sections *sections, struct live_head *head,
			const struct address_counts *samples)
{
	for (uint32_t i = 0; i < samples->room; i++) {
		const struct address_count *row = &samples->rows[i];
		struct live_sample sample = {row->va, row->pa, row->user,
					     row->count > UINT32_MAX ? UINT32_MAX : (uint32_t)row->count};

		if (row->count == 0)
			continue;
		put(sections, SAMPLES, &sample, sizeof(sample));
		head->sample_count++;
	}
}

struct page_writer {
	struct sections *sections;
	struct live_head *head;
	const struct vm *vm;
};

static void put_page(void *context, uint32_t offset)
{
	struct page_writer *writer = context;
	struct live_page page = {.offset = offset};

	memcpy(page.bytes, writer->vm->memory.ram + offset, LIVE_PAGE);
	put(writer->sections, PAGES, &page, sizeof(page));
	writer->head->page_count++;
}

struct live_bytes live_capture(const struct vm *vm, const struct address_counts *samples)
{
	const struct jit_options *jit = vm->options.jit;
	struct live_head head = {.magic = LIVE_MAGIC,
				 .malta = vm->malta != NULL,
				 .large_cpu = strcmp(vm->cpus[0].model->name, LIVE_LARGE_CPU) == 0,
				 .big_endian = vm->memory.map.big_endian,
				 .ram_size = vm->memory.ram_size,
				 .sensitive = jit->sensitive,
				 .tiers = jit->tiers,
				 .threshold = jit->threshold,
				 .region_instructions = jit->region_instructions,
				 .executed = vm->totals.executed,
				 .virtual_ns = vm->run.base};
	struct sections sections;
	struct page_writer pages = {&sections, &head, vm};
	struct live_bytes result = {.size = sizeof(head)};

	for (unsigned i = 0; i < SECTIONS; i++)
		if (!(sections.files[i] = open_memstream(&sections.texts[i], &sections.sizes[i])))
			abort();
	put_blocks(&sections, &head, vm);
	put_events(&sections, &head, vm);
	put_samples(&sections, &head, samples);
	jit_code_pages(vm->jit, put_page, &pages);
	for (unsigned i = 0; i < SECTIONS; i++) {
		fclose(sections.files[i]);
		result.size += sections.sizes[i];
	}
	result.data = malloc(result.size);
	if (!result.data)
		abort();
	memcpy(result.data, &head, sizeof(head));
	for (size_t i = 0, at = sizeof(head); i < SECTIONS; at += sections.sizes[i++]) {
		memcpy(result.data + at, sections.texts[i], sections.sizes[i]);
		free(sections.texts[i]);
	}
	return result;
}

void live_add_kernel(struct live_bytes *bytes, int descriptor, const char *path)
{
	struct live_head head;
	struct stat status;
	const char *slash = strrchr(path, '/');
	ssize_t got;

	memcpy(&head, bytes->data, sizeof(head));
	snprintf(head.kernel, sizeof(head.kernel), "%s", slash ? slash + 1 : path);
	if (descriptor >= 0 && fstat(descriptor, &status) == 0 && status.st_size > 0 &&
	    (uint64_t)status.st_size <= LIVE_MAX_KERNEL) {
		uint8_t *larger = realloc(bytes->data, bytes->size + (size_t)status.st_size);

		if (!larger)
			abort();
		bytes->data = larger;
		while (head.kernel_bytes < (uint64_t)status.st_size &&
		       (got = pread(descriptor, bytes->data + bytes->size,
				    (size_t)((uint64_t)status.st_size - head.kernel_bytes),
				    (off_t)head.kernel_bytes)) > 0) {
			bytes->size += (size_t)got;
			head.kernel_bytes += (uint64_t)got;
		}
	}
	memcpy(bytes->data, &head, sizeof(head));
}
