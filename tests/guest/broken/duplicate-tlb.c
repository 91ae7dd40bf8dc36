/* Enters a page into the TLB twice. */
#include "tests/guest/broken/broken.h"

__attribute__((noinline)) static void map_page(unsigned index)
{
	write_tlb(index, 0x00400000, 0x00010000 | ENTRYLO_VALID);
}

void broken_main(void)
{
	map_page(3);
	map_page(4);
	print("done\n");
}
