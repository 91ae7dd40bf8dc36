/*
 * The hardware as the guest kernel sees it: CP0 registers and bits, the memory map, the LAMEbus and its
 * devices. Read by the C compiler and by the assembler. Section numbers are those of the System/161
 * reference.
 */
#ifndef GUEST_KERNEL_HW_H
#define GUEST_KERNEL_HW_H

/* CP0 registers, section 1.8. */
#define CP0_INDEX    $0
#define CP0_RANDOM   $1
#define CP0_ENTRYLO  $2
#define CP0_CONTEXT  $4
#define CP0_BADVADDR $8
#define CP0_COUNT    $9
#define CP0_ENTRYHI  $10
#define CP0_COMPARE  $11
#define CP0_STATUS   $12
#define CP0_CAUSE    $13
#define CP0_EPC	     $14
#define CP0_PRID     $15
#define CP0_CONFIG   $16

/* Status, section 1.8: a three-deep stack of user mode and interrupt enable; RFE pops it. */
#define STATUS_IEC	0x00000001
#define STATUS_KUC	0x00000002
#define STATUS_IEP	0x00000004
#define STATUS_KUP	0x00000008
#define STATUS_IM_BUS	0x00000400
#define STATUS_IM_TIMER 0x00008000

/* Cause, section 1.8. */
#define CAUSE_CODE(cause) (((cause) >> 2) & 0x1f)
#define CAUSE_BUS	  0x00000400
#define CAUSE_TIMER	  0x00008000

/* Exception codes, section 1.12. */
#define EXC_INTERRUPT	0
#define EXC_MODIFY	1
#define EXC_TLB_LOAD	2
#define EXC_TLB_STORE	3
#define EXC_ADDR_LOAD	4
#define EXC_ADDR_STORE	5
#define EXC_BUS_CODE	6
#define EXC_BUS_DATA	7
#define EXC_SYSCALL	8
#define EXC_BREAK	9
#define EXC_RESERVED	10
#define EXC_COPROCESSOR 11
#define EXC_OVERFLOW	12

/* TLB entries, section 1.11. Of EntryLo the hardware ignores bits 7:0: vm.c keeps notes there. */
#define ENTRYLO_FRAME	   0xfffff000
#define ENTRYLO_WRITE	   0x00000400
#define ENTRYLO_VALID	   0x00000200
#define ENTRYLO_GLOBAL	   0x00000100
#define ENTRYHI_PAGE	   0xfffff000
#define ENTRYHI_ASID	   0x00000fc0
#define ENTRYHI_ASID_SHIFT 6
#define INDEX_SHIFT	   8
#define TLB_ENTRIES	   64

/* Address map, section 1.10. */
#define PAGE_SIZE  4096
#define PAGE_SHIFT 12
#define KSEG0	   0x80000000
#define KSEG2	   0xc0000000

/* LAMEbus, sections 2.1 to 2.3, in kseg1. */
#define BUS_SLOTS	  32
#define BUS_DEVICE(slot)  (0xbfe00000 + (slot)*0x10000)
#define BUS_CONFIG(slot)  (0xbfff0000 + (slot)*0x400)
#define BUS_CONFIG_DEVICE 0x004
#define BUS_RAM_SIZE	  0xbfff7e00
#define BUS_INTERRUPTS	  0xbfff7e04
#define BUS_POWER	  0xbfff7e08

/* Device ids, section 2.2. */
#define DEVICE_TIMER  2
#define DEVICE_DISK   3
#define DEVICE_SERIAL 4
#define DEVICE_TRACE  8
#define DEVICE_RANDOM 9

/* Timer, section 3.1. */
#define TIMER_SECONDS	  0x00
#define TIMER_NANOSECONDS 0x04
#define TIMER_RESTART	  0x08
#define TIMER_INTERRUPT	  0x0c /* reading it takes the interrupt back */
#define TIMER_COUNTDOWN	  0x10

/* Disk, section 3.2. */
#define DISK_SECTORS	 0x00
#define DISK_STATUS	 0x04
#define DISK_SECTOR	 0x08
#define DISK_BUFFER	 0x8000
#define DISK_IDLE	 0
#define DISK_START_READ	 1
#define DISK_START_WRITE 3
#define DISK_COMPLETE	 0x04
#define DISK_ERRORS	 0x18 /* invalid sector, media error */

/* Serial console, section 3.3. */
#define SERIAL_CHARACTER 0x00
#define SERIAL_WRITE_IRQ 0x04
#define SERIAL_ENABLE	 1
#define SERIAL_READY	 2

/* Trace card, section 3.7. */
#define TRACE_STOP 0x10

#endif
