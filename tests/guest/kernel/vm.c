/*
 * Virtual memory: page frames, two-level page tables, demand-zero and demand-loaded pages, copy on write
 * after fork, and paging to the disk when frames run out.
 *
 * A page table entry is an EntryLo word whose low byte, which the hardware ignores, holds this file's notes:
 *
 *   0                    never touched: its first use makes it (zeros, or from the program's image)
 *   PRESENT              in the frame that bits 31:12 name. VALID is taken away to see whether the page is
 *                        still used. WRITE is given only when a store may go to this frame: not while it is
 *                        shared for copy on write, nor while it is clean (the first store marks it dirty)
 *   SWAPPED              on the disk, in the swap slot that bits 31:12 name
 *
 * vm_lock covers all of this, also across the disk transfers; the TLB is told of each change.
 */
#include "tests/guest/kernel/kernel.h"

#include "tests/guest/common/string.h"

#define PTE_PRESENT  0x01
#define PTE_SWAPPED  0x02
#define PTE_WRITABLE 0x04 /* the program may store here */
#define PTE_SHARED   0x08 /* common to parent and child, never copied, never paged out */

#define MAX_FRAMES 4096 /* 16 MiB, all that the machine can have */

/*
 * Swap space: whole pages, SWAP_STEP of them interleaved sector by sector. So the next sector of a page has
 * not yet gone by under the disk's head when the interrupt handler has dealt with the one before.
 */
#define PAGE_SECTORS (PAGE_SIZE / SECTOR_SIZE)
#define SWAP_STEP    8
#define MAX_SLOTS    2048

/* Pages thrown out at a time, to neighbouring slots: what takes long is the seek from writing to reading. */
#define EVICT_BATCH 16

/* Kernel pages in kseg2: entered into the TLB one by one as they are missed. */
#define KERNEL_PAGES 16

struct frame {
	uint16_t next;	     /* in the free list */
	uint16_t references; /* page table entries; 1 for pages of the kernel */
	uint16_t slot;	     /* swap slot with the same contents, 0 if none */
	bool dirty;	     /* differs from what it was made from */
};

extern char kernel_end[]; /* from the linker script */

struct vm_figures vm_figures;

/* For utlb_vector: the current page directory. */
pte_t *const *current_directory;

static struct mutex vm_lock;
static struct frame frames[MAX_FRAMES];
static uint32_t first_free, free_frames;   /* frame 0 holds the vectors, so 0 ends the list */
static uint8_t slot_references[MAX_SLOTS]; /* slot 0 is not used */
static uint32_t slots, free_slots;
static pte_t empty_table[TABLE_ENTRIES] __attribute__((aligned(PAGE_SIZE)));
static pte_t *empty_directory[DIRECTORY_ENTRIES];
static uint32_t kernel_pages[KERNEL_PAGES], kernel_page_count;

static struct {
	unsigned process, table, page;
} hand; /* of the clock that looks for pages to throw out */

static void *frame_address(uint32_t frame)
{
	return (void *)(KSEG0 + (frame << PAGE_SHIFT));
}

static uint32_t pte_frame(pte_t pte)
{
	return pte >> PAGE_SHIFT;
}

/* The TLB. With interrupts off: EntryHi is the current address space's in between. */

static uint32_t active_entryhi(void)
{
	return current->space.asid << ENTRYHI_ASID_SHIFT;
}

/* An entry that nothing matches. No two may be alike (System/161 reference, section 1.11). */
static void tlb_clear_entry(uint32_t index)
{
	tlb_write(index, KSEG0 + (index << PAGE_SHIFT), 0);
}

static void tlb_forget_page(const struct address_space *space, uint32_t address)
{
	uint32_t status = interrupts_off();
	int index = tlb_probe((address & ENTRYHI_PAGE) | space->asid << ENTRYHI_ASID_SHIFT);

	if (index >= 0)
		tlb_clear_entry((uint32_t)index);
	entryhi_set(active_entryhi());
	interrupts_restore(status);
}

static void tlb_forget_space(const struct address_space *space)
{
	uint32_t status = interrupts_off();

	for (uint32_t i = 0; i < TLB_ENTRIES; i++) {
		uint32_t entryhi = tlb_read_hi(i);

		/* Kernel pages are global: whose ASID they were entered with says nothing. */
		if (entryhi < KSEG0 && (entryhi & ENTRYHI_ASID) == space->asid << ENTRYHI_ASID_SHIFT)
			tlb_clear_entry(i);
	}
	entryhi_set(active_entryhi());
	interrupts_restore(status);
}

void vm_activate(const struct address_space *space)
{
	current_directory = space->directory == NULL ? empty_directory : space->directory;
	entryhi_set(space->asid << ENTRYHI_ASID_SHIFT);
}

/* Swap slots. */

