/* Programs with known figures. */
#ifndef JIT161_TESTS_UNIT_RUNTIME_PROGRAMS_H
#define JIT161_TESTS_UNIT_RUNTIME_PROGRAMS_H

#include <stdint.h>

/* Worked example A of the System/161 reference, section 6.6: a bus timer, a character, idling, power-off. */
static const uint32_t example_a[] = {
    0x3C08BFE0, /* lui $8, 0xbfe0: serial, slot 0 */
    0x3C09BFFD, /* lui $9, 0xbffd: timer, slot 29 */
    0x240A0007, /* li $10, 7 */
    0x340B8239, /* li $11, 33337 */
    0xAD2B0010, /* sw $11, 16($9): COUNT */
    0xAD0A0000, /* sw $10, 0($8): CHAR */
    0x014B0018, /* mult $10, $11 */
    0x00006012, /* mflo $12 */
    0x3C0DBFFF, /* lui $13, 0xbfff */
    0x42000020, /* wait */
    0x8D2C000C, /* lw $12, 12($9): IRQ */
    0xADA07E08, /* sw $0, 0x7e08($13): PWR */
    0x42000020, /* wait */
    0x1000FFFE, 0,
};

#define EXAMPLE_A_LINES                                                                                      \
	"1066397 cycles (100000 run, 966397 global-idle)\n"                                                  \
	"  cpu0: 14 kern, 0 user, 0 idle; 0 ll, 0/0 sc, 0 sync\n"                                            \
	"0 irqs 0 exns 0r/0w disk 0r/1w console 0r/0w/0m emufs 0r/0w net\n"
#define EXAMPLE_A_NS 42945843

#endif
