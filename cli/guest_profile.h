/* A profile of the guest by function and call path, sampled by its own time: at certain executed cycles. So it depends
 * on the guest alone, not on engine or host. */
#ifndef JIT161_CLI_GUEST_PROFILE_H
#define JIT161_CLI_GUEST_PROFILE_H

#include "cli/output_file.h"
#include "runtime/vm/vm.h"

struct guest_profile;

/* `kernel`: its file, open for reading, or -1; `reader`: path of libjit161-symbols.so. */
struct guest_profile *guest_profile_new(int kernel, const char *reader);
void guest_profile_free(struct guest_profile *profile);

/* As vm_run without a limit, with samples on the way. */
enum vm_state guest_profile_run(struct guest_profile *profile, struct vm *vm);

/* Folded stacks, "caller;function count" a line and sorted; or, if the path ends in ".svg", a flame graph. */
bool guest_profile_write(struct guest_profile *profile, struct output_file *output, struct error *error);

#endif
