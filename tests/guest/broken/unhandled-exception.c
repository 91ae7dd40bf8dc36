/* Faults while the exception vectors are still those of the ROM. */
#include "tests/guest/broken/broken.h"

#define STATUS_BEV 0x00400000

static volatile uint32_t *volatile misaligned = (volatile uint32_t *)0x80001003;

void broken_main(void)
{
	set_status(STATUS_BEV);
	*misaligned = 1;
}
