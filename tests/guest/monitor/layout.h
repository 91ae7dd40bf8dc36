/* What start.S and the C sources agree on. */
#ifndef GUEST_MONITOR_LAYOUT_H
#define GUEST_MONITOR_LAYOUT_H

/* struct vm */
#define VM_HI	  128
#define VM_LO	  132
#define VM_PC	  136
#define VM_STATUS 140
#define VM_CAUSE  144
#define VM_VADDR  148

/* The private page lies at the very end of the address space, mapped by entry 0 of the TLB in all address spaces: so it is reached by
 * addresses relative to $0, when no register may be touched yet. */
#define PRIVATE_PAGE   0xfffff000
#define PRIVATE_K0     -4
#define PRIVATE_COUNT  -8
#define PRIVATE_VM     -12
#define PRIVATE_RESUME -16

/* Cycles from resume_guest()'s write of Count to the guest's first instruction, and from an exception to trap_entry's reading of it. */
#define CYCLES_ENTERING 6
#define CYCLES_LEAVING	3

/* The page of return stubs: one word for k0, then stubs of two instructions; none in the last two words, where the processor
 * would look at the next page (section 1.5). */
#define RETURN_FIRST 128
#define RETURN_STUBS 494

#endif
