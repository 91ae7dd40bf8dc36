/* Random register traffic on every device of the bus, as a hostile guest could make it: machines without processors, whose
 * devices have a real tree, real images, a hub that damages frames, and a keyboard. Loads and stores go to registers,
 * buffers and where nothing is; time passes, input comes, machines are described and dumped meanwhile.
 *
 *   fuzz_devices [--accesses=N] [--seed=N] [--first=N]
 *
 * The sanitizers it is built with must have nothing to report, nothing outside of the emufs's tree may change, and a replica
 * that is fed with the recorded input must come to the same state. Machine i of a seed is always the same, but for what the
 * host does. The billion that the devices have been through, in a build with JIT161_SANITIZE=address,undefined:
 *   fuzz_devices --accesses=1000000000 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "devices/host/datagram.h"
#include "devices/host/frame.h"
#include "fuzz_board.h"

#define MACHINE_ACCESSES 200000
#define REPLICA_INTERVAL 8 /* machines */
#define START_TIME	 1000000000
#define CYCLE_NS	 40
#define LONG_NS		 70000000
#define HUB		 ".sockets/hub"

/* What is around a machine; a replica has none. */
struct outside {
	struct chooser chooser;
	struct datagram *hub;
	struct console_input *console;
	int keys, keyboard; /* the pipe that is read, and its other end or -1 */
};

/* --- the world --- */

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)status, (void)type;
	return where->level > 0 ? remove(path) : 0;
}

static void write_file(const char *name, const char *bytes)
{
	FILE *file = fopen(name, "w");

	if (!file || fputs(bytes, file) < 0 || fclose(file) != 0)
		fail(name);
}

