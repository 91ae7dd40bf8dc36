#define _GNU_SOURCE
#include "devices/host/disk_image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/core/host_pages.h"

#define WRITTEN_SECTORS 16384u /* remembered: 8 MiB */
#define WRITTEN_BYTES	((size_t)WRITTEN_SECTORS * (SECTOR_SIZE + sizeof(uint32_t)))

/* The file, shared by the images of several machines. */
struct medium {
	unsigned references;
	int descriptor;
	bool sync;
	bool clipped;
	uint32_t sectors;
	char *path;
	/* What was written last, so that it is not asked of the host: what is swapped out comes back soon, and nobody else writes
	 * while the file is locked. Sector n is at n % WRITTEN_SECTORS, if `written_sectors` says so (its number + 1). NULL: no
	 * memory, or nothing was written. */
	uint8_t *written;
	uint32_t *written_sectors;
};

struct disk_image {
	struct medium *medium;
	struct overlay *overlay; /* NULL: not isolated */
};

static bool read_all(int descriptor, off_t offset, uint8_t *data, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t count = pread(descriptor, data + done, size - done, offset + (off_t)done);

		if (count < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (count < 0)
			return false;
		if (count == 0) {
			memset(data + done, 0, size - done); /* beyond the end there are zeros */
			return true;
		}
		done += (size_t)count;
	}
	return true;
}

static bool write_all(int descriptor, off_t offset, const uint8_t *data, size_t size, bool sync)
{
	size_t done = 0;

	while (done < size) {
		ssize_t count = pwrite(descriptor, data + done, size - done, offset + (off_t)done);

		if (count < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (count == 0)
			errno = EIO;
		if (count <= 0)
			return false;
		done += (size_t)count;
	}
	return !sync || fsync(descriptor) == 0;
}

static off_t sector_offset(uint32_t sector)
{
	return DISK_IMAGE_HEADER + (off_t)sector * SECTOR_SIZE;
}

static bool lock(const char *label, const char *path, int descriptor, struct error *error)
{
	if (flock(descriptor, LOCK_EX | LOCK_NB) == 0)
		return true;
	if (errno == EWOULDBLOCK) {
		error_set(error, "%s: %s: Locked by another process", label, path);
		return error_hint(error,
				  "Another machine uses this image, or another slot of this one does.");
	}
	return error_set(error, "%s: %s: flock: %s", label, path, strerror(errno));
}

static bool check_header(const char *label, const char *path, int descriptor, struct error *error)
{
	uint8_t header[DISK_IMAGE_HEADER];

	if (!read_all(descriptor, 0, header, sizeof(header)))
		return error_set(error, "%s: %s: Reading header: %s", label, path, strerror(errno));
	header[sizeof(header) - 1] = '\0';
	if (strcmp((const char *)header, DISK_IMAGE_MAGIC) == 0)
		return true;
	error_set(error, "%s: %s is not a disk image", label, path);
	return error_hint(error, "An image starts with \"" DISK_IMAGE_MAGIC
				 "\"; \"disk161 create\" makes one. The file was not changed.");
}

static bool write_header(const char *label, const char *path, int descriptor, uint32_t sectors, bool sync,
			 struct error *error)
{
	uint8_t header[DISK_IMAGE_HEADER] = DISK_IMAGE_MAGIC;

	if (!write_all(descriptor, 0, header, sizeof(header), sync))
		return error_set(error, "%s: %s: Write of header: %s", label, path, strerror(errno));
	if (ftruncate(descriptor, sector_offset(sectors)) < 0)
		return error_set(error, "%s: %s: ftruncate: %s", label, path, strerror(errno));
	return true;
}

/* Takes over the descriptor of a locked image with a good header. */
static struct disk_image *finish(const char *label, const char *path, int descriptor, bool sync,
				 struct error *error)
{
	struct disk_image *image;
	struct medium *medium;
	struct stat status;
	uint64_t sectors;

	if (fstat(descriptor, &status) < 0) {
		error_set(error, "%s: %s: fstat: %s", label, path, strerror(errno));
		return NULL;
	}
	if (status.st_size < DISK_IMAGE_HEADER) {
		error_set(error, "%s: %s: No header block", label, path);
		error_hint(error, "The file ends within its header; it has been cut short.");
		return NULL;
	}
	sectors = (uint64_t)(status.st_size - DISK_IMAGE_HEADER) / SECTOR_SIZE;
	image = calloc(1, sizeof(*image));
	medium = calloc(1, sizeof(*medium));
	if (!image || !medium)
		abort();
	image->medium = medium;
	medium->references = 1;
	medium->descriptor = descriptor;
	medium->sync = sync;
	medium->clipped = status.st_size - DISK_IMAGE_HEADER > UINT32_MAX;
	medium->sectors = medium->clipped ? DISK_IMAGE_MAX_SECTORS : (uint32_t)sectors;
	medium->path = strdup(path);
	if (!medium->path)
		abort();
	return image;
}

struct disk_image *disk_image_open(const char *label, const char *path, bool sync, bool *missing,
				   struct error *error)
{
	int descriptor = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct disk_image *image = NULL;

	*missing = false;
	if (descriptor < 0) {
		*missing = errno == ENOENT;
		error_set(error, "%s: %s: %s", label, path, strerror(errno));
		error_hint(error, errno == EACCES || errno == EROFS || errno == EPERM
				      ? "The image must be writable, even for a guest that only reads."
				      : "file= must name a disk image; \"disk161 create\" makes one.");
		return NULL;
	}
	if (lock(label, path, descriptor, error) && check_header(label, path, descriptor, error))
		image = finish(label, path, descriptor, sync, error);
	if (!image)
		close(descriptor);
	return image;
}

struct disk_image *disk_image_create(const char *label, const char *path, bool sync, uint32_t sectors,
				     struct error *error)
{
	int descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0664);
	struct disk_image *image = NULL;

	if (descriptor < 0) {
		error_set(error, "%s: %s: %s", label, path, strerror(errno));
		return NULL;
	}
	if (lock(label, path, descriptor, error) &&
	    write_header(label, path, descriptor, sectors, sync, error))
		image = finish(label, path, descriptor, sync, error);
	if (!image) {
		unlink(path);
		close(descriptor);
	}
	return image;
}

