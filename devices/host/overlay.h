/* A sparse set of disk sectors in memory, laid over an image: copying one costs nothing, since copies share
 * what neither has written since. Not for use by several threads, copies included. */
#ifndef JIT161_DEVICES_HOST_OVERLAY_H
#define JIT161_DEVICES_HOST_OVERLAY_H

#include <stdbool.h>
#include <stdint.h>

#define SECTOR_SIZE 512

struct overlay;

struct overlay *overlay_new(void);
struct overlay *overlay_copy(const struct overlay *overlay);
void overlay_free(struct overlay *overlay); /* NULL is allowed */

/* The sector's contents, or NULL if it was never written. `sector` is below 2^24. */
const uint8_t *overlay_read(const struct overlay *overlay, uint32_t sector);
void overlay_write(struct overlay *overlay, uint32_t sector, const uint8_t *data);

/* A hash of all sectors written and their contents. */
uint64_t overlay_digest(const struct overlay *overlay);
/* The lowest sector that is not in both with the same contents. False: there is none. */
bool overlay_difference(const struct overlay *a, const struct overlay *b, uint32_t *sector);
/* The first sector from `*sector` on that was written. False: there is none. */
bool overlay_next(const struct overlay *overlay, uint32_t *sector);

#endif