static void fresh_directory(void)
{
	nftw(".", remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	if (mkdir("tree", 0755) != 0 || mkdir("tree/sub", 0755) != 0 || mkdir(".sockets", 0700) != 0 ||
	    symlink("../secret", "tree/link") != 0 || symlink("..", "tree/up") != 0)
		fail("cannot make the tree");
	write_file("tree/file", "contents");
	write_file("secret", "secret");
	write_file("image", "System/161 Disk Image");
	if (truncate("image", 512 + 8192 * 512) != 0)
		fail("cannot make the image");
}

/* Nothing but what is expected beside the tree, and the secret as it was. */
static void check_directory(void)
{
	static const char *const expected[] = {".",	 "..",	  "tree",  ".sockets",
					       "secret", "image", "disk0", "conf"};
	DIR *directory = opendir(".");
	const struct dirent *entry;
	char text[16] = "";
	int file = open("secret", O_RDONLY | O_CLOEXEC);

	if (file < 0 || read(file, text, sizeof(text) - 1) != 6 || strcmp(text, "secret") != 0)
		fail("the secret was changed");
	close(file);
	if (!directory)
		fail("the directory is gone");
	while ((entry = readdir(directory))) {
		bool known = false;

		for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
			known |= strcmp(entry->d_name, expected[i]) == 0;
		if (!known)
			fail(entry->d_name);
	}
	closedir(directory);
}

static void write_config(uint64_t number)
{
	char text[600];

	snprintf(
	    text, sizeof(text),
	    "0 serial\n1 emufs dir=tree\n2 disk file=disk0 sectors=8192 rpm=%s\n3 disk file=image nodoom\n"
	    "4 nic hwaddr=1\n5 nic hwaddr=2\n6 timer\n7 serial\n27 random seed=3\n28 random autoseed\n29 "
	    "timer\n"
	    "30 trace\n31 %s ramsize=512K%s\n",
	    number % 2 ? "60" : "2147483640", number % 4 == 3 ? "oldmainboard" : "mainboard",
	    number % 4 == 0   ? " cpus=4"
	    : number % 4 == 1 ? " cpus=32"
			      : "");
	write_file("conf", text);
}

static void open_outside(struct outside *outside, struct board *board)
{
	struct console_input_options options = {.output = STDOUT_FILENO, .not_only_terminal = true};
	const char *step;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
		fail("pipe");
	options.input = outside->keys = ends[0];
	outside->keyboard = ends[1];
	outside->console = console_input_open(&options);
	bus_set_console(board->bus, outside->console);
	outside->hub = datagram_open(HUB, &step);
	if (!outside->hub)
		fail(step);
}

static void close_outside(struct outside *outside)
{
	console_input_close(outside->console);
	close(outside->keys);
	if (outside->keyboard >= 0)
		close(outside->keyboard);
	datagram_close(outside->hub);
}

/* What comes from outside before a poll: characters, and frames that the hub has passed on, well or not. */
static void act_outside(struct outside *outside)
{
	struct chooser *chooser = &outside->chooser;
	uint8_t frame[FRAME_MAX + 64];
	char path[32];
	long size;

	if (outside->keyboard >= 0 && one_in(chooser, 4)) {
		uint8_t characters[16];

		for (size_t i = 0; i < sizeof(characters); i++)
			characters[i] = (uint8_t)choose(chooser, 256);
		(void)!write(outside->keyboard, characters, choose(chooser, sizeof(characters) + 1));
		if (one_in(chooser, 500)) {
			close(outside->keyboard);
			outside->keyboard = -1;
		}
	}
	size = datagram_receive(outside->hub, frame, FRAME_MAX);
	if (size < 0 && !one_in(chooser, 20))
		return;
	if (size < 0) { /* one that no card has sent */
		size = (long)choose(chooser, sizeof(frame));
		for (long i = 0; i < size; i++)
			frame[i] = (uint8_t)choose(chooser, 256);
	}
	if (size >= (long)FRAME_HEADER && one_in(chooser, 2)) {
		frame_store(frame, FRAME_FIELD_MAGIC, FRAME_MAGIC);
		frame_store(frame, FRAME_FIELD_DESTINATION, one_in(chooser, 2) ? FRAME_BROADCAST : 1);
		frame_store(frame, FRAME_FIELD_LENGTH, (uint32_t)size);
	}
	while (size > 0 && one_in(chooser, 3))
		frame[choose(chooser, (uint32_t)size)] = (uint8_t)choose(chooser, 256);
	snprintf(path, sizeof(path), ".sockets/net-%04x", 1 + choose(chooser, 2));
	datagram_send(outside->hub, path, frame, (size_t)size);
}

/* --- the guest --- */

static uint32_t some_offset(struct board *board)
{
	static const uint32_t controller[] = {0x7e00, 0x7e04, 0x7e08, 0x7e0c, 0x7e10, 0x7e14, 0x7e18};
	struct chooser *chooser = &board->guest;
	static const unsigned slots[] = {0, 1, 1, 2, 3, 4, 5, 6, 7, 27, 28, 29, 30, 31, 31, 31};
	unsigned slot;
	uint32_t within = choose(chooser, LAMEBUS_SLOT_SIZE / 4) * 4;
	const struct device_register *registers;
	unsigned rows = 0;

	do
		slot = slots[choose(chooser, sizeof(slots) / sizeof(slots[0]))];
	while (board->spared >> slot & 1);
	if (one_in(chooser, 64))
		return one_in(chooser, 4) ? choose(chooser, UINT32_MAX) & ~3u
					  : choose(chooser, LAMEBUS_SLOTS) * LAMEBUS_SLOT_SIZE + within;
	if (slot == LAMEBUS_CONTROLLER_SLOT) {
		if (one_in(chooser, 2))
			within = controller[choose(chooser, sizeof(controller) / sizeof(controller[0]))];
		else if (one_in(chooser,
				2)) /* a processor's: masks, lines, the last word of scratch memory */
			within =
			    0x8000 + choose(chooser, LAMEBUS_MAX_CPUS) * 0x400 +
			    (one_in(chooser, 3) ? 0x300 + choose(chooser, 64) * 4 : choose(chooser, 2) * 4);
		return slot * LAMEBUS_SLOT_SIZE + within;
	}
	registers = board->bus->types[slot]->registers;
	while (registers[rows].name)
		rows++;
	registers += choose(chooser, rows);
	return slot * LAMEBUS_SLOT_SIZE + registers->offset + choose(chooser, registers->size / 4) * 4;
}

static uint32_t some_value(struct chooser *chooser)
{
	static const char letters[] = "kujtxidne?";

	switch (choose(chooser, 8)) {
	case 0:
		return awkward_number(chooser);
	case 1:
		return choose(chooser, UINT32_MAX);
	case 2:
		return (uint32_t)letters[choose(chooser, sizeof(letters))];
	case 3:
		return choose(chooser, 5000);
	default:
		return choose(chooser, 10);
	}
}

static void load(struct board *board, uint32_t offset)
{
	unsigned cpu = choose(&board->guest, board->bus->cpu_count);
	uint32_t value;

	board->progress->accesses++;
	if (one_in(&board->guest, 8) ? bus_load_quietly(board->bus, cpu, offset, &value)
				     : bus_load(board->bus, cpu, offset, &value))
		board->progress->allowed++;
}

static void store(struct board *board, uint32_t offset, uint32_t value)
{
	unsigned cpu = choose(&board->guest, board->bus->cpu_count);

	board->progress->accesses++;
	if (one_in(&board->guest, 8))
		board->progress->allowed += bus_store_quietly(board->bus, cpu, offset, value) ||
					    bus_store_shows_state(board->bus, offset);
	else
		board->progress->allowed += bus_store(board->bus, cpu, offset, value);
}

/* A file operation that may come to something. */
static void file_operation(struct board *board)
{
	static const char *const paths[] = {
	    "file",  "sub",	"sub/new", "../secret",	     "link",	  "up/secret",
	    "",	     ".",	"/",	   "/etc/passwd",    "new",	  "sub/../../x",
	    "a/b/c", "up/conf", "..",	   "sub/../../conf", "tree/file", "%n%s"};
	struct chooser *chooser = &board->guest;
	const char *path = paths[choose(chooser, sizeof(paths) / sizeof(paths[0]))];
	const uint32_t base = 1 * LAMEBUS_SLOT_SIZE;
	bool opens = one_in(chooser, 2);
	uint8_t bytes[32] = {0};

	memcpy(bytes, path, strlen(path));
	for (uint32_t i = 0; i < sizeof(bytes); i += 4)
		store(board, base + 0x8000 + i, buffer_load(bytes, i));
	store(board, base + 0x00, opens || one_in(chooser, 4) ? 0 : choose(chooser, 6));
	store(board, base + 0x04, one_in(chooser, 2) ? 0 : choose(chooser, 40));
	store(board, base + 0x08, one_in(chooser, 4) ? some_value(chooser) : (uint32_t)strlen(path));
	store(board, base + 0x0c, opens ? 1 + choose(chooser, 3) : 1 + choose(chooser, 9));
}

static void send_frame(struct board *board)
{
	struct chooser *chooser = &board->guest;
	uint32_t base = (4 + choose(chooser, 2)) * LAMEBUS_SLOT_SIZE;
	uint32_t length = one_in(chooser, 4) ? choose(chooser, 5000) : 8 + choose(chooser, 100);

	store(board, base + 0x9004,
	      length << 16 | (one_in(chooser, 2) ? FRAME_BROADCAST : choose(chooser, 4)));
	store(board, base + 0x08, 2 + choose(chooser, 2));
}

static void disk_operation(struct board *board)
{
	struct chooser *chooser = &board->guest;
	uint32_t base = (2 + choose(chooser, 2)) * LAMEBUS_SLOT_SIZE;

	store(board, base + 0x08, one_in(chooser, 8) ? awkward_number(chooser) : choose(chooser, 8193));
	store(board, base + 0x04, one_in(chooser, 2) ? 1 : 3);
}

static void pass_time(struct board *board)
{
	struct event_queue *events = &board->events;
	struct event event;

	if (one_in(&board->guest, 4)) /* longer than most operations take */
		events->now += LONG_NS;
	else if (events->count > 0 && events->now < events->events[0].due)
		events->now = events->events[0].due;
	while (event_take_due(events, &event)) {
		board->progress->events++;
		board_read(bus_event_name(board->bus, &event));
		bus_event(board->bus, &event);
	}
}

static void look(struct board *board)
{
	struct bus_slot_info info;

	for (unsigned slot = 0; slot < LAMEBUS_SLOTS; slot++)
		if (bus_describe_slot(board->bus, slot, &info))
			board_read(info.registers);
	bus_states_digest(board->bus);
}

static void traffic(struct board *board, struct outside *outside)
{
	struct chooser *chooser = &board->guest;

	for (unsigned i = 0; i < MACHINE_ACCESSES && !board->events.overflow; i++) {
		uint32_t what = choose(chooser, 4096);

		board->events.now += CYCLE_NS;
		if (what < 128)
			pass_time(board);
		if (what % 256 == 1) {
			if (outside)
				act_outside(outside);
			bus_poll(board->bus);
			board->progress->polls++;
		}
		if (what % 512 == 2)
			file_operation(board);
		else if (what % 512 == 3)
			disk_operation(board);
		else if (what % 512 == 4)
			send_frame(board);
		else if (what == 5 && one_in(chooser, 16))
			look(board);
		else if (what == 6)
			board->spared = choose(chooser, UINT32_MAX) & ~(1u << LAMEBUS_CONTROLLER_SLOT);
		else if (what & 1)
			load(board, some_offset(board));
		else
			store(board, some_offset(board), some_value(chooser));
	}
	board->progress->overflows += board->events.overflow;
}

/* --- machines --- */

static void one_machine(struct progress *progress, uint64_t seed)
{
	uint64_t number = progress->machine;
	bool compared = number % REPLICA_INTERVAL == 0;
	struct board *board = board_new(progress, seed * 0x100000001B3u + number), *replica = NULL;
	struct outside outside = {.chooser = {.state = ~board->guest.state}};
	struct error error;
	char where[300];

	fresh_directory();
	write_config(number);
	if (compared)
		board->inputs.log = input_log_new();
	board->bus = bus_new(&board->services);
	bus_set_start_time(board->bus, START_TIME);
	if (!bus_configure(board->bus, "conf", NULL, 0, &error))
		fail(error.text);
	open_outside(&outside, board);
	if (compared) {
		replica = board_new(progress, board->guest.state);
		replica->inputs = (struct input_gate){.log = board->inputs.log, .replay = true};
		replica->bus = bus_new_replica(board->bus, &replica->services, &error);
		if (!replica->bus)
			fail(error.text);
	}
	traffic(board, &outside);
	if (replica) {
		traffic(replica, NULL);
		if (replica->inputs.diverged)
			fail("a replica has diverged");
		if (!bus_states_equal(board->bus, replica->bus, where, sizeof(where)))
			fail(where);
		progress->replicas++;
		bus_free(replica->bus);
		free(replica);
	}
	progress->disk += (uint64_t)board->statistics.disk_reads + board->statistics.disk_writes;
	progress->console += (uint64_t)board->statistics.console_reads + board->statistics.console_writes;
	progress->emufs += (uint64_t)board->statistics.emufs_reads + board->statistics.emufs_writes;
	progress->net += (uint64_t)board->statistics.net_reads;
	bus_free(board->bus);
	close_outside(&outside);
	input_log_free(board->inputs.log);
	free(board);
	check_directory();
}

static uint64_t number(const char *text)
{
	char *end;
	uint64_t value = strtoull(text, &end, 0);

	if (*end || end == text)
		fail("not a number");
	return value;
}

int main(int argc, char **argv)
{
	char directory[] = "/tmp/jit161-fuzz-XXXXXX";
	uint64_t accesses = 1000000, seed = 1;
	struct progress *progress =
	    mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;

	if (progress == MAP_FAILED)
		fail("mmap");
	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], "--accesses=", 11) == 0)
			accesses = number(argv[i] + 11);
		else if (strncmp(argv[i], "--seed=", 7) == 0)
			seed = number(argv[i] + 7);
		else if (strncmp(argv[i], "--first=", 8) == 0)
			progress->machine = number(argv[i] + 8);
		else
			fail("usage: fuzz_devices [--accesses=N] [--seed=N] [--first=N]");
	}
	if (!mkdtemp(directory) || chdir(directory) != 0)
		fail(directory);
	pid_t child = fork();
	if (child < 0)
		fail("fork");
	if (child == 0) {
		signal(SIGPIPE, SIG_IGN);
		for (; progress->accesses < accesses; progress->machine++)
			one_machine(progress, seed);
		exit(0);
	}
	if (waitpid(child, &status, 0) != child)
		fail("waitpid");
	nftw(".", remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	if (chdir("/") != 0 || rmdir(directory) != 0)
		perror(directory);
	if (status != 0) {
		fprintf(stderr, "machine %llu failed; again: --seed=%llu --first=%llu\n",
			(unsigned long long)progress->machine, (unsigned long long)seed,
			(unsigned long long)progress->machine);
		return 1;
	}
	printf("%llu accesses of %llu machines: %llu %% allowed, %llu hangs, %llu events, %llu polls, %llu "
	       "power-offs, %llu "
	       "queues full; %llu replicas the same\n",
	       (unsigned long long)progress->accesses, (unsigned long long)progress->machine,
	       (unsigned long long)(progress->allowed * 100 / progress->accesses),
	       (unsigned long long)progress->hangs, (unsigned long long)progress->events,
	       (unsigned long long)progress->polls, (unsigned long long)progress->powered_off,
	       (unsigned long long)progress->overflows, (unsigned long long)progress->replicas);
	printf("%llu sectors, %llu characters, %llu file transfers, %llu frames received\n",
	       (unsigned long long)progress->disk, (unsigned long long)progress->console,
	       (unsigned long long)progress->emufs, (unsigned long long)progress->net);
	if (!progress->disk || !progress->console || !progress->emufs || !progress->net ||
	    !progress->replicas) {
		printf("some device was not reached\n");
		return 1;
	}
	return 0;
}
