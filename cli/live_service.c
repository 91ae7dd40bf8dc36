#include "cli/live_service.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/live_capture.h"
#include "devices/host/console_input.h"
#include "runtime/core/host_clock.h"

#define VISIT_NS UINT64_C(5000000000)  /* until a machine is said not to come by */
#define READ_NS	 UINT64_C(10000000000) /* until a client that takes nothing is given up */
#define REST	 9		       /* between two visits: so many times what the last one took */

enum answer_state {
	ANSWER_NONE,
	ANSWER_ASKED, /* the machine has not come by yet */
	ANSWER_SENDING
};

struct answer {
	enum answer_state state;
	uint8_t *data; /* the answer; owned */
	size_t size, sent;
	uint64_t until; /* host time, ns */
};

struct live_service {
	const struct vm *vm;
	const struct address_counts *samples;
	struct vm_visitor visitor;
	int wake;  /* readable: the machine's wait is to end for a visit */
	int ready; /* readable: there was one */
	int kernel;
	const char *path;
	struct answer answers[METER_CLIENTS];
	bool visiting;
	uint64_t visit_until, rests_until;
	pthread_mutex_t lock;	  /* for what follows, and for asking */
	struct live_bytes blocks; /* data NULL: none */
	uint64_t took;		  /* the last visit, ns */
};

static void drain(int descriptor)
{
	uint64_t news;

	while (read(descriptor, &news, sizeof(news)) > 0)
		;
}

static void signal_to(int descriptor)
{
	const uint64_t news = 1;

	if (write(descriptor, &news, sizeof(news)) < 0)
		return; /* it is readable already */
}

/* The visitor's call, on the machine's thread. */
static void visit(void *context)
{
	struct live_service *service = context;
	uint64_t before = host_ns();

	pthread_mutex_lock(&service->lock); /* until the wish is complete */
	if (atomic_exchange(&service->visitor.wanted, false)) {
		drain(service->wake);
		free(service->blocks.data);
		service->blocks = live_capture(service->vm, service->samples);
		service->took = host_ns() - before;
		signal_to(service->ready);
	}
	pthread_mutex_unlock(&service->lock);
}

struct live_service *live_service_new(struct vm *vm, struct console_input *console,
				      const struct address_counts *samples)
{
	struct live_service *service;

	if (!vm->jit)
		return NULL;
	service = calloc(1, sizeof(*service));
	if (!service)
		abort();
	service->vm = vm;
	service->samples = samples;
	service->visitor = (struct vm_visitor){.visit = visit, .context = service};
	service->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	service->ready = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	service->kernel = -1;
	service->path = "";
	pthread_mutex_init(&service->lock, NULL);
	vm->options.visitor = &service->visitor;
	console_input_wake_by(console, service->wake);
	return service;
}

void live_service_free(struct live_service *service)
{
	if (!service)
		return;
	for (unsigned i = 0; i < METER_CLIENTS; i++)
		free(service->answers[i].data);
	free(service->blocks.data);
	if (service->wake >= 0)
		close(service->wake);
	if (service->ready >= 0)
		close(service->ready);
	pthread_mutex_destroy(&service->lock);
	free(service);
}

void live_service_kernel(struct live_service *service, int descriptor, const char *path)
{
	service->kernel = descriptor;
	service->path = path;
}

int live_service_descriptor(const struct live_service *service)
{
	return service->ready;
}

void live_service_ask(struct live_service *service, int client)
{
	service->answers[client] = (struct answer){.state = ANSWER_ASKED};
}

bool live_service_busy(const struct live_service *service, int client)
{
	return service->answers[client].state != ANSWER_NONE;
}

bool live_service_sends(const struct live_service *service, int client)
{
	return service->answers[client].state == ANSWER_SENDING;
}

static bool somebody_asks(const struct live_service *service)
{
	for (unsigned i = 0; i < METER_CLIENTS; i++)
		if (service->answers[i].state == ANSWER_ASKED)
			return true;
	return false;
}

static void start_visit(struct live_service *service)
{
	service->visiting = true;
	service->visit_until = host_ns() + VISIT_NS;
	/* In one: the machine must not wake up and find that nobody wants anything. */
	pthread_mutex_lock(&service->lock);
	atomic_store(&service->visitor.wanted, true);
	signal_to(service->wake);
	pthread_mutex_unlock(&service->lock);
}

/* All that asked get what the visit brought, or the text if it brought nothing. */
static void give(struct live_service *service, const struct live_bytes *blocks, const char *complaint)
{
	char line[128];
	size_t length;

	snprintf(line, sizeof(line), "{\"bytes\":%zu}\r\n", blocks->size);
	if (!blocks->data)
		snprintf(line, sizeof(line), "{\"error\":\"%s\"}\r\n", complaint);
	length = strlen(line);
	for (unsigned i = 0; i < METER_CLIENTS; i++) {
		struct answer *answer = &service->answers[i];

		if (answer->state != ANSWER_ASKED)
			continue;
		*answer = (struct answer){.state = ANSWER_SENDING,
					  .data = malloc(length + blocks->size),
					  .size = length + blocks->size,
					  .until = host_ns() + READ_NS};
		if (!answer->data)
			abort();
		memcpy(answer->data, line, length);
		if (blocks->data)
			memcpy(answer->data + length, blocks->data, blocks->size);
	}
}

/* Takes what the visit brought, if there was one. */
static void end_visit(struct live_service *service)
{
	struct live_bytes blocks;
	uint64_t now = host_ns();

	drain(service->ready);
	pthread_mutex_lock(&service->lock);
	blocks = service->blocks;
	service->blocks = (struct live_bytes){0};
	if (!blocks.data && now > service->visit_until)
		atomic_store(&service->visitor.wanted, false);
	pthread_mutex_unlock(&service->lock);
	if (!blocks.data && now <= service->visit_until)
		return;
	service->visiting = false;
	service->rests_until = now + REST * service->took;
	if (blocks.data)
		live_add_kernel(&blocks, service->kernel, service->path);
	give(service, &blocks, "it waits for its debugger, or nobody reads its output");
	free(blocks.data);
}

static void send_some(struct answer *answer, int descriptor)
{
	ssize_t sent = send(descriptor, answer->data + answer->sent, answer->size - answer->sent,
			    MSG_DONTWAIT | MSG_NOSIGNAL);

	if (sent > 0) {
		answer->sent += (size_t)sent;
		answer->until = host_ns() + READ_NS;
		if (answer->sent < answer->size)
			return;
	} else if (sent < 0 && (errno == EAGAIN || errno == EINTR) && host_ns() <= answer->until) {
		return;
	} else {
		shutdown(descriptor, SHUT_RDWR); /* what it has is no answer */
	}
	free(answer->data);
	*answer = (struct answer){.state = ANSWER_NONE};
}

void live_service_work(struct live_service *service, struct meter_socket *socket)
{
	if (service->visiting)
		end_visit(service);
	else if (somebody_asks(service) && host_ns() >= service->rests_until)
		start_visit(service);
	for (int i = 0; i < METER_CLIENTS; i++)
		if (service->answers[i].state == ANSWER_SENDING)
			send_some(&service->answers[i], meter_socket_descriptor(socket, i));
}