void disk_image_isolate(struct disk_image *image)
{
	if (!image->overlay)
		image->overlay = overlay_new();
}

struct disk_image *disk_image_share(struct disk_image *image)
{
	struct disk_image *other = calloc(1, sizeof(*other));

	if (!other)
		abort();
	disk_image_isolate(image);
	image->medium->references++;
	other->medium = image->medium;
	other->overlay = overlay_copy(image->overlay);
	return other;
}

void disk_image_close(struct disk_image *image)
{
	if (!image)
		return;
	overlay_free(image->overlay);
	if (--image->medium->references == 0) {
		close(image->medium->descriptor); /* gives up the lock too */
		host_pages_free(image->medium->written, WRITTEN_BYTES);
		free(image->medium->path);
		free(image->medium);
	}
	free(image);
}

uint32_t disk_image_sectors(const struct disk_image *image)
{
	return image->medium->sectors;
}

bool disk_image_clipped(const struct disk_image *image)
{
	return image->medium->clipped;
}

static void remember(struct medium *medium, uint32_t sector, const uint8_t *data)
{
	uint32_t place = sector % WRITTEN_SECTORS;

	if (!medium->written) {
		medium->written = host_pages_new(WRITTEN_BYTES);
		if (!medium->written)
			return;
		medium->written_sectors = (uint32_t *)(medium->written + WRITTEN_SECTORS * SECTOR_SIZE);
	}
	memcpy(medium->written + place * SECTOR_SIZE, data, SECTOR_SIZE);
	medium->written_sectors[place] = sector + 1;
}

static const uint8_t *remembered(const struct medium *medium, uint32_t sector)
{
	uint32_t place = sector % WRITTEN_SECTORS;

	return medium->written && medium->written_sectors[place] == sector + 1
		   ? medium->written + place * SECTOR_SIZE
		   : NULL;
}

/* Writes to the file. */
static bool write_sector(struct medium *medium, uint32_t sector, const uint8_t *data, bool sync)
{
	bool good = write_all(medium->descriptor, sector_offset(sector), data, SECTOR_SIZE, sync);

	if (good)
		remember(medium, sector, data);
	else if (remembered(medium, sector))
		medium->written_sectors[sector % WRITTEN_SECTORS] = 0;
	return good;
}

bool disk_image_read(struct disk_image *image, uint32_t sector, uint8_t *data)
{
	const uint8_t *written = image->overlay ? overlay_read(image->overlay, sector) : NULL;

	if (!written)
		written = remembered(image->medium, sector);
	if (written) {
		memcpy(data, written, SECTOR_SIZE);
		return true;
	}
	return read_all(image->medium->descriptor, sector_offset(sector), data, SECTOR_SIZE);
}

bool disk_image_write(struct disk_image *image, uint32_t sector, const uint8_t *data)
{
	if (image->overlay) {
		overlay_write(image->overlay, sector, data);
		return true;
	}
	return write_sector(image->medium, sector, data, image->medium->sync);
}

struct overlay *disk_image_checkpoint(const struct disk_image *image)
{
	return overlay_copy(image->overlay);
}

void disk_image_rollback(struct disk_image *image, const struct overlay *checkpoint)
{
	overlay_free(image->overlay);
	image->overlay = overlay_copy(checkpoint);
}

bool disk_image_commit(struct disk_image *image, const char *label, struct error *error)
{
	struct medium *medium = image->medium;

	if (!image->overlay)
		return true;
	for (uint32_t sector = 0; overlay_next(image->overlay, &sector); sector++)
		if (!write_sector(medium, sector, overlay_read(image->overlay, sector), false))
			return error_set(error, "%s: %s: sector %u: %s", label, medium->path, sector,
					 strerror(errno));
	if (medium->sync && fsync(medium->descriptor) < 0)
		return error_set(error, "%s: %s: fsync: %s", label, medium->path, strerror(errno));
	return true;
}

bool disk_image_equal(const struct disk_image *a, const struct disk_image *b, char *text, size_t size)
{
	const uint8_t *in_a, *in_b;
	uint32_t sector;

	if (!a->overlay && !b->overlay)
		return true;
	if (!a->overlay || !b->overlay) {
		snprintf(text, size, "only one of the machines keeps its writes to itself");
		return false;
	}
	if (overlay_digest(a->overlay) == overlay_digest(b->overlay) ||
	    !overlay_difference(a->overlay, b->overlay, &sector))
		return true;
	in_a = overlay_read(a->overlay, sector);
	in_b = overlay_read(b->overlay, sector);
	if (!in_a || !in_b) {
		snprintf(text, size, "sector %u: %s / %s", sector, in_a ? "written" : "not written",
			 in_b ? "written" : "not written");
		return false;
	}
	for (unsigned i = 0; i < SECTOR_SIZE; i++) {
		if (in_a[i] != in_b[i]) {
			snprintf(text, size, "sector %u byte %u: 0x%x / 0x%x", sector, i, in_a[i], in_b[i]);
			break;
		}
	}
	return false;
}

uint64_t disk_image_digest(const struct disk_image *image)
{
	return image->overlay ? overlay_digest(image->overlay) : 0;
}
