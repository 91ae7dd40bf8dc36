/* The techniques that `jit161 compare` runs a guest under: an engine, its tiers, and a policy for sensitive instructions. One
 * row of the table each; a new technique is a new row. */
#ifndef JIT161_STUDY_TECHNIQUE_H
#define JIT161_STUDY_TECHNIQUE_H

#include "jit/jit.h"
#include "runtime/vm/vm.h"

struct technique_kind {
	const char *name;  /* "tier1" */
	const char *title; /* what it is, for readers */
	enum vm_engine engine;
	enum jit_tiers tiers; /* with ENGINE_JIT */
	bool warm;	      /* regions are there from an earlier run, kept on disk */
};
/* Ends with a row without a name. */
extern const struct technique_kind technique_kinds[];

#define TECHNIQUE_NAME_SIZE 24
struct technique {
	const struct technique_kind *kind;
	enum sensitive_policy sensitive;
	char name[TECHNIQUE_NAME_SIZE]; /* "tier1", "tier1:trap" */
};

/* "KIND" or "KIND:POLICY"; policies are for what translates. False: there is none of that name. */
bool technique_parse(struct technique *technique, const char *text);

/* What runs if nobody chooses. */
#define TECHNIQUES_DEFAULT "reference,interp,tier1,tier2,both,warm,both:call,both:trap"

#endif
