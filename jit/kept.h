/* Regions kept on disk: what a region looks like as a record (kept_record.c), and when records are looked for, used and made
 * (kept.c). */
#ifndef JIT161_JIT_KEPT_H
#define JIT161_JIT_KEPT_H

#include "jit/jit_internal.h"
#include "jit/store/key.h"
#include "jit/store/store.h"

/* Opens the store if the options name a directory. Never fails: without a store all is compiled. */
void kept_open(struct jit *jit);
void kept_close(struct jit *jit);
/* Gives an address the code of a kept region with the same bytes, if there is one. No translated code may be under way. */
bool kept_adopt(struct jit *jit, struct block_entry *entry);
/* Whether there is anything to look for. */
bool kept_any(const struct jit *jit);
/* A region that was compiled is to be kept. */
void kept_add(struct jit *jit, const struct region *region);
/* Writes down what is to be kept. */
void kept_write(struct jit *jit);
void kept_statistics(const struct jit *jit, struct jit_statistics *statistics);

/* A region that was asked for, but will not be compiled in this run, is to be kept as a request. */
void kept_add_request(struct jit *jit, const struct region *region);
/* The region that an earlier run asked for from here, to be compiled: if its bytes are those of the guest; else NULL. Cheap if
 * there is none. */
struct region *kept_request(struct jit *jit, const struct block_entry *entry);

/* --- kept_record.c --- */

enum record_kind {
	RECORD_REGION,
	RECORD_REQUEST
};

/* What a region, compiled or asked for, is found by. */
struct store_name record_name(const struct region *region, enum record_kind kind);
/* The record of a compiled region whose image is there, or of a request; from malloc. */
void *record_make(const struct region *region, enum record_kind kind, uint32_t *size);
/* The space of a record's name: of regions or requests, of kernel or user code. */
uint32_t record_space(bool user, enum record_kind kind);
/* The region of a record whose head is found at RAM offset `pa`: compiled, not yet installed; of a request as region_discover
 * would have made it. NULL if the record makes no sense. */
struct region *record_region(const void *bytes, uint32_t size, enum record_kind kind, struct ir_mode mode,
			     uint32_t pa, uint32_t ram_size);

#endif
