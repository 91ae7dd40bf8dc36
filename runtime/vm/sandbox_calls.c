#define _GNU_SOURCE
/* The system calls that a process with a running machine makes. A seccomp filter is a program of comparisons; this one is
 * a binary search for the number of the call, since the kernel tries it with every number when it is installed, and after
 * that lets calls through without it which are always allowed. */
#include "runtime/vm/sandbox.h"

#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FIRST_SHARED_NUMBER                                                                                  \
	424 /* from here on calls are newer than what a C library must be able to do without */
#define LAST_NUMBER 1024
#define MAX_PROGRAM BPF_MAXINSNS

enum verdict {
	DENY,	 /* EPERM */
	UNKNOWN, /* ENOSYS: the C library does it in an older way */
	ALLOW,
	CHECK_MAPPING,	/* not writable and executable at once */
	CHECK_CLONE,	/* threads only */
	CHECK_SIGNAL,	/* to this process only */
	CHECK_TERMINAL, /* its modes; nothing that types */
	CHECK_NAME,	/* prctl: a thread's name and such */
	CHECK_CONTROL,	/* fcntl: nothing that sends signals */
	CHECK_LIMIT,	/* prlimit64: reading */
	CHECK_PRIORITY, /* the calling thread's */
};

static const struct {
	int call;
	enum verdict verdict;
} rules[] = {
    /* files that are open */
    {SYS_read, ALLOW},
    {SYS_write, ALLOW},
    {SYS_readv, ALLOW},
    {SYS_writev, ALLOW},
    {SYS_pread64, ALLOW},
    {SYS_pwrite64, ALLOW},
    {SYS_lseek, ALLOW},
    {SYS_close, ALLOW},
    {SYS_fstat, ALLOW},
    {SYS_fsync, ALLOW},
    {SYS_fdatasync, ALLOW},
    {SYS_ftruncate, ALLOW},
    {SYS_fallocate, ALLOW},
    {SYS_flock, ALLOW},
    {SYS_getdents64, ALLOW},
    {SYS_fcntl, CHECK_CONTROL},
    {SYS_ioctl, CHECK_TERMINAL},
    {SYS_dup, ALLOW},
    {SYS_dup2, ALLOW},
    {SYS_dup3, ALLOW},
    {SYS_poll, ALLOW},
    {SYS_ppoll, ALLOW},
    {SYS_select, ALLOW},
    {SYS_pselect6, ALLOW},
    {SYS_epoll_create1, ALLOW},
    {SYS_epoll_ctl, ALLOW},
    {SYS_epoll_wait, ALLOW},
    {SYS_epoll_pwait, ALLOW},
    {SYS_epoll_pwait2, ALLOW},
    {SYS_pipe2, ALLOW},
    {SYS_eventfd2, ALLOW},
    /* files by name: Landlock says which */
    {SYS_open, ALLOW},
    {SYS_openat, ALLOW},
    {SYS_openat2, ALLOW},
    {SYS_stat, ALLOW},
    {SYS_lstat, ALLOW},
    {SYS_newfstatat, ALLOW},
    {SYS_statx, ALLOW},
    {SYS_statfs, ALLOW},
    {SYS_fstatfs, ALLOW},
    {SYS_access, ALLOW},
    {SYS_faccessat, ALLOW},
    {SYS_faccessat2, ALLOW},
    {SYS_readlink, ALLOW},
    {SYS_readlinkat, ALLOW},
    {SYS_getcwd, ALLOW},
    {SYS_unlink, ALLOW},
    {SYS_unlinkat, ALLOW},
    {SYS_rename, ALLOW},
    {SYS_renameat, ALLOW},
    {SYS_renameat2, ALLOW},
    /* sockets that are open; none can be made, bound or connected */
    {SYS_accept, ALLOW},
    {SYS_accept4, ALLOW},
    {SYS_recvfrom, ALLOW},
    {SYS_recvmsg, ALLOW},
    {SYS_sendto, ALLOW},
    {SYS_sendmsg, ALLOW},
    {SYS_shutdown, ALLOW},
    {SYS_getsockname, ALLOW},
    {SYS_getpeername, ALLOW},
    {SYS_getsockopt, ALLOW},
    {SYS_setsockopt, ALLOW},
    /* memory */
    {SYS_mmap, CHECK_MAPPING},
    {SYS_mprotect, CHECK_MAPPING},
    {SYS_munmap, ALLOW},
    {SYS_mremap, ALLOW},
    {SYS_madvise, ALLOW},
    {SYS_mincore, ALLOW},
    {SYS_brk, ALLOW},
    {SYS_memfd_create, ALLOW},
    /* threads and signals */
    {SYS_clone, CHECK_CLONE},
    {SYS_set_robust_list, ALLOW},
    {SYS_rseq, ALLOW},
    {SYS_futex, ALLOW},
    {SYS_sched_yield, ALLOW},
    {SYS_sched_getaffinity, ALLOW},
    {SYS_sched_getparam, ALLOW},
    {SYS_sched_getscheduler, ALLOW},
    {SYS_getpriority, CHECK_PRIORITY},
    {SYS_setpriority, CHECK_PRIORITY},
    {SYS_getcpu, ALLOW},
    {SYS_rt_sigaction, ALLOW},
    {SYS_rt_sigprocmask, ALLOW},
    {SYS_rt_sigreturn, ALLOW},
    {SYS_rt_sigsuspend, ALLOW},
    {SYS_sigaltstack, ALLOW},
    {SYS_restart_syscall, ALLOW},
    {SYS_pause, ALLOW},
    {SYS_tgkill, CHECK_SIGNAL},
    {SYS_kill, CHECK_SIGNAL},
    {SYS_exit, ALLOW},
    {SYS_exit_group, ALLOW},
    /* time, and what the process is */
    {SYS_clock_gettime, ALLOW},
    {SYS_clock_getres, ALLOW},
    {SYS_clock_nanosleep, ALLOW},
    {SYS_nanosleep, ALLOW},
    {SYS_gettimeofday, ALLOW},
    {SYS_time, ALLOW},
    {SYS_times, ALLOW},
    {SYS_getrusage, ALLOW},
    {SYS_getrlimit, ALLOW},
    {SYS_prlimit64, CHECK_LIMIT},
    {SYS_getrandom, ALLOW},
    {SYS_getpid, ALLOW},
    {SYS_getppid, ALLOW},
    {SYS_gettid, ALLOW},
    {SYS_getpgrp, ALLOW},
    {SYS_getpgid, ALLOW},
    {SYS_getuid, ALLOW},
    {SYS_geteuid, ALLOW},
    {SYS_getgid, ALLOW},
    {SYS_getegid, ALLOW},
    {SYS_uname, ALLOW},
    {SYS_sysinfo, ALLOW},
    {SYS_prctl, CHECK_NAME},
    /* its arguments are in memory, where a filter cannot look: clone does the same */
    {SYS_clone3, UNKNOWN},
};

