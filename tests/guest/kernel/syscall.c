/* System calls: from numbers and words to the functions that do the work. */
#include "tests/guest/kernel/kernel.h"

#define NAME_MAX 16

static int sys_exec(struct trap_frame *frame, uint32_t name_address, uint32_t argument_address)
{
	char name[NAME_MAX], argument[ARGUMENT_MAX];

	if (!copy_in_string(name, name_address, sizeof(name)) ||
	    !copy_in_string(argument, argument_address, sizeof(argument)))
		return ERROR_FAULT;
	return process_exec(frame, name, argument);
}

static int sys_write(uint32_t buffer, uint32_t length)
{
	char text[WRITE_MAX];

	if (length > sizeof(text))
		return ERROR_INVALID;
	if (!copy_in(text, buffer, length))
		return ERROR_FAULT;
	console_write(text, length);
	return (int)length;
}

static int sys_sbrk(uint32_t bytes)
{
	struct address_space *space = &current->space;
	uint32_t old = space->heap_end;

	if (bytes > STACK_LIMIT - old)
		return ERROR_INVALID;
	space->heap_end = (old + bytes + PAGE_SIZE - 1) & ENTRYLO_FRAME;
	return (int)old;
}

static int sys_share(uint32_t address)
{
	if (address < current->space.heap_start || address >= current->space.heap_end)
		return ERROR_FAULT;
	return vm_share(&current->space, address) ? 0 : ERROR_MEMORY;
}

static int sys_disk(uint32_t sector, uint32_t buffer, bool write)
{
	uint8_t bytes[SECTOR_SIZE];

	if (sector >= USER_SECTORS)
		return ERROR_INVALID;
	if (write && !copy_in(bytes, buffer, sizeof(bytes)))
		return ERROR_FAULT;
	if (!disk_transfer(sector, 1, 1, bytes, write))
		return ERROR_IO;
	return write || copy_out(buffer, bytes, sizeof(bytes)) ? 0 : ERROR_FAULT;
}

static int dispatch(struct trap_frame *frame, uint32_t a0, uint32_t a1, uint32_t a2)
{
	switch (frame->reg[REG_V0]) {
	case SYS_EXIT:
		process_exit((int)(a0 & 0xff));
	case SYS_FORK:
		return process_fork(frame);
	case SYS_EXEC:
		return sys_exec(frame, a0, a1);
	case SYS_WAIT:
		return process_wait(a0);
	case SYS_GETPID:
		return current->pid;
	case SYS_YIELD:
		yield();
		return 0;
	case SYS_WRITE:
		return sys_write(a0, a1);
	case SYS_SBRK:
		return sys_sbrk(a0);
	case SYS_SHARE:
		return sys_share(a0);
	case SYS_TIME:
		return (int)time_microseconds();
	case SYS_SLEEP:
		sleep_ticks(a0);
		return 0;
	case SYS_DISK_READ:
		return sys_disk(a0, a1, false);
	case SYS_DISK_WRITE:
		return sys_disk(a0, a1, true);
	case SYS_SEND:
		return channel_send(a0, a1, a2);
	case SYS_RECEIVE:
		return channel_receive(a0, a1, a2);
	case SYS_RANDOM:
		return (int)random_word();
	default:
		return ERROR_INVALID;
	}
}

void system_call(struct trap_frame *frame)
{
	uint32_t call = frame->reg[REG_V0];

	frame->epc += 4; /* past the SYSCALL; our programs never put it in a delay slot */

	int result = dispatch(frame, frame->reg[REG_A0], frame->reg[REG_A1], frame->reg[REG_A2]);

	/* A program that exec has just loaded starts with all its registers as exec set them. */
	if (call != SYS_EXEC || result < 0)
		frame->reg[REG_V0] = (uint32_t)result;
}
