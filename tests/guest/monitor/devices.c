/*
 * The virtual LAMEbus (sections 2.1 to 2.4, 3.1, 3.3): a serial device in slot 0, a timer in slot 29, and the controller. What a
 * register does not do is a bus error; what would stop the machine stops the guest.
 */
#include "tests/guest/monitor/monitor.h"

#define BUS_START   0x1fe00000
#define CONFIG	    0x1fff0000
#define SERIAL_SLOT 0
#define TIMER_SLOT  29
#define LAST_SLOT   31

#define VENDOR_SYSTEM161   1
#define DEVICE_CONTROLLER  10
#define SERIAL_READ_IRQ	   0x08
#define SERIAL_FORCE	   4
#define TIMER_BEEP	   0x14
#define CONTROLLER_RAM	   0x7e00
#define CONTROLLER_IRQS	   0x7e04
#define CONTROLLER_POWER   0x7e08
#define CONTROLLER_ENABLE  0x7e0c
#define CONTROLLER_CPUS	   0x7e10
#define CONTROLLER_ENABLED 0x7e14
#define CONTROLLER_SELF	   0x7e18
#define CONTROLLER_CPU_IRQ 0x8000

static bool serial_interrupts(uint32_t irq)
{
	return (irq & SERIAL_ENABLE) != 0 && (irq & (SERIAL_READY | SERIAL_FORCE)) != 0;
}

static uint32_t raised(const struct vm *vm)
{
	bool serial = serial_interrupts(vm->serial.write_irq) || serial_interrupts(vm->serial.read_irq);

	return (serial ? 1u << SERIAL_SLOT : 0) | (vm->timer.raised ? 1u << TIMER_SLOT : 0);
}

uint32_t bus_lines(const struct vm *vm)
{
	return raised(vm) & vm->irq_enable & vm->cpu_irq_enable;
}

/* Lines go to the console whole, with the guest's name before them. */
void serial_flush(struct vm *vm)
{
	size_t length = 0;

	if (vm->serial.length == 0)
		return;
	while (vm->name[length] != '\0')
		length++;
	console_write(vm->name, length);
	console_write(": ", 2);
	console_write(vm->serial.line, vm->serial.length);
	if (vm->serial.line[vm->serial.length - 1] != '\n')
		console_write("\n", 1);
	vm->serial.length = 0;
}

static void serial_character(struct vm *vm, uint32_t value)
{
	if (vm->serial.busy)
		return; /* dropped, as the real one does */
	vm->serial.busy = true;
	vm->serial.line[vm->serial.length++] = (char)value;
	if ((char)value == '\n' || vm->serial.length == LINE_MAX_LENGTH)
		serial_flush(vm);
	serial_poll(vm);
}

/* Ready for the next character as soon as the console could take the line that it may complete. */
void serial_poll(struct vm *vm)
{
	if (vm->serial.busy && console_has_room(2 * LINE_MAX_LENGTH)) {
		vm->serial.busy = false;
		vm->serial.write_irq |= SERIAL_READY;
	}
}

static bool read_serial(struct vm *vm, uint32_t offset, uint32_t *value)
{
	*value = offset == SERIAL_WRITE_IRQ  ? vm->serial.write_irq
		 : offset == SERIAL_READ_IRQ ? vm->serial.read_irq
					     : 0; /* no input */
	return offset <= SERIAL_READ_IRQ;
}

static bool write_serial(struct vm *vm, uint32_t offset, uint32_t value)
{
	if (offset == SERIAL_CHARACTER)
		serial_character(vm, value & 0xff);
	else if (offset == SERIAL_WRITE_IRQ)
		vm->serial.write_irq = value & 7;
	else if (offset == SERIAL_READ_IRQ)
		vm->serial.read_irq = value & 7;
	return offset <= SERIAL_READ_IRQ;
}

static bool read_timer(struct vm *vm, uint32_t offset, uint32_t *value)
{
	*value = 0;
	switch (offset) {
	case TIMER_SECONDS:
	case TIMER_NANOSECONDS:
		*value = clock_read(offset);
		return true;
	case TIMER_RESTART:
		*value = vm->timer.restart;
		return true;
	case TIMER_INTERRUPT:
		*value = vm->timer.raised;
		vm->timer.raised = false;
		return true;
	case TIMER_COUNTDOWN:
		*value = vm->timer.countdown;
		return true;
	default:
		if (offset <= 0x1c)
			vm_end(vm, "an illegal read of the timer's registers, which stops the machine");
		return offset <= 0x1c;
	}
}

