/* What came and went in the translation cache, for those who look. */
#include "jit/jit_internal.h"

#include <stdlib.h>

#define MAX_EVENTS (1u << 16)

struct journal {
	struct jit_event *events;
	unsigned count;
	unsigned unnamed; /* the first event whose writer translated code may still name */
	uint64_t total;
};

const char *const jit_loss_names[JIT_LOSSES] = {[LOSS_WRITTEN] = "written",
						[LOSS_EVICTED] = "evicted",
						[LOSS_REPLACED] = "replaced",
						[LOSS_SPLIT] = "split",
						[LOSS_SLOW] = "slow accesses"};

struct journal *journal_new(void)
{
	struct journal *journal = calloc(1, sizeof(*journal));

	if (journal)
		journal->events = calloc(MAX_EVENTS, sizeof(*journal->events));
	if (!journal || !journal->events)
		abort();
	return journal;
}

void journal_free(struct journal *journal)
{
	if (journal)
		free(journal->events);
	free(journal);
}

void journal_add(struct jit *jit, enum jit_loss loss, uint32_t number, uint32_t distance, uint32_t about)
{
	struct journal *journal = jit->journal;
	const struct translation *translation = translation_at(jit, number);
	const struct block_entry *entry =
	    table_find(jit, translation->va, translation->pa + distance, translation->user);
	struct jit_event *event;

	journal->total++;
	if (journal->count == MAX_EVENTS)
		return;
	event = &journal->events[journal->count++];
	*event = (struct jit_event){.loss = loss,
				    .va = translation->va,
				    .pa = translation->pa + distance,
				    .user = translation->user,
				    .tier = translation->tier,
				    .executions = entry ? heat_of(entry) : 0,
				    .cpu = -1,
				    .pc = JIT_UNKNOWN_PC};
	if (loss == LOSS_REPLACED)
		event->head = about;
	if (loss != LOSS_WRITTEN)
		return;
	event->written = about;
	if (!jit->running)
		return;
	event->cpu = (int)(jit->running - jit->cpus);
	/* Translated code does not keep the pc, but is left after such a store. Interpreters do. */
	if (jit->activity != JIT_TRANSLATED)
		event->pc = jit->running->exception_pc; /* of a store in a delay slot, the branch */
}

void journal_name_writer(struct jit *jit, uint32_t pc)
{
	struct journal *journal = jit->journal;

	for (unsigned i = journal->unnamed; i < journal->count; i++) {
		struct jit_event *event = &journal->events[i];

		if (event->loss == LOSS_WRITTEN && event->cpu >= 0 && event->pc == JIT_UNKNOWN_PC &&
		    i + 64 > journal->count)
			event->pc = pc;
	}
	journal->unnamed = journal->count;
}

const struct jit_event *jit_events(const struct jit *jit, unsigned *count, uint64_t *total)
{
	*count = jit->journal ? jit->journal->count : 0;
	*total = jit->journal ? jit->journal->total : 0;
	return jit->journal ? jit->journal->events : NULL;
}

/* --- code --- */

const uint8_t *translation_code(const struct jit *jit, const struct translation *translation, size_t *size)
{
	if (translation->tier == 1) {
		*size = (size_t)translation->block.size * BLOCK_ALIGNMENT;
		return jit->code.executable + translation->block.code;
	}
	*size = translation->object->bytes;
	return code_memory_executable(&jit->code, translation->object->run.start);
}

void journal_tell(const struct jit *jit, uint32_t number, bool made)
{
	const struct translation *translation = translation_at(jit, number);
	struct jit_code code = {.va = translation->va, .user = translation->user, .tier = translation->tier};

	code.start = translation_code(jit, translation, &code.size);
	(made ? jit->listener->made : jit->listener->gone)(jit->listener->context, &code);
}

void jit_listen(struct jit *jit, const struct jit_listener *listener)
{
	struct jit_code common = {.start = jit->code.executable,
				  .size = jit->code.kept,
				  .name = "code that all translated code shares"};

	jit->listener = listener;
	if (!listener)
		return;
	listener->made(listener->context, &common);
	for (uint32_t number = 1; number <= jit->translations.made; number++) {
		const struct translation *translation = translation_at(jit, number);

		if (translation->tier && !translation->pending)
			journal_tell(jit, number, true);
	}
}