static uint32_t slot_sector(uint32_t slot)
{
	return USER_SECTORS + slot / SWAP_STEP * (SWAP_STEP * PAGE_SECTORS) + slot % SWAP_STEP;
}

static uint32_t slot_allocate(void)
{
	for (uint32_t slot = 1; slot < slots; slot++) {
		if (slot_references[slot] == 0) {
			slot_references[slot] = 1;
			free_slots--;
			return slot;
		}
	}
	return 0;
}

static void slot_drop(uint32_t slot)
{
	if (slot != 0 && --slot_references[slot] == 0)
		free_slots++;
}

static bool slot_transfer(uint32_t slot, uint32_t frame, bool write)
{
	return disk_transfer(slot_sector(slot), PAGE_SECTORS, SWAP_STEP, frame_address(frame), write);
}

/* Frames. */

static void frame_drop(uint32_t frame)
{
	if (--frames[frame].references > 0)
		return;
	slot_drop(frames[frame].slot);
	frames[frame].next = (uint16_t)first_free;
	first_free = frame;
	free_frames++;
}

/*
 * One step of the clock: a page used since the hand last came by loses its valid bit and is spared, others
 * go. A page that can be made again, or is on the disk already, is simply dropped.
 */
static bool evict(struct address_space *space, uint32_t address, pte_t *pte)
{
	uint32_t frame = pte_frame(*pte);

	if (!(*pte & PTE_PRESENT) || (*pte & PTE_SHARED) || frames[frame].references > 1)
		return false;
	if (*pte & ENTRYLO_VALID) {
		*pte &= ~(pte_t)ENTRYLO_VALID;
		tlb_forget_page(space, address);
		return false;
	}
	if (frames[frame].dirty) {
		uint32_t slot = slot_allocate();

		if (slot == 0)
			return false;
		if (!slot_transfer(slot, frame, true))
			panic("cannot write swap slot %u", slot);
		frames[frame].slot = (uint16_t)slot;
		vm_figures.swapped_out++;
	} else {
		vm_figures.dropped++;
	}

	*pte = frames[frame].slot == 0
		   ? 0
		   : (uint32_t)frames[frame].slot << PAGE_SHIFT | PTE_SWAPPED | (*pte & PTE_WRITABLE);
	frames[frame].slot = 0; /* the reference has moved to the page table entry */
	frame_drop(frame);
	return true;
}

/* Moves the hand over the rest of its process' pages, until enough frames are free. */
static void sweep_process(struct address_space *space)
{
	for (; hand.table < DIRECTORY_ENTRIES; hand.table++, hand.page = 0) {
		pte_t *table = space->directory[hand.table];

		while (table != empty_table && hand.page < TABLE_ENTRIES) {
			uint32_t address = (hand.table * TABLE_ENTRIES + hand.page) << PAGE_SHIFT;

			if (evict(space, address, &table[hand.page++]) && free_frames == EVICT_BATCH)
				return;
		}
	}
}

/*
 * Two rounds suffice to find what can go: after the first no page is valid. With no room left on the disk
 * nothing goes: if only clean pages did, programs would soon do nothing but load their own text again.
 */
static bool evict_batch(void)
{
	if (free_slots == 0)
		return false;
	for (unsigned steps = 0; steps <= 2 * PROCESSES && free_frames < EVICT_BATCH; steps++) {
		struct address_space *space = process_space(hand.process);

		if (space != NULL)
			sweep_process(space);
		if (space == NULL || hand.table == DIRECTORY_ENTRIES) {
			hand.process = (hand.process + 1) % PROCESSES;
			hand.table = hand.page = 0;
		}
	}
	return free_frames > 0;
}

/* A frame with one reference, its contents whatever they were; 0 when memory is out. */
static uint32_t frame_allocate(void)
{
	if (free_frames == 0 && !evict_batch()) {
		vm_figures.refused++;
		return 0;
	}

	uint32_t frame = first_free;

	first_free = frames[frame].next;
	free_frames--;
	frames[frame] = (struct frame){.references = 1};
	return frame;
}

static void *zeroed_page(void)
{
	uint32_t frame = frame_allocate();

	return frame == 0 ? NULL : memset(frame_address(frame), 0, PAGE_SIZE);
}

uint32_t vm_free_frames(void)
{
	return free_frames;
}

void *vm_page_allocate(void)
{
	mutex_lock(&vm_lock);

	void *page = zeroed_page();

	mutex_unlock(&vm_lock);
	return page;
}

void vm_page_free(void *page)
{
	frame_drop(((uint32_t)page - KSEG0) >> PAGE_SHIFT);
}

