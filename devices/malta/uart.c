#include "devices/malta/uart.h"

#include <string.h>

/* Registers by number; DLL and DLM take the place of the first two while LCR.DLAB is set. */
enum {
	REG_DATA = 0, /* RBR, THR */
	REG_IER = 1,
	REG_IIR = 2, /* FCR when written */
	REG_LCR = 3,
	REG_MCR = 4,
	REG_LSR = 5,
	REG_MSR = 6,
	REG_SCR = 7,
};

#define IER_RECEIVED	0x01u
#define IER_TRANSMITTER 0x02u
#define IER_WRITABLE	0x0Fu
#define IIR_NONE	0x01u
#define IIR_TRANSMITTER 0x02u
#define IIR_RECEIVED	0x04u
#define IIR_FIFO	0xC0u
#define FCR_ENABLE	0x01u
#define FCR_CLEAR	0x02u
#define LCR_DLAB	0x80u
#define MCR_LOOPBACK	0x10u
#define MCR_WRITABLE	0x1Fu
#define MCR_RESET	0x08u /* OUT2: as QEMU's */
#define LSR_READY	0x01u
#define LSR_OVERRUN	0x02u
#define LSR_EMPTY	0x60u /* holding register and transmitter */
#define MSR_CONNECTED	0xB0u /* DCD, DSR, CTS */

void uart_reset(struct uart *uart)
{
	memset(uart, 0, sizeof(*uart));
	uart->modem_control = MCR_RESET;
}

static bool divisor_selected(const struct uart *uart)
{
	return uart->line_control & LCR_DLAB;
}

static unsigned capacity(const struct uart *uart)
{
	return uart->fifo_enabled ? UART_FIFO : 1;
}

bool uart_has_room(const struct uart *uart)
{
	return uart->received < capacity(uart) && !(uart->modem_control & MCR_LOOPBACK);
}

void uart_receive(struct uart *uart, uint8_t character)
{
	if (uart->received == capacity(uart)) {
		uart->overrun = true;
		return;
	}
	uart->fifo[uart->received++] = character;
}

static uint8_t take(struct uart *uart)
{
	uint8_t character = uart->fifo[0];

	if (uart->received) {
		uart->received--;
		memmove(uart->fifo, uart->fifo + 1, uart->received);
	}
	return character;
}

static uint8_t identify_interrupt(struct uart *uart)
{
	uint8_t fifo = uart->fifo_enabled ? IIR_FIFO : 0;

	if ((uart->interrupt_enable & IER_RECEIVED) && uart->received)
		return fifo | IIR_RECEIVED;
	if ((uart->interrupt_enable & IER_TRANSMITTER) && uart->transmitter_empty) {
		uart->transmitter_empty = false; /* reading it takes it back */
		return fifo | IIR_TRANSMITTER;
	}
	return fifo | IIR_NONE;
}

static uint8_t line_status(struct uart *uart)
{
	uint8_t status = LSR_EMPTY | (uart->received ? LSR_READY : 0) | (uart->overrun ? LSR_OVERRUN : 0);

	uart->overrun = false;
	return status;
}

/* In loopback the four outputs come back as the inputs: DTR as DSR, RTS as CTS, OUT1 as RI, OUT2 as DCD. */
static uint8_t modem_status(const struct uart *uart)
{
	uint8_t out = uart->modem_control;

	if (!(out & MCR_LOOPBACK))
		return MSR_CONNECTED;
	return (uint8_t)((out & 0x0C) << 4 | (out & 0x02) << 3 | (out & 0x01) << 5);
}

uint8_t uart_read(struct uart *uart, unsigned number)
{
	switch (number) {
	case REG_DATA:
		return divisor_selected(uart) ? uart->divisor_low : take(uart);
	case REG_IER:
		return divisor_selected(uart) ? uart->divisor_high : uart->interrupt_enable;
	case REG_IIR:
		return identify_interrupt(uart);
	case REG_LCR:
		return uart->line_control;
	case REG_MCR:
		return uart->modem_control;
	case REG_LSR:
		return line_status(uart);
	case REG_MSR:
		return modem_status(uart);
	default:
		return uart->scratch;
	}
}

bool uart_read_is_quiet(const struct uart *uart, unsigned number)
{
	if (number == REG_DATA)
		return divisor_selected(uart);
	return number != REG_IIR && !(number == REG_LSR && uart->overrun);
}

static bool transmit(struct uart *uart, uint8_t value)
{
	uart->transmitter_empty = true;
	if (!(uart->modem_control & MCR_LOOPBACK))
		return true;
	uart_receive(uart, value);
	return false;
}

static void control_fifo(struct uart *uart, uint8_t value)
{
	bool enabled = value & FCR_ENABLE;

	if ((value & FCR_CLEAR) || enabled != (bool)uart->fifo_enabled)
		uart->received = 0;
	uart->fifo_enabled = enabled;
}

bool uart_write(struct uart *uart, unsigned number, uint8_t value)
{
	switch (number) {
	case REG_DATA:
		if (!divisor_selected(uart))
			return transmit(uart, value);
		uart->divisor_low = value;
		break;
	case REG_IER:
		if (divisor_selected(uart)) {
			uart->divisor_high = value;
			break;
		}
		if (value & ~uart->interrupt_enable & IER_TRANSMITTER)
			uart->transmitter_empty = true;
		uart->interrupt_enable = value & IER_WRITABLE;
		break;
	case REG_IIR:
		control_fifo(uart, value);
		break;
	case REG_LCR:
		uart->line_control = value;
		break;
	case REG_MCR:
		uart->modem_control = value & MCR_WRITABLE;
		break;
	case REG_SCR:
		uart->scratch = value;
		break;
	default: /* LSR and MSR are read-only */
		break;
	}
	return false;
}
