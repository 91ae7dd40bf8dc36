/* What translated code depends on beside guest bytes and addresses, as far as it is the process's: the translator, which is
 * this program and the back end's shared object, by their build ids; and the host's processor. */
#ifndef JIT161_JIT_STORE_KEY_H
#define JIT161_JIT_STORE_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/core/error.h"

#define BUILD_ID_SIZE 20

struct build_id {
	uint8_t bytes[BUILD_ID_SIZE];
};

/* Of an ELF file. */
bool build_id_of_file(const char *path, struct build_id *id, struct error *error);
/* Of a loaded object, by an address in it. */
bool build_id_of_code(const void *address, struct build_id *id);

/* Of all that LLVM may look at when it chooses instructions: the processor's kind and features, and what of its state the
 * host's kernel saves. */
uint64_t host_processor_hash(void);

#endif
