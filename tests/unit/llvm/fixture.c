#include "tests/unit/llvm/fixture.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

static struct fixture *record(struct cpu *cpu, unsigned kind, uint32_t va, int64_t budget)
{
	struct fixture *fixture = cpu->machine;

	fixture->calls++;
	fixture->kind = kind;
	fixture->va = va;
	fixture->budget = budget;
	fixture->seen_lookup_va = cpu->lookup_va;
	if (fixture->new_lookup_va)
		cpu->lookup_va = fixture->new_lookup_va;
	if (fixture->spoil)
		__asm__ volatile("mov $-1, %%rax; mov %%rax, %%rcx; mov %%rax, %%rdx; mov %%rax, %%rsi;"
				 "mov %%rax, %%rdi; mov %%rax, %%r8; mov %%rax, %%r9; mov %%rax, %%r10;"
				 "mov %%rax, %%r11"
				 :
				 :
				 : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11");
	return fixture;
}

static uint32_t answer(const struct fixture *fixture)
{
	return fixture->only == HELPER_NONE || fixture->only == fixture->kind ? fixture->status : HELPER_DONE;
}

static uint64_t helper_load(struct cpu *cpu, uint32_t va, uint32_t access, int64_t budget)
{
	struct fixture *fixture = record(cpu, HELPER_LOAD, va, budget);

	fixture->access = access;
	return (uint64_t)answer(fixture) << 32 | fixture->result;
}

static uint32_t helper_store(struct cpu *cpu, uint32_t va, uint32_t value, uint32_t access, int64_t budget)
{
	struct fixture *fixture = record(cpu, HELPER_STORE, va, budget);

	fixture->access = access;
	fixture->value = value;
	return answer(fixture);
}

static uint32_t helper_probe(struct cpu *cpu, uint32_t va, uint32_t access, int64_t budget)
{
	(void)access;
	return answer(record(cpu, HELPER_PROBE, va, budget));
}

static uint64_t call(struct cpu *cpu, unsigned number, uint32_t immediate, uint32_t a, uint32_t b,
		     int64_t budget)
{
	struct fixture *fixture = record(cpu, HELPER_CALL + number, a, budget);

	fixture->immediate = immediate;
	fixture->value = b;
	return (uint64_t)answer(fixture) << 32 | fixture->result;
}

#define IR_HELPER(name, text, operands, result, description)                                                 \
	static uint64_t call_##name(struct cpu *cpu, uint32_t immediate, uint32_t a, uint32_t b,             \
				    int64_t budget)                                                          \
	{                                                                                                    \
		return call(cpu, IR_HELPER_##name, immediate, a, b, budget);                                 \
	}
#include "ir/helper.def"
#undef IR_HELPER

static const struct translated_code_helpers helpers = {
    .load = helper_load,
    .store = helper_store,
    .probe = helper_probe,
    .call =
	{
#define IR_HELPER(name, text, operands, result, description) call_##name,
#include "ir/helper.def"
#undef IR_HELPER
	},
};

int fixture_setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	size_t mapped = RAM_SIZE + PAGE_SIZE + (RAM_SIZE >> CODE_GRANULE_SHIFT);
	const struct backend_interface *(*backend)(void);
	struct backend_options options;
	struct error error;
	void *library;

	assert_non_null(fixture);
	library = dlopen(BACKEND_PATH, RTLD_NOW | RTLD_LOCAL);
	if (!library)
		fail_msg("%s", dlerror());
	backend = (const struct backend_interface *(*)(void))dlsym(library, BACKEND_SYMBOL);
	assert_non_null(backend);
	fixture->interface = backend();
	assert_int_equal(fixture->interface->version, BACKEND_VERSION);

	fixture->memory = (struct memory){
	    .ram_size = RAM_SIZE, .code_map_offset = RAM_SIZE + PAGE_SIZE, .mapped_size = mapped};
	/* Exactly as large as it is, so that an access beyond it faults. */
	fixture->memory.ram = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(fixture->memory.ram != MAP_FAILED);
	fixture->cpu = calloc(1, sizeof(*fixture->cpu));
	assert_non_null(fixture->cpu);

	assert_true(code_memory_init(&fixture->code, CODE_SIZE, SLOT_COUNT * sizeof(void *), false, &error));
	assert_true(common_code_install(&fixture->common, &fixture->code, &error));
	fixture->slots = code_memory_table(&fixture->code, SLOT_COUNT * sizeof(void *));
	assert_non_null(fixture->slots);
	options = (struct backend_options){RAM_SIZE, fixture->memory.code_map_offset};
	fixture->backend = fixture->interface->create(&options, &error);
	assert_non_null(fixture->backend);
	fixture->thread = fixture->interface->thread_create(fixture->backend, &error);
	if (!fixture->thread)
		fail_msg("%s", error.text);
	fixture_reset(fixture);
	*state = fixture;
	return 0;
}

