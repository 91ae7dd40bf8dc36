#include "cli/output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool output_file_open(struct output_file *output, const char *path)
{
	int descriptor;

	*output = (struct output_file){.path = path};
	if (strcmp(path, "-") == 0) {
		output->file = stdout;
		return true;
	}
	descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, 0666);
	output->file = descriptor < 0 ? NULL : fdopen(descriptor, "w");
	output->problem = errno;
	return output->file != NULL;
}

FILE *output_file_begin(struct output_file *output)
{
	struct stat status;

	if (!output->file) {
		errno = output->problem;
		return NULL;
	}
	if (output->file != stdout && fstat(fileno(output->file), &status) == 0 && S_ISREG(status.st_mode) &&
	    ftruncate(fileno(output->file), 0) < 0)
		return NULL;
	return output->file;
}

bool output_file_end(struct output_file *output)
{
	FILE *file = output->file;

	if (!file) {
		errno = output->problem;
		return false;
	}
	output->file = NULL;
	output->problem = EBADF;
	if (file == stdout)
		return fflush(file) == 0 && !ferror(file);
	bool failed = ferror(file);
	return fclose(file) == 0 && !failed;
}

FILE *output_file_create(struct output_file *output, const char *path)
{
	return output_file_open(output, path) ? output_file_begin(output) : NULL;
}

bool output_file_close(struct output_file *output, const char *option, struct error *error)
{
	if (output_file_end(output))
		return true;
	error_set(error, "Cannot write %s: %s", output->path, strerror(errno));
	return error_hint(error, "Give --%s a path in a folder that can be written.", option);
}
