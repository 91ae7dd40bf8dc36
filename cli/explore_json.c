/* A dump as JSON. It is written as it is made: a kernel has tens of thousands of blocks. */
#include "cli/explore.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define DUMP_FORMAT  "jit161-dump"
#define DUMP_VERSION 1

/* In quotes; harmless inside an HTML script element, too. */
static void put_string(FILE *file, const char *text)
{
	fputc('"', file);
	for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
		if (*at == '"' || *at == '\\')
			fprintf(file, "\\%c", *at);
		else if (*at == '\t')
			fputs("\\t", file);
		else if (*at < ' ' || *at == '<' || *at >= 0x7F)
			fprintf(file, "\\u%04x", *at);
		else
			fputc(*at, file);
	}
	fputc('"', file);
}

static void put_line(FILE *file, const char **separator, const char *text, uint32_t guest, uint32_t op)
{
	fprintf(file, "%s[", *separator);
	put_string(file, text);
	if (guest != LISTING_NO_GUEST || op != LISTING_NO_OP)
		fprintf(file, ",%" PRId64, guest == LISTING_NO_GUEST ? -1 : (int64_t)guest);
	if (op != LISTING_NO_OP)
		fprintf(file, ",%" PRIu32, op);
	fputc(']', file);
	*separator = ",";
}

struct source_lines {
	FILE *file;
	const char *separator;
};

static void put_source_line(void *context, uint32_t guest, const char *line)
{
	struct source_lines *lines = context;

	put_line(lines->file, &lines->separator, line, guest, LISTING_NO_OP);
}

static void put_detail(struct exploration *exploration, const struct inspection *inspection, bool user,
		       FILE *file)
{
	struct source_lines source = {file, ""};
	const char *separator = "";

	fputs("{\"blocks\":[", file);
	for (unsigned i = 0; i < inspection->block_count; i++) {
		const struct inspected_block *block = &inspection->blocks[i];

		fprintf(file, "%s{\"va\":%" PRIu32 ",\"words\":%u,\"entry\":%s,\"targets\":[", separator,
			block->va, block->words, block->entry ? "true" : "false");
		for (unsigned k = 0; k < block->target_count; k++)
			fprintf(file, "%s%" PRIu32, k ? "," : "", block->targets[k]);
		fputs("]}", file);
		separator = ",";
	}
	fputs("],\"stages\":[{\"name\":\"source\",\"title\":\"guest source\",\"lines\":[", file);
	if (!user)
		explore_source(exploration->symbols, inspection->blocks, inspection->block_count,
			       put_source_line, &source);
	fputs("]}", file);
	for (unsigned i = 0; i < inspection->count; i++) {
		const struct listing *listing = &inspection->listings[i];

		separator = "";
		fprintf(file, ",{\"name\":\"%s\",\"title\":\"%s\",\"lines\":[", listing->name,
			listing->title);
		for (unsigned line = 0; line < listing->count; line++)
			put_line(file, &separator, listing_text(listing, line), listing->lines[line].guest,
				 listing->lines[line].op);
		fputs("]}", file);
	}
	fputs("]}", file);
}

bool explore_detail(struct exploration *exploration, unsigned number, FILE *file, struct error *error)
{
	const struct explored_block *block = &exploration->blocks[number];
	struct inspection inspection;
	bool ok = explore_inspect(exploration, block, &inspection, error);

	put_detail(exploration, &inspection, block->jit.user, file);
	inspection_free(&inspection);
	return ok;
}

/* The first blocks with all stages. */
static bool put_details(struct exploration *exploration, FILE *file, struct error *error)
{
	bool ok = true;

	fputs(",\n\"details\":[", file);
	for (unsigned i = 0; ok && i < exploration->details && i < exploration->count; i++) {
		fputs(i ? ",\n" : "\n", file);
		ok = explore_detail(exploration, i, file, error);
	}
	fputs("\n]", file);
	return ok;
}

/* --- files: names are long and few --- */

struct files {
	const char **names;
	unsigned count;
};

static unsigned file_number(struct files *files, const char *name)
{
	for (unsigned i = files->count; i-- > 0;)
		if (files->names[i] == name || strcmp(files->names[i], name) == 0)
			return i;
	files->names = realloc(files->names, (files->count + 1u) * sizeof(*files->names));
	if (!files->names)
		abort();
	files->names[files->count] = name;
	return files->count++;
}

