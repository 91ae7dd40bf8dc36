#include "cli/confine.h"

#include <stdlib.h>

/* The sanitizers look at memory maps, start processes and stop threads when they have something to say. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#else
#define SANITIZED false
#endif

struct sandbox confine(const struct run_options *options, const struct vm *vm,
		       const struct debugger *debugger, struct streams *streams, bool drop_in)
{
	struct host_needs needs = {0};
	struct sandbox sandbox = {0};

	if (!options->sandbox) {
		streams_message(streams, "Sandbox: off (--no-sandbox)");
		return sandbox;
	}
	if (SANITIZED)
		return sandbox;
	char *reader = options_library_path(SYMBOLS_LIBRARY);
	host_needs_path(&needs, reader, HOST_READ);
	free(reader);
	vm_host_needs(vm, &needs);
	debugger_host_needs(debugger, &needs);
	sandbox = sandbox_enter(&needs);
	host_needs_free(&needs);
	if (sandbox.problem[0] && !drop_in)
		streams_message(streams, "Sandbox: incomplete, this kernel lacks %s", sandbox.problem);
	return sandbox;
}
