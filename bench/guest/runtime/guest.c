#include "bench/guest/runtime/guest.h"

#include "bench/guest/runtime/run.h"

static void install(uint32_t address, const uint32_t *code, const uint32_t *end)
{
	volatile uint32_t *to = (volatile uint32_t *)(uintptr_t)address;

	for (const uint32_t *from = code; from < end; from++)
		to[from - code] = *from;
	code_changed((void *)(uintptr_t)address, (size_t)(end - code) * 4);
}

void install_vectors(void)
{
	install(VECTOR_REFILL, refill_code, refill_code_end);
	install(VECTOR_GENERAL, general_code, general_code_end);
}

void unexpected_exception(const struct frame *frame)
{
	print(bench_name);
	print(": exception ");
	print_number(frame->cause >> 2 & 31);
	print(" at ");
	print_hexadecimal(frame->epc);
	print(", address ");
	print_hexadecimal(frame->bad_vaddr);
	print("\n");
	power_off();
}
