/* Disk image files: a header of 512 bytes, then the sectors. An image may be isolated: then it keeps what is
 * written in memory, can be set back to checkpoints, and can be shared with a second machine.
 * System/161 reference, section 3.2. */
#ifndef JIT161_DEVICES_HOST_DISK_IMAGE_H
#define JIT161_DEVICES_HOST_DISK_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "devices/host/overlay.h"
#include "runtime/core/error.h"

#define DISK_IMAGE_MAGIC       "System/161 Disk Image"
#define DISK_IMAGE_HEADER      512
#define DISK_IMAGE_MAX_SECTORS 8388608u /* 4 GiB */

struct disk_image;

/* Opens an image for reading and writing and locks it. `label` starts error messages. `sync`: every write
 * goes to the medium. A missing file sets *missing. */
struct disk_image *disk_image_open(const char *label, const char *path, bool sync, bool *missing,
				   struct error *error);
/* Makes a new image; the file must not exist. */
struct disk_image *disk_image_create(const char *label, const char *path, bool sync, uint32_t sectors,
				     struct error *error);
/* The same image for a second machine, which sees what is on the host now plus the first one's writes so far.
 * Isolates both. */
struct disk_image *disk_image_share(struct disk_image *image);
void disk_image_close(struct disk_image *image);

uint32_t disk_image_sectors(const struct disk_image *image);
/* The file holds more than the sectors that can be used. */
bool disk_image_clipped(const struct disk_image *image);

/* `sector` must be below disk_image_sectors. False: the host failed. */
bool disk_image_read(struct disk_image *image, uint32_t sector, uint8_t *data);
bool disk_image_write(struct disk_image *image, uint32_t sector, const uint8_t *data);

/* From now on writes stay in memory. */
void disk_image_isolate(struct disk_image *image);
/* The isolated image's state, to be freed with overlay_free. */
struct overlay *disk_image_checkpoint(const struct disk_image *image);
void disk_image_rollback(struct disk_image *image, const struct overlay *checkpoint);
/* Writes what is held in memory to the file. The image stays isolated. */
bool disk_image_commit(struct disk_image *image, const char *label, struct error *error);
/* Whether two machines have written the same; otherwise a description of the difference. */
bool disk_image_equal(const struct disk_image *a, const struct disk_image *b, char *text, size_t size);

/* A digest of what an isolated image holds in memory; 0 if it is not isolated. */
uint64_t disk_image_digest(const struct disk_image *image);

#endif
