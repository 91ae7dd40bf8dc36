/* The Malta board as far as bare programs need it: one 16550 UART at ISA port 3f8, and of the FPGA the status, LED and
 * reset registers. What is not there reads 0 (ISA ports: all ones) and ignores writes, as on QEMU's board. Knows the
 * bus interface and the input gate, not the processor. Malta reference, sections 2, 10 and 11. */
#ifndef JIT161_DEVICES_MALTA_MALTA_H
#define JIT161_DEVICES_MALTA_MALTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "devices/host/console_input.h"
#include "runtime/core/bus.h"

struct malta;

/* `services` must outlive the board. */
struct malta *malta_new(const struct machine_services *services, bool big_endian);
void malta_free(struct malta *malta);

/* The keyboard, behind the UART. The caller keeps ownership; without one the guest gets no input. */
void malta_set_console(struct malta *malta, struct console_input *console);

/* An aligned access of 1, 2 or 4 bytes at a physical address below 20000000 that is not RAM. Never a bus error. */
uint32_t malta_load(struct malta *malta, uint32_t physical, unsigned size);
void malta_store(struct malta *malta, uint32_t physical, unsigned size, uint32_t value);
/* Whether the access changes nothing but the UART, and stops nothing. */
bool malta_load_is_quiet(const struct malta *malta, uint32_t physical, unsigned size);
bool malta_store_is_quiet(const struct malta *malta, uint32_t physical);

/* Takes as many characters of host input as the UART has room for. */
void malta_poll(struct malta *malta);
bool malta_has_live_input(const struct malta *malta);
/* Waits for host input, at most `timeout` ns. */
bool malta_wait_input(struct malta *malta, uint64_t timeout);

/* All state, a line for each field, on the message stream. */
void malta_dump(const struct malta *malta);

/* All state, as a copy. */
void *malta_snapshot(const struct malta *malta);
void malta_restore(struct malta *malta, const void *snapshot);
bool malta_states_equal(const struct malta *a, const struct malta *b, char *where, size_t size);
uint64_t malta_states_digest(const struct malta *malta);

#endif