static void put_run(const struct exploration *exploration, const struct explored_block *explored, FILE *file)
{
	const struct jit_block *block = &explored->jit;

	fprintf(file, ",\"tier\":%u,\"bytes\":%u,\"fate\":%d,\"wanted\":%" PRIu32 ",\"incoming\":%u",
		block->tier, block->code_bytes, (int)block->fate, block->wanted, block->incoming);
	if (explored->counted || exploration->counted == COUNTED_SAMPLES)
		fprintf(file, ",\"%s\":%" PRIu64 ",\"share\":%.6g",
			explored->counted ? "executions" : "estimated", explored->executions,
			explored->share);
	if (exploration->counted == COUNTED_SAMPLES)
		fprintf(file, ",\"samples\":%" PRIu64, explored->samples);
	if (block->tier == 2)
		fprintf(file, ",\"region\":%" PRIu32, block->head);
	if (explored->inner)
		fputs(",\"inner\":true", file);
	if (block->link_count == 0)
		return;
	fputs(",\"links\":[", file);
	for (unsigned i = 0; i < block->link_count; i++)
		fprintf(file, "%s[%" PRIu32 ",%s]", i ? "," : "", block->links[i].va,
			block->links[i].linked ? "true" : "false");
	fputc(']', file);
}

static void put_block(struct exploration *exploration, const struct explored_block *explored,
		      struct files *files, FILE *file)
{
	const struct jit_block *block = &explored->jit;
	struct place place = {0};

	fprintf(file, "{\"va\":%" PRIu32 ",\"pa\":%" PRIu32 ",\"instructions\":%u", block->va, block->pa,
		block->instructions);
	if (block->user)
		fputs(",\"user\":true", file);
	else
		place = symbols_place(exploration->symbols, block->va);
	if (place.function) {
		fputs(",\"function\":", file);
		put_string(file, place.function);
		fprintf(file, ",\"offset\":%" PRIu32, block->va - place.start);
	}
	if (place.file)
		fprintf(file, ",\"file\":%u,\"line\":%d", file_number(files, place.file), place.line);
	if (explored->cut.target_count > 0) {
		fputs(",\"targets\":[", file);
		for (unsigned i = 0; i < explored->cut.target_count; i++)
			fprintf(file, "%s%" PRIu32, i ? "," : "", explored->cut.targets[i]);
		fputc(']', file);
	}
	if (exploration->ran)
		put_run(exploration, explored, file);
	fputc('}', file);
}

static void put_event(const struct exploration *exploration, const struct jit_event *event, FILE *file)
{
	fprintf(file,
		"{\"loss\":\"%s\",\"va\":%" PRIu32 ",\"pa\":%" PRIu32 ",\"tier\":%u,\"executions\":%" PRIu32,
		jit_loss_names[event->loss], event->va, event->pa, event->tier, event->executions);
	if (event->user)
		fputs(",\"user\":true", file);
	if (event->loss == LOSS_REPLACED)
		fprintf(file, ",\"region\":%" PRIu32, event->head);
	if (event->loss == LOSS_WRITTEN) {
		fprintf(file, ",\"written\":%" PRIu32, event->written);
		if (event->cpu < 0)
			fputs(",\"by\":\"device\"", file);
		else
			fprintf(file, ",\"by\":\"cpu%d\"", event->cpu);
		if (event->pc != JIT_UNKNOWN_PC) {
			struct place place = symbols_function(exploration->symbols, event->pc);

			fprintf(file, ",\"pc\":%" PRIu32, event->pc);
			if (place.function && event->pc >> 31) {
				fputs(",\"function\":", file);
				put_string(file, place.function);
			}
		}
	}
	fputc('}', file);
}

bool explore_json(struct exploration *exploration, FILE *file, struct error *error)
{
	struct files files = {0};
	bool ok;

	fputs("{\"format\":\"" DUMP_FORMAT "\",\"version\":", file);
	fprintf(file, "%d,\n\"guest\":", DUMP_VERSION);
	put_string(file, exploration->guest);
	fprintf(file, ",\"ran\":%s,\"instructions\":%.0f,", exploration->ran ? "true" : "false",
		exploration->instructions);
	if (exploration->ran)
		fprintf(file, "\"live\":%s,\"counted_by\":\"%s\",", exploration->live ? "true" : "false",
			explore_counted_names[exploration->counted]);
	if (exploration->ran && exploration->counted == COUNTED_SAMPLES)
		fprintf(file, "\"samples\":%" PRIu64 ",", exploration->counts->total);
	fputs("\n\"fates\":[", file);
	for (unsigned i = 0; i < JIT_FATES; i++) {
		fputs(i ? "," : "", file);
		put_string(file, jit_fate_names[i]);
	}
	fputs("],\n\"blocks\":[\n", file);
	for (unsigned i = 0; i < exploration->count; i++) {
		put_block(exploration, &exploration->blocks[i], &files, file);
		fputs(i + 1 < exploration->count ? ",\n" : "\n", file);
	}
	fputs("],\n\"files\":[", file);
	for (unsigned i = 0; i < files.count; i++) {
		fputs(i ? "," : "", file);
		put_string(file, files.names[i]);
	}
	free(files.names);
	fprintf(file, "],\n\"lost\":%" PRIu64 ",\"events\":[", exploration->event_total);
	for (unsigned i = 0; i < exploration->event_count; i++) {
		fputs(i ? ",\n" : "\n", file);
		put_event(exploration, &exploration->events[i], file);
	}
	fputs("]", file);
	ok = put_details(exploration, file, error);
	fputs("}\n", file);
	return ok;
}
