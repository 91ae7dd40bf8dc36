/* There is no list of all threads in OS/161: sleeping ones hang off wait channels that only their owners know. But each
 * thread's list node points back to the thread, so a structure that points to itself at the right place, belongs to a
 * processor that does the same, and has a state and a printable name, is one. Freed memory is overwritten by the kernel. */
#include "runtime/vm/threads.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define KSEG0	   0x80000000u
#define MAX_STATES 16u

/* Where things are in the kernel's structures. */
struct layout {
	struct member name, state, self, cpu, context, channel, process, stack;
	bool has_channel, has_process, has_stack;
	struct member process_name, space, cpu_number;
	bool has_space, has_cpu_number;
	struct member cpu_self, cpu_current;
	struct {
		const char *name;
		unsigned number;
		struct member at;
		bool present;
	} saved[12]; /* in the switch frame */
	uint32_t switch_frame_size;
};

static const char *find_layout(struct symbols *symbols, struct layout *layout)
{
	static const struct {
		const char *name;
		unsigned number;
	} saved[] = {{"sf_s0", 16}, {"sf_s1", 17}, {"sf_s2", 18}, {"sf_s3", 19}, {"sf_s4", 20}, {"sf_s5", 21},
		     {"sf_s6", 22}, {"sf_s7", 23}, {"sf_s8", 30}, {"sf_gp", 28}, {"sf_ra", 31}};

	memset(layout, 0, sizeof(*layout));
	if (!symbols_has_debug(symbols))
		return "the kernel has no debug information";
	if (!symbols_member(symbols, "thread", "t_name", &layout->name) ||
	    !symbols_member(symbols, "thread", "t_state", &layout->state) ||
	    !symbols_member(symbols, "thread", "t_listnode.tln_self", &layout->self) ||
	    !symbols_member(symbols, "thread", "t_cpu", &layout->cpu) ||
	    !symbols_member(symbols, "thread", "t_context", &layout->context) ||
	    !symbols_member(symbols, "cpu", "c_self", &layout->cpu_self) ||
	    !symbols_member(symbols, "cpu", "c_curthread", &layout->cpu_current) ||
	    !symbols_structure_size(symbols, "switchframe", &layout->switch_frame_size))
		return "the kernel's debug information has no threads in the manner of OS/161 2";
	layout->has_channel = symbols_member(symbols, "thread", "t_wchan_name", &layout->channel);
	layout->has_stack = symbols_member(symbols, "thread", "t_stack", &layout->stack);
	layout->has_process = symbols_member(symbols, "thread", "t_proc", &layout->process) &&
			      symbols_member(symbols, "proc", "p_name", &layout->process_name);
	layout->has_space =
	    layout->has_process && symbols_member(symbols, "proc", "p_addrspace", &layout->space);
	layout->has_cpu_number = symbols_member(symbols, "cpu", "c_hardware_number", &layout->cpu_number);
	for (unsigned i = 0; i < sizeof(saved) / sizeof(saved[0]); i++) {
		layout->saved[i].name = saved[i].name;
		layout->saved[i].number = saved[i].number;
		layout->saved[i].present =
		    symbols_member(symbols, "switchframe", saved[i].name, &layout->saved[i].at);
	}
	return NULL;
}

static bool read_text(const struct guest_reader *reader, uint32_t at, char *text)
{
	for (unsigned i = 0; i < THREAD_NAME_SIZE - 1; i++) {
		uint32_t word;

		if (!reader->word(reader->context, (at + i) & ~3u, &word))
			return false;
		/* Kernels with these structures are big-endian: System/161 is. */
		text[i] = (char)(word >> (24 - 8 * ((at + i) & 3)));
		text[i + 1] = '\0';
		if (!text[i])
			return true;
		if (!isprint((unsigned char)text[i]))
			return false;
	}
	return true;
}

/* Text in place, or behind a pointer. */
static bool read_name(const struct guest_reader *reader, uint32_t at, const struct member *member, char *text)
{
	uint32_t pointer;

	text[0] = '\0';
	if (member->is_array)
		return read_text(reader, at + member->offset, text) && text[0];
	return reader->word(reader->context, at + member->offset, &pointer) && pointer &&
	       read_text(reader, pointer, text) && text[0];
}

