/* Start, end, and messages of the kernel. */
#include "tests/guest/kernel/kernel.h"

#include "tests/guest/common/format.h"
#include "tests/guest/common/string.h"

static char boot_argument[ARGUMENT_MAX];

void kernel_main(const char *argument)
{
	/* The loader left it in memory that is about to be handed out. */
	for (size_t i = 0; i < sizeof(boot_argument) - 1 && argument[i] != '\0'; i++)
		boot_argument[i] = argument[i];

	console_start();
	bus_start();
	disk_start();
	vm_start();
	channel_start();
	print("kernel: %u KiB of memory, %u programs, disk of %u sectors\n", bus_ram_size() / 1024,
	      program_count, disk_sectors());
	process_start(boot_argument);
}

void print(const char *pattern, ...)
{
	char line[160];
	va_list arguments;

	va_start(arguments, pattern);
	console_write(line, format(line, sizeof(line), pattern, arguments));
	va_end(arguments);
}

void panic(const char *pattern, ...)
{
	char line[160];
	va_list arguments;

	interrupts_off();
	va_start(arguments, pattern);
	console_write_polled("panic: ", 7);
	console_write_polled(line, format(line, sizeof(line), pattern, arguments));
	console_write_polled("\n", 1);
	va_end(arguments);
	trace_stop();
	power_off();
}

/* After the first process has ended. */
void shut_down(int status)
{
	print("figures: %u switches, %u faults, %u zeroed, %u loaded, %u copied\n", switches,
	      vm_figures.faults, vm_figures.zeroed, vm_figures.loaded, vm_figures.copied);
	print("figures: %u pages out, %u in, %u dropped, %u refused, %u frames free\n",
	      vm_figures.swapped_out, vm_figures.swapped_in, vm_figures.dropped, vm_figures.refused,
	      vm_free_frames());
	print("kernel: init ended with status %d; power off\n", status);
	console_drain();
	power_off();
}
