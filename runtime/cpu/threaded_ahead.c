/* Windows: several processors' cycles without changing from one to the next in each. A lane executes all of a window's cycles in one go,
 * then the next lane does. Nobody can tell that from turns of one cycle as long as no lane touches a word of memory that another one
 * writes in the same window, and none does what shows outside of it: devices, exceptions, and all else that is the reference
 * interpreter's. Where a lane comes to such a thing the window ends for all; where two meet at a word, it has not been. Then what was
 * done too much is taken back: registers from copies, memory from a log.
 *
 * Who meets whom is told from a table of claims, by hashed address: words that share an entry count as one. Code that is not
 * decoded yet, and stores to code, end a window, so that instructions never are what lanes meet at. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/cpu/threaded_lane.h"

#define CLAIM_BITS  13
#define CLAIMS	    (1u << CLAIM_BITS)
#define LANE_BITS   6
#define SEVERAL	    ((1u << LANE_BITS) - 1) /* instead of a lane's number */
#define LAST_WINDOW (UINT32_MAX >> LANE_BITS)

/* Who has read and written in a window: its number and the lane's. What is older than the window counts as nobody. */
struct claim {
	uint32_t reader, writer;
};

struct store {
	uint8_t *at;
	uint32_t word; /* before */
};

/* What decoded code changes of a processor beside its registers and memory. */
#define PAST_FIELDS(X)                                                                                       \
	X(bool, ll_active)                                                                                   \
	X(uint32_t, ll_address)                                                                              \
	X(uint32_t, ll_value)                                                                                \
	X(uint64_t, ll_count)                                                                                \
	X(uint64_t, sc_succeeded)                                                                            \
	X(uint64_t, sc_failed)                                                                               \
	X(uint64_t, sync_count)                                                                              \
	X(uint64_t, stalls)

/* A lane and its processor as they were, and what it has stored since. */
struct past {
	struct lane lane;
	uint8_t registers[offsetof(struct cpu, active_end)]; /* the head of struct cpu */
#define X(type, field) type field;
	PAST_FIELDS(X)
#undef X
	unsigned done; /* cycles executed since */
	unsigned store_count;
	struct store stores[LONGEST_WINDOW];
};

struct ahead {
	uint32_t window;
	struct claim claims[CLAIMS];
	struct past past[MAX_LANES];
};

static struct ahead *ahead_of(struct threaded *threaded)
{
	if (!threaded->ahead && !(threaded->ahead = calloc(1, sizeof(*threaded->ahead))))
		abort();
	return threaded->ahead;
}

static void remember(struct past *past, const struct lane *lane)
{
	const struct cpu *cpu = lane->cpu;

	past->lane = *lane;
	memcpy(past->registers, cpu, sizeof(past->registers));
#define X(type, field) past->field = cpu->field;
	PAST_FIELDS(X)
#undef X
	past->store_count = 0;
}

static void take_back(struct past *past, struct lane *lane)
{
	struct cpu *cpu = lane->cpu;

	while (past->store_count > 0) {
		const struct store *store = &past->stores[--past->store_count];

		memcpy(store->at, &store->word, sizeof(store->word));
	}
	*lane = past->lane;
	memcpy(cpu, past->registers, sizeof(past->registers));
#define X(type, field) cpu->field = past->field;
	PAST_FIELDS(X)
#undef X
}

static inline struct claim *claim_of(struct ahead *ahead, uint32_t word)
{
	return &ahead->claims[(word ^ word >> CLAIM_BITS) & (CLAIMS - 1)];
}

/* False: another lane writes there. */
static inline bool claim_read(struct ahead *ahead, uint32_t word, uint32_t me)
{
	struct claim *claim = claim_of(ahead, word);
	uint32_t window = me & ~SEVERAL;

	if (claim->writer != me && claim->writer >= window)
		return false;
	if (claim->reader != me)
		claim->reader = claim->reader >= window ? window | SEVERAL : me;
	return true;
}

/* False: another lane reads or writes there. */
static inline bool claim_write(struct ahead *ahead, uint32_t word, uint32_t me)
{
	struct claim *claim = claim_of(ahead, word);
	uint32_t window = me & ~SEVERAL;

	if ((claim->writer != me && claim->writer >= window) ||
	    (claim->reader != me && claim->reader >= window))
		return false;
	claim->writer = me;
	return true;
}

enum outcome {
	DONE,
	COMES_TO, /* something that ends the window, before it */
	MEETS	  /* another lane at a word */
};

