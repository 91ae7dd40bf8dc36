/* Files of the host that a machine opens while it runs, as opposed to those it has open from the start. Each part adds its
 * own; the sandbox (runtime/vm/sandbox.h) lets the process reach nothing else. */
#ifndef JIT161_RUNTIME_CORE_HOST_NEEDS_H
#define JIT161_RUNTIME_CORE_HOST_NEEDS_H

enum host_right {
	HOST_READ = 1 << 0,   /* read files, list folders */
	HOST_WRITE = 1 << 1,  /* write, cut and make files */
	HOST_REMOVE = 1 << 2, /* remove and rename files */
};

struct host_need {
	char *path;	/* NULL: see `descriptor` */
	int descriptor; /* of an open folder; the adder's, who must keep it open until the sandbox is entered */
	unsigned rights; /* enum host_right */
};

struct host_needs {
	struct host_need *items;
	unsigned count, room;
};

/* A file, or a folder with all that is in it. What does not exist when the sandbox is entered stays out of reach. */
void host_needs_path(struct host_needs *needs, const char *path, unsigned rights);
/* An open folder. */
void host_needs_folder(struct host_needs *needs, int descriptor, unsigned rights);
void host_needs_free(struct host_needs *needs);

#endif