static void trace_stack(const struct layout *layout, struct symbols *symbols,
			const struct guest_reader *reader, const struct mips_isa *isa, uint32_t context,
			struct backtrace *backtrace)
{
	struct unwind_registers registers = {.known = 1u << REGISTER_SP};

	registers.gpr[REGISTER_SP] = context + layout->switch_frame_size;
	for (unsigned i = 0; i < sizeof(layout->saved) / sizeof(layout->saved[0]); i++) {
		unsigned number = layout->saved[i].number;

		if (!layout->saved[i].present ||
		    !reader->word(reader->context, context + layout->saved[i].at.offset,
				  &registers.gpr[number]))
			continue;
		if (number == REGISTER_RA)
			registers.pc = registers.gpr[number];
		else
			registers.known |= 1u << number;
	}
	unwind(symbols, reader, isa, &registers, backtrace);
}

static bool state_is(const struct thread *thread, const char *name)
{
	return thread->state && strcmp(thread->state, name) == 0;
}

static bool read_thread(const struct layout *layout, struct symbols *symbols,
			const struct guest_reader *reader, const struct mips_isa *isa, uint32_t at,
			struct thread *thread)
{
	uint32_t state, cpu, self, current, context = 0, pointer;

	memset(thread, 0, sizeof(*thread));
	thread->address = at;
	if (!reader->word(reader->context, at + layout->state.offset, &state) || state >= MAX_STATES ||
	    !reader->word(reader->context, at + layout->cpu.offset, &cpu) ||
	    !reader->word(reader->context, cpu + layout->cpu_self.offset, &self) || self != cpu ||
	    !read_name(reader, at, &layout->name, thread->name))
		return false;
	thread->state = symbols_enumerator(symbols, "thread", "t_state", state);
	thread->sleeps = state_is(thread, "S_SLEEP");
	thread->ready = state_is(thread, "S_READY");
	thread->zombie = state_is(thread, "S_ZOMBIE");
	thread->current =
	    reader->word(reader->context, cpu + layout->cpu_current.offset, &current) && current == at;
	if (layout->has_channel && thread->sleeps)
		read_name(reader, at, &layout->channel, thread->channel);
	if (layout->has_process && reader->word(reader->context, at + layout->process.offset, &pointer) &&
	    pointer) {
		read_name(reader, pointer, &layout->process_name, thread->process);
		thread->process_address = pointer;
		if (layout->has_space)
			reader->word(reader->context, pointer + layout->space.offset, &thread->space);
	}
	if (layout->has_cpu_number)
		reader->word(reader->context, cpu + layout->cpu_number.offset, &thread->cpu);
	reader->word(reader->context, at + layout->context.offset, &context);
	if (layout->has_stack && context &&
	    reader->word(reader->context, at + layout->stack.offset, &pointer) && pointer)
		thread->stack_overflow = context < pointer;
	if (!thread->current && !thread->zombie && context)
		trace_stack(layout, symbols, reader, isa, context, &thread->backtrace);
	return true;
}

void threads_find(struct threads *threads, struct symbols *symbols, const struct guest_reader *reader,
		  const struct mips_isa *isa, uint32_t ram_size)
{
	struct layout layout;

	memset(threads, 0, sizeof(*threads));
	threads->problem = find_layout(symbols, &layout);
	if (threads->problem)
		return;
	threads->threads = calloc(MAX_THREADS, sizeof(*threads->threads));
	for (uint32_t at = KSEG0; threads->threads && at - KSEG0 < ram_size; at += 4) {
		uint32_t self;

		if (!reader->word(reader->context, at + layout.self.offset, &self) || self != at)
			continue;
		if (threads->count == MAX_THREADS)
			threads->more++;
		else
			threads->count +=
			    read_thread(&layout, symbols, reader, isa, at, &threads->threads[threads->count]);
	}
	if (threads->count == 0)
		threads->problem = "no thread was found in the kernel's memory";
}

void threads_free(struct threads *threads)
{
	free(threads->threads);
	threads->threads = NULL;
	threads->count = 0;
}
