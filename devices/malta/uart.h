/* A 16550A UART as plain state: registers by number, characters in and out by its owner. It transmits at once. Malta
 * reference, section 11; National Semiconductor PC16550D data sheet. */
#ifndef JIT161_DEVICES_MALTA_UART_H
#define JIT161_DEVICES_MALTA_UART_H

#include <stdbool.h>
#include <stdint.h>

#define UART_FIFO      16u
#define UART_REGISTERS 8u

struct uart {
	uint8_t interrupt_enable, line_control, modem_control, scratch;
	uint8_t divisor_low, divisor_high;
	uint8_t fifo_enabled;
	uint8_t transmitter_empty; /* the interrupt of that name is pending */
	uint8_t overrun;	   /* a character was lost since LSR was read */
	uint8_t received;	   /* characters in the FIFO */
	uint8_t fifo[UART_FIFO];   /* oldest first */
};

void uart_reset(struct uart *uart);
uint8_t uart_read(struct uart *uart, unsigned number);
/* Whether reading the register changes nothing. */
bool uart_read_is_quiet(const struct uart *uart, unsigned number);
/* True: `value` went out on the line. */
bool uart_write(struct uart *uart, unsigned number, uint8_t value);
/* Whether a character from outside would not be lost. */
bool uart_has_room(const struct uart *uart);
void uart_receive(struct uart *uart, uint8_t character);

#endif
