/* The disk driver: one request at a time, its sectors moved by the interrupt handler (System/161
 * reference, 3.2). */
#include "tests/guest/kernel/kernel.h"

#include "tests/guest/common/string.h"

static uint32_t disk; /* register address; 0: there is none */
static struct mutex disk_lock;

static struct {
	uint32_t sector, left, step;
	uint8_t *buffer;
	bool write, failed;
	volatile bool active;
} request;

void disk_start(void)
{
	int slot = bus_find(DEVICE_DISK);

	if (slot >= 0)
		disk = BUS_DEVICE((uint32_t)slot);
}

uint32_t disk_sectors(void)
{
	return disk == 0 ? 0 : device_read(disk + DISK_SECTORS);
}

static void start_sector(void)
{
	if (request.write)
		memcpy((void *)(disk + DISK_BUFFER), request.buffer, SECTOR_SIZE);
	device_write(disk + DISK_SECTOR, request.sector);
	device_write(disk + DISK_STATUS, request.write ? DISK_START_WRITE : DISK_START_READ);
}

void disk_interrupt(void)
{
	uint32_t status = request.active ? device_read(disk + DISK_STATUS) : 0;

	if (!(status & DISK_COMPLETE))
		return;
	device_write(disk + DISK_STATUS, DISK_IDLE);
	request.failed = (status & DISK_ERRORS) != 0;
	if (!request.failed && !request.write)
		memcpy(request.buffer, (const void *)(disk + DISK_BUFFER), SECTOR_SIZE);
	request.sector += request.step;
	request.buffer += SECTOR_SIZE;
	if (--request.left > 0 && !request.failed) {
		start_sector();
		return;
	}
	request.active = false;
	wake_first(&request);
}

bool disk_transfer(uint32_t first, uint32_t count, uint32_t step, void *buffer, bool write)
{
	if (disk == 0)
		return false;
	mutex_lock(&disk_lock);

	uint32_t status = interrupts_off();

	request.sector = first;
	request.left = count;
	request.step = step;
	request.buffer = buffer;
	request.write = write;
	request.active = true;
	start_sector();
	while (request.active)
		sleep_on(&request);

	bool done = !request.failed;

	interrupts_restore(status);
	mutex_unlock(&disk_lock);
	return done;
}