/* Executes cycles of one lane, of which `left` are left, until only `end` are. */
static enum outcome run(struct ahead *ahead, struct lane *lane, uint64_t left, uint64_t end, uint32_t me,
			struct past *past)
{
	/* clang-format off */
#define X(name) [DECODED_##name] = &&in_slot_##name,
	static const void *const slot_handlers[DECODED_CODES] = {
		[DECODED_NOTHING ... DECODED_NEXT_PAGE] = &&leave,
		DECODED_SIMPLE(X)
		[DECODED_SIMPLE_END ... DECODED_CODES - 1] = &&leave,
	};
#undef X
#define X(name) [DECODED_##name] = &&first_##name,
#define NEAR(name, condition) [DECODED_NEAR_##name] = &&near_##name, [DECODED_NEAR_##name##_NOP] = &&near_##name,
#define FAR(name, condition) [DECODED_FAR_##name] = &&far_##name,
	static const void *const first_handlers[DECODED_CODES] = {
		/* CROSS looks a page up before it is known what comes of the word. */
		[DECODED_NOTHING] = &&leave, [DECODED_REFERENCE] = &&leave, [DECODED_MTC0] = &&leave, [DECODED_CROSS] = &&leave,
		DECODED_SIMPLE(X)
		DECODED_NEAR(NEAR)
		DECODED_FAR(FAR)
		X(NEXT_PAGE) X(J) X(JAL) X(JR) X(JALR) X(BLTZAL) X(BGEZAL)
	};
#undef X
#undef NEAR
#undef FAR
	/* clang-format on */
	struct cpu *const cpu = lane->cpu;
	uint8_t *const ram = cpu->memory->ram;
	const uint8_t *const code_map = ram + cpu->memory->code_map_offset;
	uint32_t *const gpr = cpu->gpr;
	const uint32_t direct_size = lane->direct_size, asid = lane->asid;
	const struct soft_tlb_entry *const data_tlb = lane->data_tlb;
	struct decoded_op *op = lane->op;
	const uint64_t start = left;
	enum outcome outcome = DONE;
	uint32_t target_va;

#define PC	    (lane->page_va + 4 * (uint32_t)(op - lane->page->ops))
#define BUDGET	    ((int64_t)left)
#define CYCLES	    (cpu->active_end - left)
#define BRANCHED    (void)0
#define LEAVE	    goto leave
#define WORD_OF(at) ((uint32_t)((at)-ram) >> 2)
#define TOUCH_READ(at)                                                                                       \
	if (!claim_read(ahead, WORD_OF(at), me))                                                             \
	goto meets
#define TOUCH_WRITE(at)                                                                                      \
	do {                                                                                                 \
		struct store *store = &past->stores[past->store_count];                                      \
		if (!claim_write(ahead, WORD_OF(at), me))                                                    \
			goto meets; /* nothing logged: the word may be as another lane left it */            \
		store->at = ram + 4 * (size_t)WORD_OF(at);                                                   \
		memcpy(&store->word, store->at, sizeof(store->word));                                        \
		past->store_count++;                                                                         \
	} while (0)
#define FIND_WRITABLE(cpu, va, size) ((uint8_t *)NULL)

	if (lane->in_slot)
		goto *slot_handlers[op->code];
	goto *first_handlers[op->first];

done:
	lane->op = op;
	past->done = (unsigned)(start - left);
	return outcome;
leave:
	outcome = COMES_TO;
	goto done;
meets:
	outcome = MEETS;
	goto done;

	/* --- in sequence --- */

#define OP(name) first_##name:
#define NEXT                                                                                                 \
	do {                                                                                                 \
		op++;                                                                                        \
		if (--left == end)                                                                           \
			goto done;                                                                           \
		goto *first_handlers[op->first];                                                             \
	} while (0)
#define STALL                                                                                                \
	do {                                                                                                 \
		cpu->stalls++;                                                                               \
		if (!va_is_direct(lane->page_va))                                                            \
			cpu->lookup_va = lane->page_va;                                                      \
		if (--left == end)                                                                           \
			goto done;                                                                           \
		goto *first_handlers[op->first];                                                             \
	} while (0)
#include "runtime/cpu/threaded_ops.h"

first_NEXT_PAGE:
	lane_turn_page(lane);
	op = lane->op;
	goto *first_handlers[op->first];

#define TO_SLOT                                                                                              \
	do {                                                                                                 \
		op++;                                                                                        \
		lane->in_slot = true;                                                                        \
		if (--left == end)                                                                           \
			goto done;                                                                           \
		goto *slot_handlers[op->code];                                                               \
	} while (0)
#include "runtime/cpu/threaded_jumps.h"
#undef OP
#undef NEXT
#undef STALL

	/* --- in a delay slot --- */

#define OP(name) in_slot_##name:
#define NEXT                                                                                                 \
	do {                                                                                                 \
		lane->in_slot = false;                                                                       \
		op = lane->target;                                                                           \
		lane->page = lane->target_page;                                                              \
		lane->page_va = lane->target_page_va;                                                        \
		if (--left == end)                                                                           \
			goto done;                                                                           \
		goto *first_handlers[op->first];                                                             \
	} while (0)
#define STALL __builtin_unreachable() /* the branch has given HI and LO the time */
#include "runtime/cpu/threaded_ops.h"
}

static void take_all_back(struct ahead *ahead, struct lane *lanes, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		take_back(&ahead->past[i], &lanes[i]);
}

uint64_t threaded_run_ahead(struct lane *lanes, unsigned count, uint64_t left, uint64_t wanted)
{
	struct ahead *ahead = ahead_of(lanes->cpu->threaded);
	unsigned until = (unsigned)wanted, executed;
	enum outcome outcome = DONE;

	for (unsigned i = 0; i < count; i++)
		if (!lanes[i].inside || lanes[i].cpu->debug)
			return 0;
	if (ahead->window++ == LAST_WINDOW) {
		memset(ahead->claims, 0, sizeof(ahead->claims));
		ahead->window = 1;
	}
	for (executed = 0; executed < count && until > 0 && outcome != MEETS; executed++) {
		struct past *past = &ahead->past[executed];

		remember(past, &lanes[executed]);
		outcome = run(ahead, &lanes[executed], left, left - until,
			      ahead->window << LANE_BITS | executed, past);
		if (outcome == COMES_TO)
			until = past->done;
	}
	if (outcome == MEETS) {
		take_all_back(ahead, lanes, executed);
		return 0;
	}
	/* Those before the one that ended the window went too far. What they did further on may have driven out of the soft TLB what
	 * they need now; then the window has not been. */
	for (unsigned i = 0; i < executed; i++) {
		struct past *past = &ahead->past[i];

		if (past->done <= until)
			continue;
		take_back(past, &lanes[i]);
		if (until > 0 &&
		    run(ahead, &lanes[i], left, left - until, ahead->window << LANE_BITS | i, past) != DONE) {
			take_all_back(ahead, lanes, executed);
			return 0;
		}
	}
	return until;
}
