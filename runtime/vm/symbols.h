/* What a kernel's file says about its code and data: symbols, source lines, layouts of structures, call frames. All of
 * it is optional; each function says no where the file does not tell. The file is not trusted to be sound. Used
 * when a machine has stopped, never while one runs. */
#ifndef JIT161_RUNTIME_VM_SYMBOLS_H
#define JIT161_RUNTIME_VM_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct symbols;

/* A place in the code. `function` is NULL where no symbol says, `file` where no line table does; both live as long as the
 * symbols. */
struct place {
	const char *function;
	uint32_t start; /* of the function */
	const char *file;
	int line;
};

/* Reads the ELF file on `fd`, which is duplicated, by the shared object at path `reader`. Never NULL; what cannot be read is
 * missing. */
struct symbols *symbols_open(const char *reader, int fd);
void symbols_close(struct symbols *symbols);

bool symbols_has_functions(const struct symbols *symbols);
bool symbols_has_debug(const struct symbols *symbols);

/* Where `pc` is. */
struct place symbols_place(struct symbols *symbols, uint32_t pc);
/* The same without file and line, which take longer. */
struct place symbols_function(const struct symbols *symbols, uint32_t pc);
/* Tells of each piece of code of which source line it is, in no order; one line may have many pieces. `file` is its path as
 * far as the line table has it, and lives as long as the symbols. */
typedef void symbols_line_function(void *context, uint32_t start, uint32_t end, const char *file, int line);
void symbols_lines(struct symbols *symbols, symbols_line_function *tell, void *context);
/* Whether it lies in the kernel's code, as far as the file's sections tell; true if they do not. */
bool symbols_is_code(const struct symbols *symbols, uint32_t pc);
/* The address of a global or file-local variable or function. */
bool symbols_address(const struct symbols *symbols, const char *name, uint32_t *address);

/* A member of a structure, "node.self" for one of a member that is a structure itself. */
struct member {
	uint32_t offset, size;
	bool is_array;
};
bool symbols_member(struct symbols *symbols, const char *structure, const char *path, struct member *member);
/* Tells of each member of a structure, in order; `name` lives as long as the symbols. */
typedef void symbols_member_function(void *context, const char *name, const struct member *member);
void symbols_members(struct symbols *symbols, const char *structure, symbols_member_function *tell,
		     void *context);
bool symbols_structure_size(struct symbols *symbols, const char *structure, uint32_t *size);
/* The name of a value of the enumeration that a member has; NULL if there is none. */
const char *symbols_enumerator(struct symbols *symbols, const char *structure, const char *member,
			       uint32_t value);

/* How to leave the frame of a function, from call frame information or from its code (prologue.h). */
enum frame_rule_kind {
	RULE_UNKNOWN, /* the caller's value is lost */
	RULE_SAME,    /* the register was not changed */
	RULE_MEMORY,  /* saved at base register + offset */
	RULE_VALUE,   /* it is base register + offset */
};
struct frame_rule {
	enum frame_rule_kind kind;
	unsigned base; /* register number */
	int32_t offset;
};
struct frame_rules {
	struct frame_rule registers[32]; /* of the caller */
	struct frame_rule pc;
	bool exception; /* the frame of an exception: `pc` is where it happened */
	/* What an exception frame says of the exception, where it is known. */
	struct frame_rule status, cause, bad_vaddr;
};
#define REGISTER_SP 29
#define REGISTER_FP 30
#define REGISTER_RA 31

/* Why there is nothing at all: the shared object could not be loaded. Else NULL. */
const char *symbols_problem(const struct symbols *symbols);

/* From call frame information. False: there is none, or in a form that kernels do not use. */
bool symbols_frame(struct symbols *symbols, uint32_t pc, struct frame_rules *rules);

/* --- what the shared object provides (symbols_file.c): the same functions --- */

struct symbols_file;
struct symbols_reader {
	struct symbols_file *(*open)(int fd);
	void (*close)(struct symbols_file *file);
	bool (*has_functions)(const struct symbols_file *file);
	bool (*has_debug)(const struct symbols_file *file);
	struct place (*place)(struct symbols_file *file, uint32_t pc);
	struct place (*function)(const struct symbols_file *file, uint32_t pc);
	void (*lines)(struct symbols_file *file, symbols_line_function *tell, void *context);
	bool (*is_code)(const struct symbols_file *file, uint32_t pc);
	bool (*address)(const struct symbols_file *file, const char *name, uint32_t *address);
	bool (*member)(struct symbols_file *file, const char *structure, const char *path,
		       struct member *member);
	void (*members)(struct symbols_file *file, const char *structure, symbols_member_function *tell,
			void *context);
	bool (*structure_size)(struct symbols_file *file, const char *structure, uint32_t *size);
	const char *(*enumerator)(struct symbols_file *file, const char *structure, const char *member,
				  uint32_t value);
	bool (*frame)(struct symbols_file *file, uint32_t pc, struct frame_rules *rules);
};
#define SYMBOLS_READER "jit161_symbols_reader"
const struct symbols_reader *jit161_symbols_reader(void);

#endif
