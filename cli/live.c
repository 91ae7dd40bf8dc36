#include "cli/live.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "devices/host/datagram.h"

#define MAX_LINE      4096
#define DESCRIPTOR    32 /* bytes of the path of one */
#define MAX_PATIENCE  60 /* seconds without a byte */
#define MAX_OF_ARRAYS (1u << 22)

/* --- asking --- */

static int attach(const char *path, struct error *error)
{
	struct sockaddr_un address;
	struct timeval patience = {.tv_sec = MAX_PATIENCE};
	int descriptor = -1;

	if (datagram_address(path, &address) &&
	    (descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) >= 0 &&
	    connect(descriptor, (const struct sockaddr *)&address, sizeof(address)) == 0) {
		setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		return descriptor;
	}
	error_set(error, "There is no machine at %s: %s", path, strerror(errno));
	error_hint(error, "Start it with --control=%s.", path);
	if (descriptor >= 0)
		close(descriptor);
	return -1;
}

/* A line of the answer, byte by byte so that nothing behind it is taken. */
static bool read_line(int descriptor, char *line, size_t room)
{
	size_t length = 0;

	while (length + 1 < room && recv(descriptor, line + length, 1, 0) == 1) {
		if (line[length] == '\n') {
			line[length] = '\0';
			return true;
		}
		length++;
	}
	return false;
}

static bool read_all(int descriptor, uint8_t *data, size_t size)
{
	while (size > 0) {
		ssize_t got = recv(descriptor, data, size, 0);

		if (got <= 0)
			return false;
		data += got;
		size -= (size_t)got;
	}
	return true;
}

/* How many bytes follow; 0: none. */
static size_t announced(const char *line, const char *path, struct error *error)
{
	cJSON *answer = cJSON_Parse(line);
	const cJSON *bytes = cJSON_GetObjectItemCaseSensitive(answer, "bytes");
	const char *complaint = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(answer, "error"));
	size_t size = 0;

	if (cJSON_IsNumber(bytes) && bytes->valuedouble >= sizeof(struct live_head) &&
	    bytes->valuedouble < (double)LIVE_MAX_BYTES)
		size = (size_t)bytes->valuedouble;
	else
		error_set(error, "The machine at %s does not tell its blocks: %.100s", path,
			  complaint ? complaint : "it answers as none of jit161");
	cJSON_Delete(answer);
	return size;
}

/* --- what it sent: nothing of it is believed --- */

static bool take_array(const uint8_t **at, uint64_t *left, uint64_t count, size_t size, const void *array)
{
	if (count > *left / size)
		return false;
	*(const void **)array = *at;
	*at += count * size;
	*left -= count * size;
	return true;
}

static bool take_arrays(struct live_machine *live, size_t size)
{
	const struct live_head *head = &live->head;
	const uint8_t *at = live->data + sizeof(*head);
	uint64_t left = size - sizeof(*head);

	return take_array(&at, &left, head->block_count, sizeof(struct live_block), &live->blocks) &&
	       take_array(&at, &left, head->part_count, sizeof(struct live_part), &live->parts) &&
	       take_array(&at, &left, head->event_count, sizeof(struct live_event), &live->events) &&
	       take_array(&at, &left, head->sample_count, sizeof(struct live_sample), &live->samples) &&
	       take_array(&at, &left, head->page_count, sizeof(struct live_page), &live->pages) &&
	       take_array(&at, &left, head->code_bytes, 1, &live->code) &&
	       take_array(&at, &left, head->kernel_bytes, 1, &live->kernel) && left == 0;
}

static bool place_fits(const struct live_machine *live, uint32_t va, uint32_t pa)
{
	return !(va & 3) && !(pa & 3) && pa < live->head.ram_size;
}

static bool block_fits(const struct live_machine *live, const struct live_block *block)
{
	return place_fits(live, block->va, block->pa) && block->va >> 30 != 3 &&
	       (block->va >> 31 == 0) == (block->user != 0) && block->fate < JIT_FATES && block->tier >= 1 &&
	       block->tier <= 2 && block->link_count <= 2 && block->code_at <= live->head.code_bytes &&
	       block->code_size <= live->head.code_bytes - block->code_at;
}

