/* A part of the host's file system for a guest: files and directories beneath one root directory, by handle.
 * Names cannot leave the root: absolute names, "..", and symbolic links that would are refused by the kernel
 * (openat2, RESOLVE_BENEATH). Only regular files and directories can be opened.
 *
 * Functions return 0 or an errno value; names that leave the root give EXDEV. The caller guarantees that a
 * handle passed in is below `handles`; one that is not open gives EBADF. */
#ifndef JIT161_DEVICES_HOST_FILE_TREE_H
#define JIT161_DEVICES_HOST_FILE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/core/error.h"

#define FILE_TREE_FULL (-1) /* no handle is free */

struct file_tree;

enum file_tree_mode {
	FILE_TREE_OPEN,
	FILE_TREE_CREATE,    /* create a file that is missing */
	FILE_TREE_EXCLUSIVE, /* create a file; an existing one is an error unless it is open already */
};

/* Opens the root as handle 0. `label` starts the error message. */
struct file_tree *file_tree_open(const char *label, const char *path, unsigned handles, struct error *error);
void file_tree_free(struct file_tree *tree);
/* Its files are opened when the guest asks for them. */
struct host_needs;
void file_tree_host_needs(const struct file_tree *tree, struct host_needs *needs);

/* Opens `name`, relative to the directory behind `directory`. An object that is open already keeps its
 * handle; otherwise it gets the lowest free one. */
int file_tree_lookup(struct file_tree *tree, unsigned directory, const char *name, enum file_tree_mode mode,
		     unsigned *handle, bool *is_directory);
int file_tree_close(struct file_tree *tree, unsigned handle);
int file_tree_read(struct file_tree *tree, unsigned handle, uint32_t offset, void *buffer, size_t size,
		   size_t *done);
int file_tree_write(struct file_tree *tree, unsigned handle, uint32_t offset, const void *buffer, size_t size,
		    size_t *done);
int file_tree_size(struct file_tree *tree, unsigned handle, uint64_t *size);
int file_tree_truncate(struct file_tree *tree, unsigned handle, uint32_t size);
/* The name of entry number `index` of a directory, in the host's order, cut to `size`. */
int file_tree_entry(struct file_tree *tree, unsigned handle, uint32_t index, void *name, size_t size,
		    size_t *length, bool *found);

#endif
