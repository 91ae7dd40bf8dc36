/* Slots: the table through which translated code is left for other blocks. A slot leads to the stub, which returns to the
 * dispatcher, or directly to a translation that has it in the list of its incoming slots. Slots are given out in runs of
 * powers of two; runs that come back are used again, split if need be. */
#include "jit/jit_internal.h"

#include "runtime/core/host_pages.h"

bool slots_init(struct jit *jit)
{
	jit->slots = code_memory_table(&jit->code, slots_span());
	jit->slot_uses = host_pages_new(MAX_SLOTS * sizeof(*jit->slot_uses));
	jit->slot_limit = MAX_SLOTS;
	slots_reset(jit);
	return jit->slots && jit->slot_uses;
}

size_t slots_span(void)
{
	return MAX_SLOTS * sizeof(void *);
}

void slots_free(struct jit *jit)
{
	host_pages_free(jit->slot_uses, MAX_SLOTS * sizeof(*jit->slot_uses));
}

void slots_reset(struct jit *jit)
{
	jit->slots_made = 1; /* 0 says "none" */
	jit->slots_used = 0;
	for (unsigned i = 0; i < SLOT_CLASSES; i++)
		jit->free_slots[i] = 0;
}

static unsigned class_of(unsigned count)
{
	unsigned class = 0;

	while (1u << class < count)
		class ++;
	return class;
}

static void put_free(struct jit *jit, uint32_t first, unsigned class)
{
	jit->slot_uses[first].next = jit->free_slots[class];
	jit->free_slots[class] = first;
}

uint32_t slots_take(struct jit *jit, unsigned count)
{
	unsigned wanted = class_of(count), class = wanted;
	uint32_t first;

	if (!jit->free_slots[wanted] && (1u << wanted) <= jit->slot_limit - jit->slots_made) {
		first = jit->slots_made;
		jit->slots_made += 1u << wanted;
	} else {
		while (class < SLOT_CLASSES && !jit->free_slots[class])
			class ++;
		if (class == SLOT_CLASSES)
			return 0;
		first = jit->free_slots[class];
		jit->free_slots[class] = jit->slot_uses[first].next;
		while (class > wanted) {
			class --;
			put_free(jit, first + (1u << class), class);
		}
	}
	for (uint32_t i = 0; i < 1u << wanted; i++) {
		jit->slots[first + i] = (void *)(uintptr_t)jit->common.address[STENCIL_STUB];
		jit->slot_uses[first + i] = (struct slot_use){0};
	}
	jit->slots_used += 1u << wanted;
	return first;
}

void slots_give_back(struct jit *jit, uint32_t first, unsigned count)
{
	unsigned class = class_of(count);

	for (uint32_t i = 0; i < 1u << class; i++) {
		slot_unlink(jit, first + i);
		jit->slot_uses[first + i].source = 0;
	}
	put_free(jit, first, class);
	jit->slots_used -= 1u << class;
}

void slots_own(struct jit *jit, uint32_t translation)
{
	const struct translation *of = translation_at(jit, translation);

	for (uint32_t i = 0; i < of->slot_count; i++)
		jit->slot_uses[of->first_slot + i].source = translation;
}

void slot_link(struct jit *jit, uint32_t slot, uint32_t target, const void *code)
{
	struct slot_use *use = &jit->slot_uses[slot];
	uint32_t *first = &translation_at(jit, target)->incoming;

	slot_unlink(jit, slot);
	use->target = target;
	use->next = *first;
	use->previous = 0;
	if (*first)
		jit->slot_uses[*first].previous = slot;
	*first = slot;
	jit->slots[slot] = (void *)(uintptr_t)code;
}

void slot_unlink(struct jit *jit, uint32_t slot)
{
	struct slot_use *use = &jit->slot_uses[slot];

	if (!use->target)
		return;
	if (use->next)
		jit->slot_uses[use->next].previous = use->previous;
	if (use->previous)
		jit->slot_uses[use->previous].next = use->next;
	else
		translation_at(jit, use->target)->incoming = use->next;
	use->target = use->next = use->previous = 0;
	jit->slots[slot] = (void *)(uintptr_t)jit->common.address[STENCIL_STUB];
}

void slots_unlink_incoming(struct jit *jit, struct translation *target)
{
	while (target->incoming)
		slot_unlink(jit, target->incoming);
}
