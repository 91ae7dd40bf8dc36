/* Channels: bounded byte queues between processes. Their buffers live in kseg2, behind the TLB. */
#include "tests/guest/kernel/kernel.h"

#include "tests/guest/common/string.h"

#define CHUNK 128 /* copied through the kernel stack, since a copy from or to a process may sleep */

static struct channel {
	uint8_t *bytes;	     /* one page */
	uint32_t head, tail; /* bytes ever put in and taken out */
} channels[CHANNELS];

void channel_start(void)
{
	for (unsigned i = 0; i < CHANNELS; i++)
		channels[i].bytes = vm_map_kernel_page();
}

static void wait_for(struct channel *channel)
{
	uint32_t status = interrupts_off();

	sleep_on(channel);
	interrupts_restore(status);
}

int channel_send(uint32_t number, uint32_t buffer, uint32_t length)
{
	uint8_t chunk[CHUNK];

	if (number >= CHANNELS)
		return ERROR_INVALID;

	struct channel *channel = &channels[number];

	for (uint32_t done = 0, size; done < length; done += size) {
		size = length - done < CHUNK ? length - done : CHUNK;
		if (!copy_in(chunk, buffer + done, size))
			return ERROR_FAULT;
		while (PAGE_SIZE - (channel->head - channel->tail) < size)
			wait_for(channel);
		for (uint32_t i = 0; i < size; i++)
			channel->bytes[channel->head++ % PAGE_SIZE] = chunk[i];
		wake(channel);
	}
	return (int)length;
}

int channel_receive(uint32_t number, uint32_t buffer, uint32_t length)
{
	uint8_t chunk[CHUNK];

	if (number >= CHANNELS)
		return ERROR_INVALID;

	struct channel *channel = &channels[number];

	for (uint32_t done = 0, size; done < length; done += size) {
		size = length - done < CHUNK ? length - done : CHUNK;
		while (channel->head - channel->tail < size)
			wait_for(channel);
		for (uint32_t i = 0; i < size; i++)
			chunk[i] = channel->bytes[channel->tail++ % PAGE_SIZE];
		wake(channel);
		if (!copy_out(buffer + done, chunk, size))
			return ERROR_FAULT;
	}
	return (int)length;
}