void vm_start(void)
{
	uint32_t last = bus_ram_size() >> PAGE_SHIFT;

	for (uint32_t frame = last - 1; frame >= ((uint32_t)kernel_end - KSEG0) >> PAGE_SHIFT; frame--) {
		frames[frame].references = 1;
		frame_drop(frame);
	}
	for (uint32_t i = 0; i < TLB_ENTRIES; i++)
		tlb_clear_entry(i);
	for (uint32_t i = 0; i < DIRECTORY_ENTRIES; i++)
		empty_directory[i] = empty_table;
	current_directory = empty_directory;

	if (disk_sectors() > USER_SECTORS)
		slots = (disk_sectors() - USER_SECTORS) / (PAGE_SECTORS * SWAP_STEP) * SWAP_STEP;
	if (slots > MAX_SLOTS)
		slots = MAX_SLOTS;
	free_slots = slots == 0 ? 0 : slots - 1;
}

/* Kernel pages. */

void *vm_map_kernel_page(void)
{
	void *page = vm_page_allocate();

	if (page == NULL || kernel_page_count == KERNEL_PAGES)
		panic("no memory for kernel pages");
	kernel_pages[kernel_page_count] =
	    ((uint32_t)page - KSEG0) | ENTRYLO_WRITE | ENTRYLO_VALID | ENTRYLO_GLOBAL;
	return (void *)(KSEG2 + (kernel_page_count++ << PAGE_SHIFT));
}

bool vm_kernel_fault(uint32_t address)
{
	uint32_t page = (address - KSEG2) >> PAGE_SHIFT;

	if (address < KSEG2 || page >= kernel_page_count)
		return false;
	tlb_write_random((address & ENTRYHI_PAGE) | active_entryhi(), kernel_pages[page]);
	entryhi_set(active_entryhi());
	return true;
}

/* Address spaces. */

bool vm_create(struct address_space *space, uint32_t asid)
{
	pte_t **directory = vm_page_allocate();

	if (directory == NULL)
		return false;
	for (uint32_t i = 0; i < DIRECTORY_ENTRIES; i++)
		directory[i] = empty_table;
	*space = (struct address_space){.directory = directory, .asid = asid};
	return true;
}

static void pte_drop(pte_t pte)
{
	if (pte & PTE_PRESENT)
		frame_drop(pte_frame(pte));
	else if (pte & PTE_SWAPPED)
		slot_drop(pte_frame(pte));
}

void vm_clear(struct address_space *space)
{
	mutex_lock(&vm_lock);
	for (uint32_t i = 0; i < DIRECTORY_ENTRIES; i++) {
		pte_t *table = space->directory[i];

		if (table == empty_table)
			continue;
		space->directory[i] = empty_table;
		for (uint32_t j = 0; j < TABLE_ENTRIES; j++)
			pte_drop(table[j]);
		vm_page_free(table);
	}
	memset(space->regions, 0, sizeof(space->regions));
	space->heap_start = space->heap_end = 0;
	tlb_forget_space(space);
	mutex_unlock(&vm_lock);
}

void vm_destroy(struct address_space *space)
{
	pte_t **directory = space->directory;

	vm_clear(space);
	space->directory = NULL;
	vm_activate(&current->space);
	vm_page_free(directory);
}

static pte_t *pte_at(struct address_space *space, uint32_t address)
{
	return &space->directory[address >> 22][address >> PAGE_SHIFT & (TABLE_ENTRIES - 1)];
}

/* As pte_at(), but makes the table; null when memory is out. */
static pte_t *pte_make(struct address_space *space, uint32_t address)
{
	pte_t **table = &space->directory[address >> 22];

	if (*table == empty_table) {
		pte_t *made = zeroed_page();

		if (made == NULL)
			return NULL;
		*table = made;
	}
	return pte_at(space, address);
}

static bool fork_table(struct address_space *child, struct address_space *parent, uint32_t base)
{
	for (uint32_t i = 0; i < TABLE_ENTRIES; i++) {
		uint32_t address = base + (i << PAGE_SHIFT);
		pte_t *from = pte_at(parent, address);

		if (*from == 0)
			continue;

		pte_t *to = pte_make(child, address); /* may page out what is at *from, or drop it */

		if (to == NULL)
			return false;
		if (*from & PTE_PRESENT) {
			frames[pte_frame(*from)].references++;
			if (!(*from & PTE_SHARED))
				*from &= ~(pte_t)ENTRYLO_WRITE;
		} else if (*from & PTE_SWAPPED) {
			slot_references[pte_frame(*from)]++;
		}
		*to = *from;
	}
	return true;
}

bool vm_fork(struct address_space *child, struct address_space *parent)
{
	bool done = true;

	mutex_lock(&vm_lock);
	for (uint32_t i = 0; i < DIRECTORY_ENTRIES && done; i++) {
		if (parent->directory[i] != empty_table)
			done = fork_table(child, parent, i * TABLE_ENTRIES << PAGE_SHIFT);
	}
	memcpy(child->regions, parent->regions, sizeof(child->regions));
	child->heap_start = parent->heap_start;
	child->heap_end = parent->heap_end;
	tlb_forget_space(parent);
	mutex_unlock(&vm_lock);
	return done;
}

