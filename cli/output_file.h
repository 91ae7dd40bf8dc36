/* A file that is written when the run ends but opened when it starts, before the sandbox puts folders out of reach. What it
 * held stays until then. */
#ifndef JIT161_CLI_OUTPUT_FILE_H
#define JIT161_CLI_OUTPUT_FILE_H

#include <stdbool.h>
#include <stdio.h>

#include "runtime/core/error.h"

struct output_file {
	const char *path; /* the caller's; NULL: not wanted */
	FILE *file;	  /* NULL: `problem` says why */
	int problem;	  /* errno */
};

/* "-" is standard output. False: it cannot be written. */
bool output_file_open(struct output_file *output, const char *path);
/* The empty file, or NULL with errno set. */
FILE *output_file_begin(struct output_file *output);
/* False: what was written did not get there, or there was no file; errno says why. */
bool output_file_end(struct output_file *output);

/* For what is written in one go: opens and empties the file. NULL if it cannot be written, which output_file_close reports. */
FILE *output_file_create(struct output_file *output, const char *path);
/* Ends it. False, with an error that names the option that gave the path, if what was written did not get there. */
bool output_file_close(struct output_file *output, const char *option, struct error *error);

#endif