int fixture_teardown(void **state)
{
	struct fixture *fixture = *state;

	fixture->interface->thread_destroy(fixture->thread);
	fixture->interface->destroy(fixture->backend);
	code_memory_free(&fixture->code);
	munmap(fixture->memory.ram, fixture->memory.mapped_size);
	free(fixture->cpu);
	free(fixture);
	return 0;
}

void fixture_reset(struct fixture *fixture)
{
	struct cpu *cpu = fixture->cpu;

	memset(cpu, 0, sizeof(*cpu));
	cpu->memory = &fixture->memory;
	cpu->machine = fixture;
	cpu->helpers = &helpers;
	for (unsigned table = 0; table < SOFT_TLB_TABLES; table++)
		for (unsigned i = 0; i < SOFT_TLB_SIZE; i++)
			cpu->soft_tlb[table][i] =
			    (struct soft_tlb_entry){SOFT_TLB_NO_TAG, SOFT_TLB_NO_TAG, 0};
	for (unsigned user = 0; user < 2; user++) {
		for (unsigned i = 0; i < JUMP_CACHE_SIZE; i++)
			cpu->jump_cache[user][i].va = JUMP_CACHE_EMPTY;
	}
	for (unsigned i = 0; i < SLOT_COUNT; i++)
		fixture->slots[i] = (void *)(uintptr_t)fixture->common.address[STENCIL_STUB];
	fixture->status = HELPER_DONE;
	fixture->only = HELPER_NONE;
	fixture->result = 0;
	fixture->calls = 0;
	fixture->kind = HELPER_NONE;
	fixture->spoil = true;
	fixture->new_lookup_va = 0;
	memset(fixture->memory.ram, 0, fixture->memory.mapped_size);
}

static uint8_t *install(struct fixture *fixture, const struct code_image *image, uint32_t first_slot,
			struct code_run *run)
{
	struct image_places places = {fixture->common.thunk_table, fixture->slots, first_slot};

	return code_image_install(image, &fixture->code, &places, run);
}

bool fixture_compile_region(struct fixture *fixture, struct backend_thread *thread,
			    const struct ir_region *ir, const void **entries, struct code_run *run,
			    struct backend_text *text, struct error *error)
{
	uint32_t offsets[64];
	struct backend_region region = {.ir = ir, .entries = offsets};
	struct code_run own;
	uint8_t *code;

	assert_true(ir->count <= 64);
	if (!fixture->interface->compile(thread, &region, 1, text, error))
		return false;
	code = install(fixture, &region.image, FIRST_SLOT, run ? run : &own);
	assert_true(code_image_sound(&region.image));
	code_image_free(&region.image);
	if (!code)
		return error_set(error, "code memory is full");
	for (unsigned i = 0; i < ir->count; i++)
		entries[i] =
		    offsets[i] == NO_ENTRY ? NULL : code_memory_executable(&fixture->code, code + offsets[i]);
	return true;
}

const void *fixture_install(struct fixture *fixture, struct code_image *image, uint32_t offset,
			    uint32_t first_slot)
{
	struct code_run run;
	uint8_t *code = install(fixture, image, first_slot, &run);

	assert_non_null(code);
	code_image_free(image);
	return code_memory_executable(&fixture->code, code + offset);
}

const void *fixture_compile(struct fixture *fixture, const char *text, uint32_t va)
{
	struct ir_region ir;
	const void *entries[64], *code = NULL;
	struct error error;

	if (!ir_parse(text, &ir, &error) || !ir_verify(&ir, &error))
		fail_msg("%s", error.text);
	if (!fixture_compile_region(fixture, fixture->thread, &ir, entries, NULL, NULL, &error))
		fail_msg("%s", error.text);
	for (unsigned i = 0; i < ir.count; i++) {
		assert_true((entries[i] != NULL) == ir.blocks[i].entry);
		if (ir.blocks[i].va == va)
			code = entries[i];
	}
	assert_non_null(code);
	ir_region_free(&ir);
	return code;
}

void fixture_run(struct fixture *fixture, const void *code, int64_t budget)
{
	fixture->cpu->exit_reason = EXIT_REASON_COUNT;
	fixture->cpu->pc = 0xDEADBEEF;
	fixture->common.enter(fixture->cpu, fixture->memory.ram, budget, code);
}

void fixture_expect_exit(const struct fixture *fixture, enum exit_reason reason, uint32_t pc, int64_t budget)
{
	assert_int_equal(fixture->cpu->exit_reason, reason);
	assert_int_equal(fixture->cpu->pc, pc);
	assert_int_equal(fixture->cpu->budget, budget);
}

void fixture_expect_slot(const struct fixture *fixture, uint32_t slot, int64_t budget)
{
	assert_int_equal(fixture->cpu->exit_reason, EXIT_SLOT);
	assert_int_equal(fixture->cpu->exit_slot, slot);
	assert_int_equal(fixture->cpu->budget, budget);
}