static bool rows_fit(const struct live_machine *live)
{
	const struct live_head *head = &live->head;
	uint64_t parts = 0;

	for (uint32_t i = 0; i < head->block_count; i++) {
		if (!block_fits(live, &live->blocks[i]))
			return false;
		parts += live->blocks[i].part_count;
	}
	for (uint32_t i = 0; i < head->part_count; i++)
		if (!place_fits(live, live->parts[i].va, live->parts[i].pa) || live->parts[i].words > 1024)
			return false;
	for (uint32_t i = 0; i < head->event_count; i++)
		if (live->events[i].loss >= JIT_LOSSES)
			return false;
	for (uint32_t i = 0; i < head->page_count; i++)
		if (live->pages[i].offset % LIVE_PAGE || live->pages[i].offset >= head->ram_size)
			return false;
	return parts == head->part_count;
}

static bool head_fits(const struct live_head *head)
{
	uint32_t most = head->malta ? MALTA_MAX_RAM : VM_MAX_RAM;

	return memcmp(head->magic, (char[sizeof(head->magic)]){LIVE_MAGIC}, sizeof(head->magic)) == 0 &&
	       memchr(head->kernel, '\0', sizeof(head->kernel)) && head->ram_size >= LIVE_PAGE &&
	       head->ram_size % LIVE_PAGE == 0 && head->ram_size <= most &&
	       head->sensitive < SENSITIVE_POLICIES && head->tiers <= TIERS_SECOND &&
	       head->region_instructions >= 1 && head->region_instructions <= 100000 &&
	       head->block_count <= MAX_OF_ARRAYS && head->part_count <= MAX_OF_ARRAYS &&
	       head->event_count <= MAX_OF_ARRAYS && head->sample_count <= MAX_OF_ARRAYS;
}

/* Its file as one of ours, for those who open files. */
static int kernel_file(const struct live_machine *live)
{
	int descriptor = live->head.kernel_bytes ? memfd_create("kernel", MFD_CLOEXEC) : -1;
	const uint8_t *at = live->kernel;
	uint64_t left = live->head.kernel_bytes;

	while (descriptor >= 0 && left > 0) {
		ssize_t written = write(descriptor, at, left);

		if (written <= 0) {
			close(descriptor);
			return -1;
		}
		at += written;
		left -= (uint64_t)written;
	}
	return descriptor;
}

static void take_counts(struct live_machine *live)
{
	for (uint32_t i = 0; i < live->head.sample_count; i++) {
		const struct live_sample *sample = &live->samples[i];

		if (sample->count)
			address_counts_add(&live->counts, sample->va, sample->pa, sample->user != 0,
					   sample->count);
	}
}

static void take_events(struct live_machine *live)
{
	live->lost = calloc(live->head.event_count + 1u, sizeof(*live->lost));
	if (!live->lost)
		abort();
	for (uint32_t i = 0; i < live->head.event_count; i++) {
		const struct live_event *event = &live->events[i];

		live->lost[i] = (struct jit_event){.loss = (enum jit_loss)event->loss,
						   .va = event->va,
						   .pa = event->pa,
						   .user = event->user != 0,
						   .tier = event->tier,
						   .executions = event->executions,
						   .written = event->written,
						   .cpu = (int)event->cpu,
						   .pc = event->pc,
						   .head = event->head};
	}
}

bool live_ask(struct live_machine *live, const char *path, struct error *error)
{
	char line[MAX_LINE] = "";
	int descriptor = attach(path, error);
	size_t size = 0;
	bool ok = descriptor >= 0;

	*live = (struct live_machine){.kernel_file = -1};
	if (!ok)
		return false;
	ok = send(descriptor, LIVE_QUESTION "\n", strlen(LIVE_QUESTION) + 1, MSG_NOSIGNAL) > 0 &&
	     read_line(descriptor, line, sizeof(line));
	if (!ok)
		error_set(error, "The machine at %s does not answer", path);
	else
		ok = (size = announced(line, path, error)) > 0;
	if (ok) {
		live->data = malloc(size);
		ok = live->data && read_all(descriptor, live->data, size);
		if (!ok)
			error_set(error, "The machine at %s ended in the middle of its answer", path);
	}
	close(descriptor);
	if (!ok)
		return false;
	memcpy(&live->head, live->data, sizeof(live->head));
	if (!head_fits(&live->head) || !take_arrays(live, size) || !rows_fit(live)) {
		error_set(error, "What the machine at %s sent makes no sense", path);
		return error_hint(error, "It may be of another version of jit161.");
	}
	live->kernel_file = kernel_file(live);
	take_counts(live);
	take_events(live);
	return true;
}

