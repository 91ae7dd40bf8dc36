// Prints the coverage table, and compares its empty cells with their explanations.
#include <stdlib.h>
#include <string.h>

#include "frontend/encode.h"
#include "tests/differential/coverage_internal.h"

static const char place_letters[] = "fmltne";
static const char *const place_names[] = {"first", "middle", "last", "taken", "not-taken", "page-end"};
static const char *const exit_names[] = {"next", "taken", "not",  "stall", "intr", "fetch", "mod", "tlbl",
					 "tlbs", "adel",  "ades", "ibe",   "dbe",  "sys",   "bp",  "ri",
					 "cpu",	 "ov",	  "tr",	  "end",   "code", "near",  "dev", "waits"};
_Static_assert(sizeof(exit_names) / sizeof(exit_names[0]) == EXIT_COUNT, "each exit has its name");

static bool is_op(const struct coverage *coverage, enum mips_op op)
{
	bool exists = op < MIPS_OP_RESERVED && mips_encoding_for(coverage->target->isa, op);

	return (exists && !(mips_op_info[op].flags & MIPS_FLAG_COP1)) || op == MIPS_OP_RESERVED ||
	       op == MIPS_OP_COP_UNUSABLE || op == MIPS_OP_COP0_RESERVED;
}

// Whether an exit is one that the instruction table allows the operation.
static bool is_possible(const struct coverage *coverage, enum mips_op op, enum place place, enum exit exit)
{
	const struct op_info *info = &mips_op_info[op];
	bool mips32 = coverage->target->cpu;
	bool memory = info->flags & (MIPS_FLAG_LOAD | MIPS_FLAG_STORE);
	bool store = info->flags & MIPS_FLAG_STORE;
	bool jumps = info->flags & MIPS_FLAG_DELAY;
	bool fetches = jumps && !mips32; // looks its target up
	bool never_done = op == MIPS_OP_RESERVED || op == MIPS_OP_COP_UNUSABLE ||
			  op == MIPS_OP_COP0_RESERVED || op == MIPS_OP_SYSCALL || op == MIPS_OP_BREAK ||
			  op == MIPS_OP_SDBBP || op == MIPS_OP_DERET;

	if (jumps && place == PLACE_MIDDLE)
		return false;
	// MIPS32 leaves branches in delay slots open: ours trap.
	if (mips32 && jumps && (place == PLACE_TAKEN || place == PLACE_NOT_TAKEN))
		return exit == EXIT_RESERVED || exit == EXIT_INTERRUPT;
	switch (exit) {
	case EXIT_NEXT:
		return !jumps && !never_done;
	case EXIT_TAKEN:
		return jumps;
	case EXIT_NOT:
		return info->flags & MIPS_FLAG_BRANCH;
	case EXIT_STALL:
		return !mips32 && ((info->reads | info->writes) & (MIPS_REG_HI | MIPS_REG_LO));
	case EXIT_INTERRUPT:
		return true;
	case EXIT_FETCH:
		return !mips32;
	case EXIT_MOD:
		return info->traps & MIPS_TRAP_MOD;
	case EXIT_TLBL:
	case EXIT_ADEL:
		if (mips32 && (op == MIPS_OP_CACHE || op == MIPS_OP_SYNCI))
			return false; // there are no caches, so their addresses do not matter
		return fetches || (info->traps & (exit == EXIT_TLBL ? MIPS_TRAP_TLBL : MIPS_TRAP_ADEL));
	case EXIT_TLBS:
		return info->traps & MIPS_TRAP_TLBS;
	case EXIT_ADES:
		return info->traps & MIPS_TRAP_ADES;
	case EXIT_IBE:
		return fetches;
	case EXIT_DBE:
		return !mips32 && (info->traps & MIPS_TRAP_DBE);
	case EXIT_SYSCALL:
		return info->traps & MIPS_TRAP_SYS;
	case EXIT_BREAK:
		return info->traps & MIPS_TRAP_BP;
	case EXIT_RESERVED: // all registers of coprocessor 0 can be read and written on MIPS32
		return (info->traps & MIPS_TRAP_RI) &&
		       !(mips32 && (op == MIPS_OP_MFC0 || op == MIPS_OP_MTC0));
	case EXIT_COPROCESSOR:
		return info->traps & MIPS_TRAP_CPU;
	case EXIT_OVERFLOW:
		return info->traps & MIPS_TRAP_OV;
	case EXIT_TRAP:
		return info->traps & MIPS_TRAP_TR;
	case EXIT_RUN_END:
		return !never_done;
	case EXIT_CODE:
	case EXIT_NEAR:
		return store;
	case EXIT_DEVICE:
		return memory;
	case EXIT_WAITS:
		return op == MIPS_OP_WAIT;
	default:
		return false;
	}
}

