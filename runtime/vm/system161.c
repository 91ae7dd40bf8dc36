/* System/161: MIPS-161 processors, and LAMEbus with whatever sys161.conf puts on it. */
#include "devices/host/meter_socket.h"
#include "devices/lamebus/lamebus.h"
#include "runtime/vm/vm_internal.h"

static bool system161_load(struct cpu *cpu, uint32_t offset, unsigned size, uint32_t *value)
{
	struct vm *vm = cpu->machine;

	(void)size; /* always words */
	vm_set_now(vm, cpu);
	return bus_load(vm->bus, cpu->number, offset, value);
}

static bool system161_load_quietly(struct cpu *cpu, uint32_t offset, unsigned size, uint32_t *value)
{
	struct vm *vm = cpu->machine;

	(void)size;
	vm_set_now(vm, cpu);
	return bus_load_quietly(vm->bus, cpu->number, offset, value);
}

static bool system161_store_quietly(struct cpu *cpu, uint32_t offset, unsigned size, uint32_t value)
{
	struct vm *vm = cpu->machine;

	(void)size;
	vm_set_now(vm, cpu);
	return bus_store_quietly(vm->bus, cpu->number, offset, value);
}

static bool system161_find_buffer(struct cpu *cpu, uint32_t offset, struct device_buffer *buffer)
{
	struct vm *vm = cpu->machine;

	return bus_find_buffer(vm->bus, offset, buffer);
}

static bool system161_store_shows_state(struct cpu *cpu, uint32_t offset)
{
	struct vm *vm = cpu->machine;

	return bus_store_shows_state(vm->bus, offset);
}

static bool system161_store(struct cpu *cpu, uint32_t offset, unsigned size, uint32_t value)
{
	struct vm *vm = cpu->machine;

	(void)size;
	vm_set_now(vm, cpu);
	bool accepted = bus_store(vm->bus, cpu->number, offset, value);
	/* One that is refused is done anew, for its exception: it must not stop before that. */
	if (accepted && vm->events.stop)
		cpu->attention = 1;
	return accepted;
}

_Static_assert(VM_MAX_RAM == LAMEBUS_MAX_RAM && VM_MAX_RAM == PHYSICAL_ROM, "RAM reaches up to the ROM");

static bool add_processors(struct vm *vm, struct error *error)
{
	return vm_add_processors(vm, &cpu_model_mips161, bus_cpu_count(vm->bus), bus_ram_size(vm->bus),
				 &memory_map_system161, error);
}

bool vm_configure(struct vm *vm, const char *path, const char *const *overrides, unsigned override_count,
		  struct error *error)
{
	vm->class = &system161_class;
	vm->ns_per_cycle = NS_PER_CYCLE;
	vm->bus = bus_new(&vm->services);
	if (vm->options.console)
		bus_set_console(vm->bus, vm->options.console);
	if (vm->options.start_time)
		bus_set_start_time(vm->bus, vm->options.start_time);
	if (vm->options.max_ram)
		bus_set_max_ram(vm->bus, vm->options.max_ram);
	if (!bus_configure(vm->bus, path, overrides, override_count, error) || !add_processors(vm, error))
		return false;
	vm_guard_start(vm);
	return true;
}

static bool system161_replicate(struct vm *vm, const struct vm *primary, struct error *error)
{
	vm->bus = bus_new_replica(primary->bus, &vm->services, error);
	return vm->bus && add_processors(vm, error);
}

static void system161_free(struct vm *vm)
{
	if (vm->bus)
		bus_free(vm->bus);
}

static void system161_event(struct vm *vm, const struct event *event)
{
	if (event->device == EVENT_DEVICE_PROFILE)
		vm_profile_sample(vm);
	else if (event->device == EVENT_DEVICE_METER)
		vm_meter_event(vm, event->argument);
	else
		bus_event(vm->bus, event);
}

static void system161_poll(struct vm *vm)
{
	bus_poll(vm->bus);
	vm_meter_poll(vm);
}

static bool system161_has_live_input(const struct vm *vm)
{
	return bus_has_live_input(vm->bus) || vm_meter_connected(vm);
}

static bool system161_wait_input(struct vm *vm, uint64_t timeout)
{
	struct host_wait wait = {.count = 0};

	bus_add_waits(vm->bus, &wait);
	if (vm->meter)
		meter_socket_add_waits(vm->meter, &wait);
	return host_wait(&wait, timeout);
}

static void *system161_snapshot(const struct vm *vm)
{
	return bus_snapshot(vm->bus);
}

static void system161_restore(struct vm *vm, const void *snapshot)
{
	bus_restore(vm->bus, snapshot);
}

static void system161_free_snapshot(void *snapshot)
{
	bus_snapshot_free(snapshot);
}

static bool system161_equal(const struct vm *a, const struct vm *b, char *where, size_t size)
{
	return bus_states_equal(a->bus, b->bus, where, size);
}

static bool system161_commit(struct vm *vm, struct error *error)
{
	return bus_commit_disks(vm->bus, error);
}

static uint64_t system161_digest(const struct vm *vm)
{
	return bus_states_digest(vm->bus);
}

static void system161_dump(struct vm *vm)
{
	bus_dump(vm->bus);
}

const struct machine_class system161_class = {
    .hooks =
	{
	    .bus_load = system161_load,
	    .bus_store = system161_store,
	    .bus_load_quietly = system161_load_quietly,
	    .bus_store_quietly = system161_store_quietly,
	    .bus_find_buffer = system161_find_buffer,
	    .bus_store_shows_state = system161_store_shows_state,
	    .stopped = vm_hook_stopped,
	    .hang = vm_hook_hang,
	    .message = vm_hook_message,
	    .stops_at_break = vm_hook_stops_at_break,
	},
    .window = 50000, /* System/161 reference, section 6.4 */
    .replicate = system161_replicate,
    .free = system161_free,
    .event = system161_event,
    .poll = system161_poll,
    .has_live_input = system161_has_live_input,
    .wait_input = system161_wait_input,
    .snapshot = system161_snapshot,
    .restore = system161_restore,
    .free_snapshot = system161_free_snapshot,
    .equal = system161_equal,
    .digest = system161_digest,
    .commit = system161_commit,
    .dump = system161_dump,
};
