/* What a process can do and cannot do once it is in the sandbox. Each attempt is made by a child of its own, since there is
 * no way out. */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/vm/sandbox.h"

#define NO_LANDLOCK 200 /* exit statuses of children */
#define NO_SECCOMP  201

static char folder[64];
static int listener; /* a socket that was there before */

/* The result of an attempt is 0 or errno. */
typedef int attempt_function(void);

static int result(long value)
{
	return value < 0 ? errno : 0;
}

/* A path in the folder, until the next one. */
static const char *in_folder(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static int open_in(const char *name, int flags)
{
	return result(open(in_folder(name), flags, 0600));
}

/* The status that a child ends with which makes the attempt in the sandbox. */
static int in_sandbox(attempt_function *attempt)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		struct host_needs needs = {0};
		int tree = open(in_folder("writable"), O_RDONLY | O_DIRECTORY);

		host_needs_path(&needs, in_folder("readable"), HOST_READ);
		host_needs_path(&needs, in_folder("one"), HOST_READ | HOST_WRITE); /* a file */
		host_needs_path(&needs, in_folder("nothing"), HOST_READ);	   /* does not exist */
		host_needs_folder(&needs, tree, HOST_READ | HOST_WRITE);
		host_needs_path(&needs, in_folder("removable"), HOST_REMOVE);
		struct sandbox sandbox = sandbox_enter(&needs);
		host_needs_free(&needs);
		if (!sandbox.files)
			_exit(NO_LANDLOCK);
		if (!sandbox.calls)
			_exit(NO_SECCOMP);
		_exit(attempt());
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == NO_LANDLOCK || WEXITSTATUS(status) == NO_SECCOMP)
		skip();
	return WEXITSTATUS(status);
}

/* --- what must fail --- */

static int read_outside(void)
{
	return open_in("secret", O_RDONLY);
}

static int write_readable(void)
{
	return open_in("readable/file", O_WRONLY);
}

static int make_readable(void)
{
	return open_in("readable/new", O_WRONLY | O_CREAT);
}

static int make_outside(void)
{
	return open_in("new", O_WRONLY | O_CREAT);
}

static int climb(void)
{
	return open_in("writable/../secret", O_RDONLY);
}

static int follow_link(void)
{
	return open_in("writable/link", O_RDONLY);
}

static int list_outside(void)
{
	return open_in(".", O_RDONLY | O_DIRECTORY);
}

static int read_passwords(void)
{
	return result(open("/etc/passwd", O_RDONLY));
}

static int write_own_memory(void)
{
	return result(open("/proc/self/mem", O_RDWR));
}

static int remove_writable(void)
{
	return result(unlink(in_folder("writable/file")));
}

static int change_mode(void)
{
	return result(chmod(in_folder("secret"), 0777));
}

static int make_folder(void)
{
	return result(mkdir(in_folder("writable/folder"), 0777));
}

static int execute(void)
{
	return result(execl("/bin/true", "true", NULL));
}

static int execute_descriptor(void)
{
	int fd = open("/usr/bin/env", O_RDONLY);
	char *const words[] = {"env", NULL};

	return fd < 0 ? errno : result(syscall(SYS_execveat, fd, "", words, words, AT_EMPTY_PATH));
}

static int start_process(void)
{
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	return result(child);
}

static int new_namespace(void)
{
	return result(syscall(SYS_clone, CLONE_THREAD | CLONE_VM | CLONE_SIGHAND | CLONE_NEWUSER, NULL, NULL,
			      NULL, NULL));
}

static int unshare_users(void)
{
	return result(unshare(CLONE_NEWUSER));
}

static int internet_socket(void)
{
	return result(socket(AF_INET, SOCK_STREAM, 0));
}

static int unix_socket(void)
{
	return result(socket(AF_UNIX, SOCK_STREAM, 0));
}

static int other_socket(void)
{
	return result(socket(AF_NETLINK, SOCK_RAW, 0));
}

static int connect_old_socket(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/nothing"};

	return result(connect(listener, (struct sockaddr *)&address, sizeof(address)));
}

static int trace_parent(void)
{
	return result(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
}

static int signal_parent(void)
{
	return result(kill(getppid(), 0));
}

static int type_into_terminal(void)
{
	return result(ioctl(STDIN_FILENO, TIOCSTI, "x"));
}

static int writable_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
		       MAP_FAILED
		   ? errno
		   : 0;
}

