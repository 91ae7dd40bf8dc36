/* Plugins of a run (--plugin): loaded before the guest starts, told of what it does by the plain interpreter. */
#ifndef JIT161_CLI_PLUGINS_H
#define JIT161_CLI_PLUGINS_H

#include "cli/options.h"
#include "cli/streams.h"
#include "plugins/plugin.h"
#include "runtime/cpu/observe.h"

struct plugins {
	struct observer observer;
	struct plugin_host {
		struct jit161_host host; /* the first field: what plugins hand back is this */
		struct streams *streams;
		struct mips_isa isa;
	} hosts[PLUGINS_MAX];
};

/* Loads all that the options name. They stay loaded; `plugins` must stay where it is. False: one could not be loaded, or does not want to
 * run; those before it have been ended. */
bool plugins_load(struct plugins *plugins, const struct run_options *options, struct streams *streams,
		  struct error *error);

#endif