/* Page faults. */

static const struct region *find_region(const struct address_space *space, uint32_t address)
{
	for (unsigned i = 0; i < 2; i++) {
		const struct region *region = &space->regions[i];

		if (address >= (region->start & ENTRYLO_FRAME) && address < region->end)
			return region;
	}
	return NULL;
}

/* The first use of a page. */
static bool make_page(struct address_space *space, uint32_t page, pte_t *pte)
{
	const struct region *region = find_region(space, page);
	bool writable = region == NULL || region->writable;

	if (region == NULL && !(page >= space->heap_start && page < space->heap_end) &&
	    !(page >= STACK_LIMIT && page < STACK_TOP))
		return false;

	uint32_t frame = frame_allocate();

	if (frame == 0)
		return false;

	uint8_t *bytes = memset(frame_address(frame), 0, PAGE_SIZE);

	if (region != NULL) {
		uint32_t start = region->start > page ? region->start : page;
		uint32_t end = region->start + region->file_size;

		if (end > page + PAGE_SIZE)
			end = page + PAGE_SIZE;
		if (end > start)
			memcpy(bytes + (start - page), region->image + (start - region->start), end - start);
		vm_figures.loaded++;
	} else {
		vm_figures.zeroed++;
	}
	*pte = frame << PAGE_SHIFT | PTE_PRESENT | (writable ? PTE_WRITABLE : 0);
	return true;
}

static bool swap_in(pte_t *pte)
{
	uint32_t slot = pte_frame(*pte);
	uint32_t frame = frame_allocate();

	if (frame == 0)
		return false;
	if (!slot_transfer(slot, frame, false))
		panic("cannot read swap slot %u", slot);
	frames[frame].slot = (uint16_t)slot;
	*pte = frame << PAGE_SHIFT | PTE_PRESENT | (*pte & PTE_WRITABLE);
	vm_figures.swapped_in++;
	return true;
}

/* Makes sure that a store to this page concerns nobody else, and that its contents will not be taken for the
 * old ones. */
static bool make_writable(pte_t *pte)
{
	uint32_t frame = pte_frame(*pte);

	if (!(*pte & PTE_WRITABLE))
		return false;
	if (frames[frame].references > 1 && !(*pte & PTE_SHARED)) {
		uint32_t copy = frame_allocate();

		if (copy == 0)
			return false;
		memcpy(frame_address(copy), frame_address(frame), PAGE_SIZE);
		frame_drop(frame);
		*pte = copy << PAGE_SHIFT | PTE_PRESENT | PTE_WRITABLE;
		frame = copy;
		vm_figures.copied++;
	}
	slot_drop(frames[frame].slot);
	frames[frame].slot = 0;
	frames[frame].dirty = true;
	*pte |= ENTRYLO_WRITE;
	return true;
}

static bool resolve(struct address_space *space, uint32_t page, bool write)
{
	pte_t *pte = pte_make(space, page);

	if (pte == NULL)
		return false;
	if (*pte == 0 && !make_page(space, page, pte))
		return false;
	if ((*pte & PTE_SWAPPED) && !swap_in(pte))
		return false;
	if (write && !make_writable(pte))
		return false;
	*pte |= ENTRYLO_VALID;
	return true;
}

bool vm_fault(struct address_space *space, uint32_t address, bool write)
{
	uint32_t page = address & ENTRYLO_FRAME;

	mutex_lock(&vm_lock);
	vm_figures.faults++;

	bool resolved = resolve(space, page, write);

	tlb_forget_page(space, page);
	mutex_unlock(&vm_lock);
	return resolved;
}

bool vm_share(struct address_space *space, uint32_t address)
{
	bool resolved = vm_fault(space, address, true);

	mutex_lock(&vm_lock);
	if (resolved && resolve(space, address & ENTRYLO_FRAME, true))
		*pte_at(space, address) |= PTE_SHARED;
	mutex_unlock(&vm_lock);
	return resolved;
}

/* Copies between the kernel and the current process. */

static bool is_user_range(uint32_t address, size_t size)
{
	return address < KSEG0 && size <= KSEG0 - address;
}

bool copy_in(void *to, uint32_t from, size_t size)
{
	return is_user_range(from, size) && copy_bytes(to, (const void *)from, size);
}

bool copy_out(uint32_t to, const void *from, size_t size)
{
	return is_user_range(to, size) && copy_bytes((void *)to, from, size);
}

bool copy_in_string(char *to, uint32_t from, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (!copy_in(&to[i], from + i, 1))
			return false;
		if (to[i] == '\0')
			return true;
	}
	return false;
}