static int code_made_writable(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return page == MAP_FAILED ? EFAULT : result(mprotect(page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC));
}

static int raise_limit(void)
{
	struct rlimit limit = {0, 0};

	return result(setrlimit(RLIMIT_CORE, &limit));
}

static int change_limit(void)
{
	struct rlimit limit = {0, 0};

	return result(syscall(SYS_prlimit64, 0, RLIMIT_CORE, &limit, NULL));
}

/* setpriority is checked alike, and would do harm if it were not. */
static int see_parent_priority(void)
{
	errno = 0;
	getpriority(PRIO_PROCESS, (id_t)getppid());
	return errno;
}

static int see_user_priority(void)
{
	errno = 0;
	getpriority(PRIO_USER, 0);
	return errno;
}

static int send_signals_by_file(void)
{
	return result(fcntl(listener, F_SETOWN, getppid()));
}

static int unknown_call(void)
{
	return result(syscall(463));
}

static int old_unlisted_call(void)
{
	return result(syscall(SYS_keyctl, 0, 0, 0, 0, 0));
}

static void refuses(void **state)
{
	static const struct {
		const char *name;
		attempt_function *attempt;
		int error;
	} attempts[] = {
	    {"reading a file outside", read_outside, EACCES},
	    {"writing where only reading is allowed", write_readable, EACCES},
	    {"making a file there", make_readable, EACCES},
	    {"making a file outside", make_outside, EACCES},
	    {"..", climb, EACCES},
	    {"a link that leads outside", follow_link, EACCES},
	    {"listing a folder outside", list_outside, EACCES},
	    {"/etc/passwd", read_passwords, EACCES},
	    {"/proc/self/mem", write_own_memory, EACCES},
	    {"removing a file that may be written", remove_writable, EACCES},
	    {"chmod", change_mode, EPERM},
	    {"mkdir", make_folder, EPERM},
	    {"execve", execute, EPERM},
	    {"execveat", execute_descriptor, EPERM},
	    {"fork", start_process, EPERM},
	    {"a thread in a new namespace", new_namespace, EPERM},
	    {"unshare", unshare_users, EPERM},
	    {"an internet socket", internet_socket, EPERM},
	    {"a Unix socket", unix_socket, EPERM},
	    {"a socket of another kind", other_socket, EPERM},
	    {"connecting", connect_old_socket, EPERM},
	    {"ptrace", trace_parent, EPERM},
	    {"a signal to another process", signal_parent, EPERM},
	    {"typing into the terminal", type_into_terminal, EPERM},
	    {"memory that is writable and executable", writable_code, EPERM},
	    {"making code writable", code_made_writable, EPERM},
	    {"setrlimit", raise_limit, EPERM},
	    {"prlimit64", change_limit, EPERM},
	    {"another process's priority", see_parent_priority, EPERM},
	    {"the user's priority", see_user_priority, EPERM},
	    {"F_SETOWN", send_signals_by_file, EPERM},
	    {"keyctl", old_unlisted_call, EPERM},
	    {"a system call that is newer than this", unknown_call, ENOSYS},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
		int error = in_sandbox(attempts[i].attempt);

		if (error != attempts[i].error)
			fail_msg("%s: %s", attempts[i].name, error ? strerror(error) : "succeeded");
	}
}

/* --- what must work --- */

static int read_readable(void)
{
	return open_in("readable/file", O_RDONLY);
}

static int list_readable(void)
{
	DIR *stream = opendir(in_folder("readable"));
	return stream && readdir(stream) ? 0 : errno;
}

static int cut_file(void)
{
	return open_in("one", O_RDWR | O_TRUNC);
}

static int make_writable(void)
{
	return open_in("writable/new", O_RDWR | O_CREAT | O_TRUNC);
}

static int remove_removable(void)
{
	return result(unlink(in_folder("removable/file")));
}

static int load_library(void)
{
	return dlopen("libelf.so.1", RTLD_NOW) && dlopen("libdw.so.1", RTLD_NOW) ? 0 : ELIBACC;
}

static int make_code(void)
{
	static const uint8_t code[] = {0xb8, 7, 0, 0, 0, 0xc3}; /* mov eax, 7; ret */
	int fd = memfd_create("code", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, 4096) < 0)
		return errno;
	void *writable = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	void *executable = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
	if (writable == MAP_FAILED || executable == MAP_FAILED)
		return errno;
	memcpy(writable, code, sizeof(code));
	int (*function)(void);
	*(void **)&function = executable;
	return function() - 7;
}

