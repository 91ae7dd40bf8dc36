/* Bugs planted on purpose, to measure how soon the tests find them: one of planted.def, named by the environment
 * variable JIT161_PLANTED_BUG; the stencils of the first tier, which are made at build time, have the one named by the
 * option JIT161_PLANTED_STENCILS. Only in builds with the option JIT161_PLANT_BUGS; in all others `planted` is false, and
 * the compiler drops what depends on it. */
#ifndef JIT161_RUNTIME_CORE_PLANTED_H
#define JIT161_RUNTIME_CORE_PLANTED_H

#include <stdbool.h>

enum planted_bug {
#define PLANTED(name, what) BUG_##name,
#include "runtime/core/planted.def"
#undef PLANTED
	PLANTED_BUGS
};

#ifdef JIT161_PLANT_BUGS
bool planted(enum planted_bug bug);
#else
#define planted(bug) false
#endif

#endif