static bool write_timer(struct vm *vm, uint32_t offset, uint32_t value)
{
	switch (offset) {
	case TIMER_SECONDS: /* the time of day is not the guest's to set */
	case TIMER_NANOSECONDS:
	case TIMER_BEEP:
		return true;
	case TIMER_RESTART:
		vm->timer.restart = value;
		return true;
	case TIMER_COUNTDOWN:
		vm->timer.countdown = value;
		vm->timer.deadline = ticks + value / 1000 + 1;
		vm->timer.running = true;
		return true;
	default:
		if (offset <= 0x1c)
			vm_end(vm, "an illegal write to the timer's registers, which stops the machine");
		return offset <= 0x1c;
	}
}

/* Who sits in a slot. */
static bool read_config(uint32_t slot, uint32_t offset, uint32_t *value)
{
	static const uint8_t devices[LAST_SLOT + 1] = {
	    [SERIAL_SLOT] = DEVICE_SERIAL, [TIMER_SLOT] = DEVICE_TIMER, [LAST_SLOT] = DEVICE_CONTROLLER};

	*value = offset == BUS_CONFIG_DEVICE ? devices[slot] : devices[slot] != 0 ? VENDOR_SYSTEM161 : 0;
	return offset <= 8; /* vendor, device, revision: 1 of each */
}

static bool read_controller(const struct vm *vm, uint32_t offset, uint32_t *value)
{
	switch (offset) {
	case CONTROLLER_RAM:
		*value = GUEST_RAM;
		return true;
	case CONTROLLER_IRQS:
		*value = raised(vm);
		return true;
	case CONTROLLER_POWER:
		*value = 0xffffffff;
		return true;
	case CONTROLLER_ENABLE:
		*value = vm->irq_enable;
		return true;
	case CONTROLLER_CPUS:
	case CONTROLLER_ENABLED:
	case CONTROLLER_SELF:
		*value = 1;
		return true;
	case CONTROLLER_CPU_IRQ:
		*value = vm->cpu_irq_enable;
		return true;
	default:
		return offset < 0x8000 && read_config(offset / 0x400, offset & 0x3ff, value);
	}
}

static bool write_controller(struct vm *vm, uint32_t offset, uint32_t value)
{
	switch (offset) {
	case CONTROLLER_POWER:
		if (value == 0)
			vm_end(vm, NULL);
		else if (!(value >> 31))
			vm_end(vm, "an invalid power state, which stops the machine");
		return true;
	case CONTROLLER_ENABLE:
		vm->irq_enable = value;
		return true;
	case CONTROLLER_ENABLED:
		if (!(value & 1))
			vm_end(vm, "it switched its only processor off");
		return true;
	case CONTROLLER_CPU_IRQ:
		vm->cpu_irq_enable = value;
		return true;
	default:
		return false;
	}
}

bool bus_read(struct vm *vm, uint32_t physical, uint32_t *value)
{
	uint32_t slot = (physical - BUS_START) >> 16;

	if (physical < BUS_START || physical >= 0x20000000)
		return false;
	switch (slot) {
	case SERIAL_SLOT:
		return read_serial(vm, physical & 0xffff, value);
	case TIMER_SLOT:
		return read_timer(vm, physical & 0xffff, value);
	case LAST_SLOT:
		return read_controller(vm, physical - CONFIG, value);
	default:
		return false;
	}
}

bool bus_write(struct vm *vm, uint32_t physical, uint32_t value)
{
	uint32_t slot = (physical - BUS_START) >> 16;

	if (physical < BUS_START || physical >= 0x20000000)
		return false;
	switch (slot) {
	case SERIAL_SLOT:
		return write_serial(vm, physical & 0xffff, value);
	case TIMER_SLOT:
		return write_timer(vm, physical & 0xffff, value);
	case LAST_SLOT:
		return write_controller(vm, physical - CONFIG, value);
	default:
		return false;
	}
}
