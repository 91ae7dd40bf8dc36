/* A program alone on the machine, in kseg0, without the TLB. */
#include "bench/guest/runtime/guest.h"
#include "bench/guest/runtime/run.h"

void guest_main(uint32_t a0, uint32_t a1)
{
	install_vectors();
	bench_program(argument_amount(boot_argument(a0, a1)));
	power_off();
}

void trap(struct frame *frame)
{
	unexpected_exception(frame);
}