static void *other_thread(void *status)
{
	*(int *)status = open_in("secret", O_RDONLY);
	return NULL;
}

static int lower_own(void)
{
	return setpriority(PRIO_PROCESS, 0, 19) < 0 ? errno : getpriority(PRIO_PROCESS, 0) - 19;
}

/* And the thread is as confined. */
static int start_thread(void)
{
	pthread_t thread;
	int error = -1, problem = pthread_create(&thread, NULL, other_thread, &error);

	if (problem)
		return problem;
	pthread_join(thread, NULL);
	return error == EACCES ? 0 : ENOTRECOVERABLE;
}

static volatile sig_atomic_t handled;

static void handle(int number)
{
	handled = number;
}

static int signal_self(void)
{
	signal(SIGUSR1, handle);
	raise(SIGUSR1);
	return handled == SIGUSR1 ? 0 : ENOTRECOVERABLE;
}

static int read_limit(void)
{
	struct rlimit limit;

	return result(getrlimit(RLIMIT_STACK, &limit));
}

static int accept_old_socket(void)
{
	accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	return errno == EAGAIN ? 0 : errno;
}

static void permits(void **state)
{
	static const struct {
		const char *name;
		attempt_function *attempt;
	} attempts[] = {
	    {"reading", read_readable},
	    {"listing", list_readable},
	    {"cutting a file", cut_file},
	    {"making a file", make_writable},
	    {"removing a file", remove_removable},
	    {"loading a shared object", load_library},
	    {"making code", make_code},
	    {"a thread", start_thread},
	    {"the thread's own priority", lower_own},
	    {"a signal to oneself", signal_self},
	    {"reading a limit", read_limit},
	    {"accepting connections", accept_old_socket},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
		int error = in_sandbox(attempts[i].attempt);

		if (error)
			fail_msg("%s: %s", attempts[i].name, strerror(error));
	}
}

/* On a kernel without Landlock, or seccomp, the other part is still there, and the sandbox says what is missing. */
static void older_kernels(void **state)
{
	static const struct {
		uint32_t call;
		const char *problem;
	} missing[] = {{SYS_landlock_create_ruleset, "Landlock (Function not implemented)"},
		       {SYS_seccomp, "seccomp (Function not implemented)"}};

	(void)state;
	for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++) {
		struct sock_filter code[] = {
		    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, missing[i].call, 0, 1),
		    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		};
		struct sock_fprog filter = {.len = 4, .filter = code};
		struct host_needs needs = {0};
		pid_t child = fork();
		int status;

		if (child == 0) {
			prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
			if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) < 0)
				_exit(NO_SECCOMP);
			struct sandbox sandbox = sandbox_enter(&needs);
			_exit(strcmp(sandbox.problem, missing[i].problem) != 0 || sandbox.files != (i == 1) ||
			      sandbox.calls != (i == 0) ||
			      (socket(AF_UNIX, SOCK_STREAM, 0) < 0) != (i == 0) ||
			      (open("/etc/passwd", O_RDONLY) < 0) != (i == 1));
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status));
		if (WEXITSTATUS(status) == NO_SECCOMP)
			skip();
		assert_int_equal(WEXITSTATUS(status), 0);
	}
}

static void make_file(const char *name)
{
	assert_int_equal(open_in(name, O_WRONLY | O_CREAT), 0);
}

static int set_up(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char path[32];

	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/test_sandbox.XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	for (int i = 0; i < 3; i++) {
		static const char *const names[] = {"readable", "writable", "removable"};

		mkdir(in_folder(names[i]), 0700);
		snprintf(path, sizeof(path), "%s/file", names[i]);
		make_file(path);
	}
	make_file("secret");
	make_file("one");
	if (symlink("../secret", in_folder("writable/link")) < 0)
		return -1;
	strcpy(address.sun_path, in_folder("socket"));
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	return bind(listener, (struct sockaddr *)&address, sizeof(address)) == 0 ? listen(listener, 1) : -1;
}

static int tear_down(void **state)
{
	static const char *const names[] = {
	    "readable/file", "writable/file", "writable/new", "writable/link", "removable/file", "secret",
	    "one",	     "socket",	      "readable",     "writable",      "removable",	 ""};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		remove(in_folder(names[i]));
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(permits),
	    cmocka_unit_test(refuses),
	    cmocka_unit_test(older_kernels),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
