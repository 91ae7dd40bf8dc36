/* Frames between network cards and their hub: an 8-byte header, big-endian, then the payload. System/161 reference,
 * section 3.5. */
#ifndef JIT161_DEVICES_HOST_FRAME_H
#define JIT161_DEVICES_HOST_FRAME_H

#include <stdint.h>

#define FRAME_HEADER	8u
#define FRAME_MAX	4096u /* bytes, header included */
#define FRAME_MAGIC	0xa4b3u
#define FRAME_BROADCAST 0xffffu
#define FRAME_TO_HUB	0u

/* Fields of the header, in bytes from its start. */
enum frame_field {
	FRAME_FIELD_MAGIC = 0,
	FRAME_FIELD_SOURCE = 2,
	FRAME_FIELD_LENGTH = 4, /* of all of the frame */
	FRAME_FIELD_DESTINATION = 6
};

static inline uint32_t frame_load(const uint8_t *frame, enum frame_field field)
{
	return (uint32_t)frame[field] << 8 | frame[field + 1];
}

static inline void frame_store(uint8_t *frame, enum frame_field field, uint32_t value)
{
	frame[field] = (uint8_t)(value >> 8);
	frame[field + 1] = (uint8_t)value;
}

#endif