void live_free(struct live_machine *live)
{
	if (live->kernel_file >= 0)
		close(live->kernel_file);
	address_counts_free(&live->counts);
	free(live->lost);
	free(live->data);
}

/* --- a machine like it --- */

bool bare_machine(struct vm *vm, uint32_t ram_size, struct error *error)
{
	int descriptor = memfd_create("sys161.conf", MFD_CLOEXEC);
	char path[DESCRIPTOR];
	bool ok =
	    descriptor >= 0 && dprintf(descriptor, "31 mainboard ramsize=%" PRIu32 "K\n", ram_size >> 10) > 0;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", descriptor);
	if (!ok)
		error_set(error, "There is no memory for a machine: %s", strerror(errno));
	ok = ok && vm_configure(vm, path, NULL, 0, error);
	if (descriptor >= 0)
		close(descriptor);
	return ok;
}

struct vm *live_build(const struct live_machine *live, struct jit_options *jit,
		      const struct vm_options *options, struct error *error)
{
	const struct live_head *head = &live->head;
	struct vm_options machine = *options;
	char path[DESCRIPTOR];
	struct vm *vm;
	bool ok;

	jit->sensitive = (enum sensitive_policy)head->sensitive;
	jit->tiers = (enum jit_tiers)head->tiers;
	jit->threshold = head->threshold;
	jit->region_instructions = head->region_instructions;
	machine.jit = jit;
	machine.max_ram = head->ram_size;
	vm = vm_new(&machine, error);
	if (!vm)
		return NULL;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", live->kernel_file);
	if (head->malta)
		ok = vm_build_malta(vm,
				    &(struct malta_options){.kernel = path,
							    .command_line = "",
							    .cpu = head->large_cpu ? LIVE_LARGE_CPU : "24Kf",
							    .ram_size = head->ram_size},
				    error);
	else
		ok = bare_machine(vm, head->ram_size, error);
	if (!ok) {
		vm_free(vm);
		return NULL;
	}
	for (uint32_t i = 0; i < head->page_count; i++)
		memcpy(vm->memory.ram + live->pages[i].offset, live->pages[i].bytes, LIVE_PAGE);
	return vm;
}

void live_explore(struct live_machine *live, struct exploration *exploration)
{
	const struct live_part *part = live->parts;

	for (uint32_t i = 0; i < live->head.block_count; i++) {
		const struct live_block *row = &live->blocks[i];
		struct jit_block block = {.va = row->va,
					  .pa = row->pa,
					  .user = row->user != 0,
					  .instructions = row->instructions,
					  .code_bytes = row->code_bytes,
					  .executions = row->executions,
					  .tier = row->tier,
					  .head = row->head,
					  .code = row->code,
					  .fate = (enum jit_fate)row->fate,
					  .wanted = row->wanted,
					  .link_count = row->link_count,
					  .incoming = row->incoming};
		struct inspected_block *parts = calloc(row->part_count + 1u, sizeof(*parts));
		unsigned at = exploration->count;

		if (!parts)
			abort();
		for (unsigned k = 0; k < row->link_count; k++)
			block.links[k] = (struct jit_link){row->links[k], row->linked[k] != 0};
		for (uint32_t k = 0; k < row->part_count; k++, part++)
			parts[k] =
			    (struct inspected_block){.va = part->va, .pa = part->pa, .words = part->words};
		explore_push_run(exploration, &block, parts, row->part_count);
		if (row->code_size) {
			exploration->blocks[at].code = live->code + row->code_at;
			exploration->blocks[at].code_size = row->code_size;
		}
		free(parts);
	}
	exploration->live = true;
	exploration->executed = live->head.executed;
	exploration->counted = COUNTED_SAMPLES;
	exploration->counts = &live->counts;
	exploration->events = live->lost;
	exploration->event_count = live->head.event_count;
	exploration->event_total = live->head.lost;
	explore_weigh(exploration);
}
