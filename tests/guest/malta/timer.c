/* Count, Compare, interrupts, WAIT, DI and EI. Prints nothing that depends on how fast Count runs. */
#include "tests/guest/malta/lib.h"

#define IM7 0x8000u
#define IP7 0x8000u
#define TI  0x40000000u
#define DC  0x08000000u
#define IV  0x00800000u
#define IE  1u

static uint32_t count_delta(void)
{
	uint32_t first = mfc0(9, 0);

	for (int i = 0; i < 100; i++)
		__asm__ volatile("nop");
	return mfc0(9, 0) - first;
}

static void software(void)
{
	mtc0(13, 0, 0);
	mtc0(12, 0, 0x100 | IE);
	uint32_t base = TRY("mtc0 %1, $13\n\tehb\n\tnop", 0x100, 0);
	check_exception("software interrupt", base);
	mtc0(13, 0, IV);
	base = TRY("mtc0 %1, $13\n\tehb\n\tnop", 0x100 | IV, 0);
	check_exception("with IV", base);
	mtc0(13, 0, 0);
	mtc0(12, 0, 0x200 | IE);
	mtc0(13, 0, 0x100);
	check_exception("masked", 0);
	mtc0(12, 0, 0x100);
	check_exception("IE off", 0);
	base = TRY("ei $2\n\tehb\n\tnop", 0, 0);
	check_exception("EI", base);
	__asm__ volatile("di\n\tehb");
	check("Status after DI", mfc0(12, 0) & 0xFF07);
	mtc0(13, 0, 0x300);
	check("Cause", mfc0(13, 0) & 0x300);
	mtc0(13, 0, 0);
}

static void timer(void)
{
	mtc0(12, 0, 0);
	check("Count runs", count_delta() > 0);
	mtc0(13, 0, DC);
	check("Count stands still", count_delta());
	mtc0(9, 0, 1000);
	check("and can be set", mfc0(9, 0));
	mtc0(13, 0, 0);

	mtc0(9, 0, 0);
	mtc0(11, 0, 0x7FFFFFFF);
	check("no match", mfc0(13, 0) & (TI | IP7));
	mtc0(11, 0, mfc0(9, 0) + 20000);
	while (!(mfc0(13, 0) & TI))
		;
	check("match", mfc0(13, 0) & (TI | IP7));
	check("not before its time", mfc0(9, 0) - mfc0(11, 0) < 0x40000000);
	mtc0(11, 0, 0x7FFFFFFF);
	check("taken back", mfc0(13, 0) & (TI | IP7));

	uint32_t before = exception.count;
	mtc0(11, 0, mfc0(9, 0) + 400000);
	mtc0(12, 0, IM7 | IE);
	while (exception.count == before)
		;
	check("interrupt", CODE(exception.cause));
	mtc0(12, 0, 0);

	/* WAIT until the timer. */
	before = exception.count;
	mtc0(11, 0, mfc0(9, 0) + 2000000);
	mtc0(12, 0, IM7 | IE);
	__asm__ volatile("wait");
	mtc0(12, 0, 0);
	check("WAIT ended by interrupts", exception.count - before);
	check("after the deadline", mfc0(9, 0) - mfc0(11, 0) < 0x40000000);
	check_exception("last", exception.epc);
}

int main(void)
{
	software();
	timer();
	return 0;
}