void coverage_print(const struct coverage *coverage, FILE *file)
{
	fprintf(file, "%llu instructions of programs. Places: ", (unsigned long long)coverage->instructions);
	for (unsigned place = 0; place < PLACE_COUNT; place++)
		fprintf(file, "%c %s%s", place_letters[place], place_names[place],
			place + 1 < PLACE_COUNT ? ", " : "; a dot: never seen\n");
	fprintf(file, "%-14s", "");
	for (unsigned exit = 0; exit < EXIT_COUNT; exit++)
		fprintf(file, " %-6s", exit_names[exit]);
	fprintf(file, "\n");
	for (unsigned op = 0; op < MIPS_OP_COUNT; op++) {
		if (!is_op(coverage, op))
			continue;
		fprintf(file, "%-14s", mips_op_info[op].name);
		for (unsigned exit = 0; exit < EXIT_COUNT; exit++) {
			char cell[PLACE_COUNT + 1] = "      ";

			for (unsigned place = 0; place < PLACE_COUNT; place++) {
				if (coverage->counts[op][place][exit])
					cell[place] = place_letters[place];
				else if (is_possible(coverage, op, place, exit))
					cell[place] = '.';
			}
			fprintf(file, " %s", cell);
		}
		fprintf(file, "\n");
	}
}

// --- Explanations ---

struct explanation {
	char op[24], place[24], exit[24];
	bool used;
	unsigned line;
};

static bool word_matches(const char *pattern, const char *name)
{
	return strcmp(pattern, "*") == 0 || strcmp(pattern, name) == 0;
}

// @seldom are those that programs have few of.
static bool op_matches(const char *pattern, enum mips_op op)
{
	const struct op_info *info = &mips_op_info[op];

	if (strcmp(pattern, "@delay") == 0)
		return info->flags & MIPS_FLAG_DELAY;
	if (strcmp(pattern, "@memory") == 0)
		return info->flags & (MIPS_FLAG_LOAD | MIPS_FLAG_STORE);
	if (strcmp(pattern, "@seldom") == 0)
		return (info->flags & MIPS_FLAG_COP0) ||
		       (info->traps &
			(MIPS_TRAP_RI | MIPS_TRAP_CPU | MIPS_TRAP_SYS | MIPS_TRAP_BP | MIPS_TRAP_TR));
	return word_matches(pattern, info->name);
}

static unsigned read_explanations(FILE *file, struct explanation *list, unsigned most)
{
	char line[256];
	unsigned count = 0;

	for (unsigned number = 1; fgets(line, sizeof(line), file); number++) {
		struct explanation *explanation = &list[count];

		if (line[0] == '#' || line[0] == '\n' || count == most)
			continue;
		if (sscanf(line, "%23s %23s %23s", explanation->op, explanation->place, explanation->exit) ==
		    3) {
			explanation->line = number;
			explanation->used = false;
			count++;
		}
	}
	return count;
}

unsigned coverage_check(const struct coverage *coverage, FILE *explained, FILE *file)
{
	static struct explanation list[512];
	unsigned count = explained ? read_explanations(explained, list, 512) : 0, bad = 0, cells = 0;

	for (unsigned op = 0; op < MIPS_OP_COUNT; op++) {
		for (unsigned exit = 0; exit < EXIT_COUNT; exit++) {
			for (unsigned place = 0; place < PLACE_COUNT; place++) {
				bool found = false;

				if (!is_op(coverage, op) || !is_possible(coverage, op, place, exit))
					continue;
				cells++;
				if (coverage->counts[op][place][exit])
					continue;
				for (unsigned i = 0; i < count; i++) {
					if (!op_matches(list[i].op, op) ||
					    !word_matches(list[i].place, place_names[place]) ||
					    !word_matches(list[i].exit, exit_names[exit]))
						continue;
					found = list[i].used = true;
				}
				if (found)
					continue;
				fprintf(file, "empty: %s %s %s\n", mips_op_info[op].name, place_names[place],
					exit_names[exit]);
				bad++;
			}
		}
	}
	for (unsigned i = 0; i < count; i++) {
		if (list[i].used)
			continue;
		fprintf(file, "line %u explains nothing: %s %s %s\n", list[i].line, list[i].op, list[i].place,
			list[i].exit);
		bad++;
	}
	fprintf(file, "%u cells, %u to explain\n", cells, bad);
	return bad;
}
