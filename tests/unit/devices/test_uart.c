/* The 16550 on its own, and the board's addresses. Malta reference, sections 10 and 11. */
#include "fake_machine.h"

#include <stdlib.h>

#include "devices/malta/malta.h"
#include "devices/malta/uart.h"

#define DATA 0
#define IER  1
#define IIR  2
#define FCR  2
#define LCR  3
#define MCR  4
#define LSR  5
#define MSR  6
#define SCR  7

static struct uart fresh(void)
{
	struct uart uart;

	uart_reset(&uart);
	return uart;
}

static void reset_values(void **state)
{
	static const uint8_t values[UART_REGISTERS] = {0, 0, 1, 0, 8, 0x60, 0xB0, 0};
	struct uart uart = fresh();

	(void)state;
	for (unsigned i = 0; i < UART_REGISTERS; i++)
		assert_int_equal(uart_read(&uart, i), values[i]);
}

static void transmitting(void **state)
{
	struct uart uart = fresh();

	(void)state;
	assert_true(uart_write(&uart, DATA, 'a'));
	uart_write(&uart, LCR, 0x80);
	assert_false(uart_write(&uart, DATA, 0x34)); /* the divisor */
	uart_write(&uart, IER, 0x12);
	assert_int_equal(uart_read(&uart, DATA), 0x34);
	assert_int_equal(uart_read(&uart, IER), 0x12);
	uart_write(&uart, LCR, 3);
	assert_int_equal(uart_read(&uart, IER), 0);
	for (unsigned i = LSR; i <= MSR; i++)
		assert_false(uart_write(&uart, i, 0xFF));
	assert_int_equal(uart_read(&uart, LSR), 0x60);

	/* The transmitter's interrupt: pending once enabled, taken back by reading IIR, again after a character. */
	uart_write(&uart, IER, 0xF2);
	assert_int_equal(uart_read(&uart, IER), 2);
	assert_int_equal(uart_read(&uart, IIR), 2);
	assert_int_equal(uart_read(&uart, IIR), 1);
	uart_write(&uart, DATA, 'b');
	assert_int_equal(uart_read(&uart, IIR), 2);
}

static void receiving(void **state)
{
	struct uart uart = fresh();

	(void)state;
	assert_true(uart_has_room(&uart));
	assert_true(uart_read_is_quiet(&uart, LSR));
	assert_false(uart_read_is_quiet(&uart, DATA));
	assert_false(uart_read_is_quiet(&uart, IIR));
	uart_receive(&uart, 'x');
	assert_false(uart_has_room(&uart)); /* without FIFO */
	uart_write(&uart, IER, 3);
	assert_int_equal(uart_read(&uart, IIR), 4);
	uart_receive(&uart, 'y'); /* lost */
	assert_false(uart_read_is_quiet(&uart, LSR));
	assert_int_equal(uart_read(&uart, LSR), 0x63);
	assert_int_equal(uart_read(&uart, LSR), 0x61);
	assert_int_equal(uart_read(&uart, DATA), 'x');
	assert_int_equal(uart_read(&uart, LSR), 0x60);

	uart_write(&uart, FCR, 1);
	assert_int_equal(uart_read(&uart, IIR) & 0xC0, 0xC0);
	for (unsigned i = 0; i < 20; i++)
		uart_receive(&uart, (uint8_t)i);
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(uart_read(&uart, DATA), i);
	assert_int_equal(uart_read(&uart, LSR), 0x62);
	uart_receive(&uart, 'z');
	uart_write(&uart, FCR, 3);
	assert_int_equal(uart_read(&uart, LSR), 0x60);
}

static void loopback(void **state)
{
	struct uart uart = fresh();

	(void)state;
	uart_write(&uart, FCR, 1);
	uart_write(&uart, MCR, 0xF0);
	assert_int_equal(uart_read(&uart, MCR), 0x10);
	assert_false(uart_has_room(&uart));
	assert_false(uart_write(&uart, DATA, 'q'));
	assert_int_equal(uart_read(&uart, DATA), 'q');
	for (unsigned out = 0; out < 16; out++) {
		uart_write(&uart, MCR, (uint8_t)(0x10 | out));
		assert_int_equal(uart_read(&uart, MSR), (out & 1 ? 0x20 : 0) | (out & 2 ? 0x10 : 0) |
							    (out & 4 ? 0x40 : 0) | (out & 8 ? 0x80 : 0));
	}
}

static void board(void **state)
{
	(void)state;
	for (int big = 0; big <= 1; big++) {
		struct fake_machine *machine = machine_new();
		struct malta *malta = malta_new(&machine->services, big), *other;
		char where[256];
		void *snapshot;

		malta_store(malta, 0x180003F8, 1, 'M');
		malta_store(malta, 0x180003FF, 1, 0x5A);
		assert_int_equal(machine->console_length, 1);
		assert_int_equal(machine->console[0], 'M');
		assert_int_equal(malta_load(malta, 0x180003FE, 2), big ? 0xB05A : 0x5AB0);
		assert_int_equal(malta_load(malta, 0x180003FC, 4), big ? 0x0860B05A : 0x5AB06008);
		assert_int_equal(malta_load(malta, 0x18000021, 1), 0xFF); /* a port without device */
		assert_int_equal(malta_load(malta, 0x14000000, 4), 0);
		assert_int_equal(malta_load(malta, 0x1F000208, 4), big ? 0x12 : 0x10);
		assert_int_equal(malta_load(malta, 0x1F000508, 4), 0x0A);
		malta_store(malta, 0x1F000408, 4, 0x1A5);
		assert_int_equal(malta_load(malta, 0x1F000408, 4), 0xA5);
		assert_true(malta_load_is_quiet(malta, 0x180003FD, 1));
		assert_false(malta_load_is_quiet(malta, 0x180003F8, 1));
		assert_false(malta_load_is_quiet(malta, 0x180003F4, 4 + 4)); /* touches RBR */
		assert_true(malta_store_is_quiet(malta, 0x180003F8));
		assert_false(malta_store_is_quiet(malta, 0x1F000500));

		other = malta_new(&machine->services, big);
		assert_false(malta_states_equal(malta, other, where, sizeof(where)));
		snapshot = malta_snapshot(malta);
		malta_restore(other, snapshot);
		assert_true(malta_states_equal(malta, other, where, sizeof(where)));
		free(snapshot);

		malta_store(malta, 0x1F000500, 4, 0x41);
		assert_false(machine->powered_off);
		malta_store(malta, 0x1F000500, 4, 0x42);
		assert_true(machine->powered_off);
		malta_free(malta);
		malta_free(other);
		machine_free(machine);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reset_values), cmocka_unit_test(transmitting), cmocka_unit_test(receiving),
	    cmocka_unit_test(loopback),	    cmocka_unit_test(board),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
