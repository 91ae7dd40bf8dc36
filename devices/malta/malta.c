#include "devices/malta/malta.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devices/malta/uart.h"
#include "runtime/core/field.h"
#include "runtime/core/digest.h"

#define ISA_BASE  0x18000000u /* PCI I/O window: port P is at ISA_BASE + P */
#define ISA_SIZE  0x00200000u
#define UART_PORT 0x3F8u
#define FPGA_BASE 0x1F000000u
#define FPGA_SIZE 0x00100000u

#define FPGA_STATUS	  0x208u
#define FPGA_LEDBAR	  0x408u
#define FPGA_SOFT_RESET	  0x500u
#define FPGA_BREAK_RESET  0x508u
#define STATUS_VALUE	  0x10u
#define STATUS_BIG_ENDIAN 0x02u
#define SOFT_RESET_MAGIC  0x42u
#define BREAK_RESET_VALUE 0x0Au
#define INPUT_DEVICE	  0 /* the UART's number in the input log */

struct malta_state {
	struct uart uart;
	uint32_t led_bar, break_reset;
};

struct malta {
	const struct machine_services *services;
	struct console_input *console;
	bool big_endian;
	struct malta_state state;
};

static const struct field fields[] = {
    FIELD(struct malta_state, uart.interrupt_enable), FIELD(struct malta_state, uart.line_control),
    FIELD(struct malta_state, uart.modem_control),    FIELD(struct malta_state, uart.scratch),
    FIELD(struct malta_state, uart.divisor_low),      FIELD(struct malta_state, uart.divisor_high),
    FIELD(struct malta_state, uart.fifo_enabled),     FIELD(struct malta_state, uart.transmitter_empty),
    FIELD(struct malta_state, uart.overrun),	      FIELD(struct malta_state, uart.received),
    FIELD_ARRAY(struct malta_state, uart.fifo),	      FIELD(struct malta_state, led_bar),
    FIELD(struct malta_state, break_reset),	      FIELD_END,
};

struct malta *malta_new(const struct machine_services *services, bool big_endian)
{
	struct malta *malta = calloc(1, sizeof(*malta));

	if (!malta)
		abort();
	malta->services = services;
	malta->big_endian = big_endian;
	uart_reset(&malta->state.uart);
	malta->state.break_reset = BREAK_RESET_VALUE;
	return malta;
}

void malta_free(struct malta *malta)
{
	free(malta);
}

void malta_set_console(struct malta *malta, struct console_input *console)
{
	malta->console = console;
}

static bool is_uart(uint32_t physical)
{
	return physical - (ISA_BASE + UART_PORT) < UART_REGISTERS;
}

static bool is_isa(uint32_t physical)
{
	return physical - ISA_BASE < ISA_SIZE;
}

static bool is_fpga(uint32_t physical)
{
	return physical - FPGA_BASE < FPGA_SIZE;
}

/* Ports are bytes: a wider access is one of several, in address order. */

static uint8_t load_port(struct malta *malta, uint32_t physical)
{
	return is_uart(physical) ? uart_read(&malta->state.uart, physical - (ISA_BASE + UART_PORT)) : 0xFF;
}

static void store_port(struct malta *malta, uint32_t physical, uint8_t value)
{
	const struct machine_services *services = malta->services;

	if (!is_uart(physical) || !uart_write(&malta->state.uart, physical - (ISA_BASE + UART_PORT), value))
		return;
	services->statistics->console_writes++;
	services->console_write(services->context, value);
}

/* Where byte `i` of `size` belongs in the value. */
static unsigned byte_shift(const struct malta *malta, unsigned i, unsigned size)
{
	return 8 * (malta->big_endian ? size - 1 - i : i);
}

static uint32_t load_fpga(const struct malta *malta, uint32_t offset)
{
	switch (offset) {
	case FPGA_STATUS:
		return STATUS_VALUE | (malta->big_endian ? STATUS_BIG_ENDIAN : 0);
	case FPGA_LEDBAR:
		return malta->state.led_bar;
	case FPGA_BREAK_RESET:
		return malta->state.break_reset;
	default:
		return 0;
	}
}

static void store_fpga(struct malta *malta, uint32_t offset, uint32_t value)
{
	switch (offset) {
	case FPGA_LEDBAR:
		malta->state.led_bar = value & 0xFF;
		break;
	case FPGA_BREAK_RESET:
		malta->state.break_reset = value & 0xFF;
		break;
	case FPGA_SOFT_RESET:
		if (value == SOFT_RESET_MAGIC)
			malta->services->power_off(malta->services->context);
		break;
	default:
		break;
	}
}

