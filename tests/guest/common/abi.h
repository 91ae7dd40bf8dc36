/*
 * What the guest kernel and its programs agree on: system call numbers, error codes, the word that wait()
 * gives. Also read by the assembler, hence no declarations here.
 *
 * A call puts its number in v0 and its arguments in a0 to a2; the result comes back in v0, negative for an
 * error. All other registers survive.
 */
#ifndef GUEST_COMMON_ABI_H
#define GUEST_COMMON_ABI_H

#define SYS_EXIT       1  /* exit(status): never returns */
#define SYS_FORK       2  /* fork(): 0 in the child, its pid in the parent */
#define SYS_EXEC       3  /* exec(name, argument): only returns to say why it failed */
#define SYS_WAIT       4  /* wait(&status): pid of a dead child */
#define SYS_GETPID     5  /* getpid() */
#define SYS_YIELD      6  /* yield() */
#define SYS_WRITE      7  /* write(buffer, length): to the console; at most WRITE_MAX bytes, never torn */
#define SYS_SBRK       8  /* sbrk(bytes): the old end of the heap */
#define SYS_SHARE      9  /* share(address): that heap page stays common to parent and child across fork */
#define SYS_TIME       10 /* time(): microseconds since the kernel started */
#define SYS_SLEEP      11 /* sleep(ticks): for so many ticks of TICK_MICROSECONDS */
#define SYS_DISK_READ  12 /* disk_read(sector, buffer) */
#define SYS_DISK_WRITE 13 /* disk_write(sector, buffer) */
#define SYS_SEND       14 /* send(channel, buffer, length): waits until all is sent */
#define SYS_RECEIVE    15 /* receive(channel, buffer, length): waits until all has come */
#define SYS_RANDOM     16 /* random(): a word from the random device */

#define ERROR_FAULT   (-1) /* bad address */
#define ERROR_INVALID (-2) /* bad argument or call number */
#define ERROR_MEMORY  (-3) /* out of memory or processes */
#define ERROR_NONE    (-4) /* no such program, or no child to wait for */
#define ERROR_IO      (-5) /* the disk refused */

/* wait() gives the exit status (0 to 255) or STATUS_KILLED + the exception code of what killed the child. */
#define STATUS_KILLED 0x100

#define WRITE_MAX	  256
#define ARGUMENT_MAX	  128 /* longest argument string, with its NUL */
#define SECTOR_SIZE	  512
#define USER_SECTORS	  2048 /* sectors that programs may use; the rest of the disk is swap space */
#define CHANNELS	  4
#define TICK_MICROSECONDS 4000

#endif
