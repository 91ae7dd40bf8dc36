#include "cli/plugins.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/decode.h"

#define START "jit161_plugin_start"

typedef bool start_function(const struct jit161_host *host, struct jit161_plugin *plugin);

static void say(const struct jit161_host *host, const char *line)
{
	const struct plugin_host *own = (const struct plugin_host *)host;

	streams_message(own->streams, "%s", line);
}

static const char *mnemonic(const struct jit161_host *host, uint32_t word)
{
	const struct plugin_host *own = (const struct plugin_host *)host;
	const char *name = mips_op_info[mips_decode_op(&own->isa, word)].mnemonic;

	return name ? name : "?";
}

/* "FILE.so" or "FILE.so,ARGUMENTS". */
/* Loads the object and finds its entry. */
static start_function *open_object(const char *path, struct error *error)
{
	void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	start_function *start;

	if (!object) {
		error_set(error, "Cannot load the plugin %s: %s", path, dlerror());
		return NULL;
	}
	*(void **)&start = dlsym(object, START);
	if (!start) {
		error_set(error, "%s is no plugin: it has no " START, path);
		error_hint(error, "docs/plugins.md says how to make one.");
	}
	return start;
}

static bool load(struct plugins *plugins, const char *text, const struct run_options *options,
		 struct streams *streams, struct error *error)
{
	struct plugin_host *own = &plugins->hosts[plugins->observer.count];
	struct jit161_plugin *plugin = &plugins->observer.plugins[plugins->observer.count];
	const struct mips_isa *isa =
	    (options->malta ? cpu_model_mips32(options->board.cpu, true) : &cpu_model_mips161)->lift.isa;
	size_t length = strcspn(text, ",");
	char *name = strndup(text, length);

	if (!name)
		abort();
	/* dlopen looks for names without a slash elsewhere. */
	char *path = realpath(name, NULL);
	if (!path)
		error_set(error, "Cannot load the plugin %s: %s", name, strerror(errno));
	free(name);
	start_function *start = path ? open_object(path, error) : NULL;
	if (start) {
		*own = (struct plugin_host){
		    .host = {.version = JIT161_PLUGIN_VERSION,
			     .arguments = text[length] ? text + length + 1 : "",
			     .say = say,
			     .mnemonic = mnemonic},
		    .streams = streams,
		    .isa = *isa,
		};
		if (start(&own->host, plugin)) {
			plugins->observer.count++;
		} else {
			*plugin = (struct jit161_plugin){0};
			error_set(error, "The plugin %s does not want to run", path);
			start = NULL;
		}
	}
	free(path);
	return start;
}

bool plugins_load(struct plugins *plugins, const struct run_options *options, struct streams *streams,
		  struct error *error)
{
	for (unsigned i = 0; i < options->plugin_count; i++) {
		if (!load(plugins, options->plugins[i], options, streams, error)) {
			observe_finish(&plugins->observer);
			return false;
		}
	}
	return true;
}