struct program {
	struct sock_filter code[MAX_PROGRAM];
	unsigned length;
};

static void emit(struct program *program, uint16_t code, uint32_t k, uint8_t yes, uint8_t no)
{
	if (program->length < MAX_PROGRAM)
		program->code[program->length++] = (struct sock_filter){code, yes, no, k};
}

static void give_back(struct program *program, uint32_t action)
{
	emit(program, BPF_RET | BPF_K, action, 0, 0);
}

static void deny(struct program *program)
{
	give_back(program, SECCOMP_RET_ERRNO | EPERM);
}

/* The low half of an argument, all there is of those that are looked at but for pointers. */
static void load_argument(struct program *program, unsigned number)
{
	emit(program, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, args) + 8 * number, 0,
	     0);
}

static void load_argument_high(struct program *program, unsigned number)
{
	emit(program, BPF_LD | BPF_W | BPF_ABS,
	     (uint32_t)offsetof(struct seccomp_data, args) + 8 * number + 4, 0, 0);
}

/* Allows the call if the argument is one of these, and denies it otherwise. */
static void allow_values(struct program *program, unsigned number, const uint32_t *values, size_t count)
{
	load_argument(program, number);
	for (size_t i = 0; i < count; i++) {
		emit(program, BPF_JMP | BPF_JEQ | BPF_K, values[i], 0, 1);
		give_back(program, SECCOMP_RET_ALLOW);
	}
	deny(program);
}