uint32_t malta_load(struct malta *malta, uint32_t physical, unsigned size)
{
	uint32_t value = 0;

	if (is_isa(physical)) {
		for (unsigned i = 0; i < size; i++)
			value |= (uint32_t)load_port(malta, physical + i) << byte_shift(malta, i, size);
		return value;
	}
	return is_fpga(physical) ? load_fpga(malta, physical - FPGA_BASE) : 0;
}

void malta_store(struct malta *malta, uint32_t physical, unsigned size, uint32_t value)
{
	if (is_isa(physical)) {
		for (unsigned i = 0; i < size; i++)
			store_port(malta, physical + i, (uint8_t)(value >> byte_shift(malta, i, size)));
	} else if (is_fpga(physical)) {
		store_fpga(malta, physical - FPGA_BASE, value);
	}
}

bool malta_load_is_quiet(const struct malta *malta, uint32_t physical, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		if (is_uart(physical + i) &&
		    !uart_read_is_quiet(&malta->state.uart, physical + i - (ISA_BASE + UART_PORT)))
			return false;
	return true;
}

bool malta_store_is_quiet(const struct malta *malta, uint32_t physical)
{
	(void)malta;
	return !is_fpga(physical); /* no line leads from the UART to the processor */
}

static void receive(struct malta *malta, uint8_t character)
{
	malta->services->statistics->console_reads++;
	uart_receive(&malta->state.uart, character);
}

/* False: nothing came at this time. */
static bool replay(struct malta *malta)
{
	struct input_gate *inputs = malta->services->inputs;
	uint64_t now = malta->services->events->now;
	struct input_record record;

	if (!input_log_read(inputs->log, inputs->position, &record) || record.kind != INPUT_CONSOLE ||
	    record.stamp > now)
		return false;
	if (record.stamp < now)
		inputs->diverged = true;
	if (!input_gate_replay(inputs, INPUT_CONSOLE, INPUT_DEVICE, &record))
		return false;
	if (record.size > 0)
		receive(malta, record.payload[0]);
	return true;
}

static bool read_console(struct malta *malta)
{
	const struct machine_services *services = malta->services;
	uint8_t character;

	if (!malta->console || !uart_has_room(&malta->state.uart) ||
	    console_input_read(malta->console, &character) != CONSOLE_CHARACTER)
		return false;
	input_gate_record(services->inputs, services->events->now, INPUT_CONSOLE, INPUT_DEVICE, &character,
			  1);
	receive(malta, character);
	return true;
}

void malta_poll(struct malta *malta)
{
	bool replays = malta->services->inputs->replay;

	while (replays ? replay(malta) : read_console(malta))
		;
}

bool malta_has_live_input(const struct malta *malta)
{
	return malta->console && !malta->services->inputs->replay && console_input_live(malta->console);
}

bool malta_wait_input(struct malta *malta, uint64_t timeout)
{
	return malta_has_live_input(malta) && console_input_wait(malta->console, timeout);
}

void *malta_snapshot(const struct malta *malta)
{
	struct malta_state *state = malloc(sizeof(*state));

	if (!state)
		abort();
	*state = malta->state;
	return state;
}

void malta_restore(struct malta *malta, const void *snapshot)
{
	malta->state = *(const struct malta_state *)snapshot;
}

bool malta_states_equal(const struct malta *a, const struct malta *b, char *where, size_t size)
{
	return fields_equal(fields, &a->state, &b->state, where, size);
}

uint64_t malta_states_digest(const struct malta *malta)
{
	return fields_digest(fields, &malta->state, DIGEST_START);
}

void malta_dump(const struct malta *malta)
{
	for (const struct field *field = fields; field->name; field++) {
		char line[160];
		int length = snprintf(line, sizeof(line), "%s:", field->name);

		for (size_t i = 0; i < field->count; i++) {
			uint32_t value = 0;

			memcpy(&value, (const char *)&malta->state + field->offset + i * field->size,
			       field->size < sizeof(value) ? field->size : sizeof(value));
			length += snprintf(line + length, sizeof(line) - (size_t)length, " 0x%x", value);
		}
		malta->services->message(malta->services->context, line);
	}
}