/* Allows the call if all bits of `mask` that are set in the argument are those of `value`. */
static void allow_bits(struct program *program, unsigned number, uint32_t mask, uint32_t value)
{
	load_argument(program, number);
	emit(program, BPF_ALU | BPF_AND | BPF_K, mask, 0, 0);
	emit(program, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
	give_back(program, SECCOMP_RET_ALLOW);
	deny(program);
}

#define VALUES(...)                                                                                          \
	(const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t)

static void leaf(struct program *program, enum verdict verdict)
{
	switch (verdict) {
	case ALLOW:
		give_back(program, SECCOMP_RET_ALLOW);
		break;
	case UNKNOWN:
		give_back(program, SECCOMP_RET_ERRNO | ENOSYS);
		break;
	case CHECK_MAPPING: /* the protection is the third argument of both */
		load_argument(program, 2);
		emit(program, BPF_ALU | BPF_AND | BPF_K, PROT_WRITE | PROT_EXEC, 0, 0);
		emit(program, BPF_JMP | BPF_JEQ | BPF_K, PROT_WRITE | PROT_EXEC, 1, 0);
		give_back(program, SECCOMP_RET_ALLOW);
		deny(program);
		break;
	case CHECK_CLONE:
		allow_bits(program, 0,
			   CLONE_THREAD | CLONE_VM | CLONE_NEWNS | CLONE_NEWUSER | CLONE_NEWPID |
			       CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_PTRACE,
			   CLONE_THREAD | CLONE_VM);
		break;
	case CHECK_SIGNAL:
		allow_values(program, 0, VALUES((uint32_t)getpid()));
		break;
	case CHECK_TERMINAL:
		allow_values(program, 1,
			     VALUES(TCGETS, TCSETS, TCSETSW, TCSETSF, TCGETS2, TCSETS2, TCSETSW2, TCSETSF2,
				    TIOCGPGRP, TIOCGWINSZ, TCFLSH, FIONREAD));
		break;
	case CHECK_NAME:
		allow_values(program, 0, VALUES(PR_SET_NAME, PR_GET_NAME, PR_SET_VMA));
		break;
	case CHECK_CONTROL:
		allow_values(program, 1,
			     VALUES(F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_ADD_SEALS,
				    F_GET_SEALS));
		break;
	case CHECK_LIMIT: /* the new limits are a pointer */
		load_argument(program, 2);
		emit(program, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0);
		deny(program);
		load_argument_high(program, 2);
		emit(program, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0);
		deny(program);
		give_back(program, SECCOMP_RET_ALLOW);
		break;
	case CHECK_PRIORITY:
		load_argument(program, 0);
		emit(program, BPF_JMP | BPF_JEQ | BPF_K, PRIO_PROCESS, 1, 0);
		deny(program);
		allow_values(program, 1, VALUES(0));
		break;
	default:
		deny(program);
	}
}

/* A stretch of numbers with one verdict, up to the next one's `first`. */
struct stretch {
	unsigned first;
	enum verdict verdict;
};

/* The search among stretches; the number is in the accumulator. */
static void search(struct program *program, const struct stretch *stretches, unsigned count)
{
	if (count == 1) {
		leaf(program, stretches[0].verdict);
		return;
	}
	unsigned half = count / 2, jump = program->length;
	emit(program, BPF_JMP | BPF_JGE | BPF_K, stretches[half].first, 0, 0);
	search(program, stretches, half);
	unsigned distance = program->length - jump - 1;
	if (distance <= UINT8_MAX) {
		program->code[jump].jt = (uint8_t)distance;
	} else if (program->length < MAX_PROGRAM) {
		/* Too far for a conditional jump: one around an unconditional one. */
		memmove(&program->code[jump + 2], &program->code[jump + 1],
			distance * sizeof(program->code[0]));
		program->length++;
		program->code[jump].jf = 1;
		program->code[jump + 1] = (struct sock_filter){BPF_JMP | BPF_JA, 0, 0, distance};
	}
	search(program, stretches + half, count - half);
}

bool sandbox_enter_calls(void)
{
	static const size_t rule_count = sizeof(rules) / sizeof(rules[0]);
	uint8_t verdicts[LAST_NUMBER + 1] = {DENY};
	struct stretch stretches[2 * sizeof(rules) / sizeof(rules[0]) + 3];
	struct program program;
	unsigned count = 0;

	for (unsigned i = FIRST_SHARED_NUMBER; i <= LAST_NUMBER; i++)
		verdicts[i] = i < LAST_NUMBER ? UNKNOWN : DENY;
	for (size_t i = 0; i < rule_count; i++)
		verdicts[rules[i].call] = (uint8_t)rules[i].verdict;
	for (unsigned i = 0; i <= LAST_NUMBER; i++)
		if (i == 0 || verdicts[i] != verdicts[i - 1])
			stretches[count++] = (struct stretch){i, (enum verdict)verdicts[i]};

	program.length = 0;
	emit(&program, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
	emit(&program, BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
	give_back(&program, SECCOMP_RET_KILL_PROCESS);
	emit(&program, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
	search(&program, stretches, count);
	if (program.length >= MAX_PROGRAM) {
		errno = E2BIG;
		return false;
	}
	struct sock_fprog filter = {.len = (unsigned short)program.length, .filter = program.code};
	/* Without the flag old kernels would turn off the processor's speculation for the whole process; translated code has
	 * no secrets to guard from itself. */
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		       SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW, &filter) == 0;
}
