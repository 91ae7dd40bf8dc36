/* The line table that LLVM makes for an object file: DWARF 4, section 6.2. */
#include "jit/llvm/links.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum standard_opcode {
	OP_EXTENDED,
	OP_COPY,
	OP_ADVANCE_PC,
	OP_ADVANCE_LINE,
	OP_SET_FILE,
	OP_SET_COLUMN,
	OP_NEGATE_STATEMENT,
	OP_BASIC_BLOCK,
	OP_CONST_ADD_PC,
	OP_FIXED_ADVANCE_PC,
};
enum extended_opcode {
	EXTENDED_END_SEQUENCE = 1
};

struct reader {
	const uint8_t *at, *end;
};

static uint64_t take(struct reader *reader, unsigned bytes)
{
	uint64_t value = 0;

	if ((size_t)(reader->end - reader->at) < bytes) {
		reader->at = reader->end;
		return 0;
	}
	memcpy(&value, reader->at, bytes); /* the host is little-endian, and so is the file */
	reader->at += bytes;
	return value;
}

static uint64_t take_leb(struct reader *reader, bool is_signed)
{
	uint64_t value = 0, byte = 0;
	unsigned shift = 0;

	do {
		byte = take(reader, 1);
		value |= (byte & 0x7F) << shift;
		shift += 7;
	} while (byte & 0x80 && shift < 63);
	if (is_signed && byte & 0x40)
		value |= ~(uint64_t)0 << shift;
	return value;
}

static void add(struct code_lines *lines, uint64_t offset, uint64_t line)
{
	struct code_line *last = lines->count ? &lines->lines[lines->count - 1] : NULL;

	if (last && last->offset == offset) {
		last->op = line ? (uint32_t)line - 1 : BACKEND_NO_OP;
		return;
	}
	if ((lines->count & (lines->count - 1)) == 0) {
		lines->lines =
		    realloc(lines->lines, (lines->count ? 2u * lines->count : 1u) * sizeof(*lines->lines));
		if (!lines->lines)
			abort();
	}
	lines->lines[lines->count++] = (struct code_line){offset, line ? (uint32_t)line - 1 : BACKEND_NO_OP};
}

struct code_lines code_lines_read(const uint8_t *data, size_t size)
{
	struct code_lines lines = {0};
	struct reader reader = {data, data + size};

	take(&reader, 4); /* length */
	if (take(&reader, 2) != 4)
		return lines;
	uint64_t header = take(&reader, 4);
	struct reader fields = reader;
	if (header > (size_t)(reader.end - reader.at))
		return lines;
	reader.at += header;
	take(&fields, 3); /* least instruction length, operations per instruction, default for statements */
	int line_base = (int8_t)take(&fields, 1);
	unsigned line_range = (unsigned)take(&fields, 1), opcode_base = (unsigned)take(&fields, 1);
	const uint8_t *operands = fields.at;
	uint64_t offset = 0, line = 1;

	if (line_range == 0 || opcode_base == 0 || (size_t)(fields.end - operands) < opcode_base)
		return lines;
	while (reader.at < reader.end) {
		unsigned opcode = (unsigned)take(&reader, 1);

		if (opcode >= opcode_base) {
			offset += (opcode - opcode_base) / line_range;
			line += (uint64_t)(line_base + (int)((opcode - opcode_base) % line_range));
			add(&lines, offset, line);
			continue;
		}
		switch ((enum standard_opcode)opcode) {
		case OP_EXTENDED: {
			uint64_t length = take_leb(&reader, false);

			if (length == 0 || length > (size_t)(reader.end - reader.at))
				return lines;
			if (*reader.at == EXTENDED_END_SEQUENCE) {
				add(&lines, offset, 0);
				return lines;
			}
			reader.at += length; /* the address among them: it is 0 */
			break;
		}
		case OP_COPY:
			add(&lines, offset, line);
			break;
		case OP_ADVANCE_PC:
			offset += take_leb(&reader, false);
			break;
		case OP_ADVANCE_LINE:
			line += take_leb(&reader, true);
			break;
		case OP_CONST_ADD_PC:
			offset += (255 - opcode_base) / line_range;
			break;
		case OP_FIXED_ADVANCE_PC:
			offset += take(&reader, 2);
			break;
		case OP_SET_FILE:
		case OP_SET_COLUMN:
		case OP_NEGATE_STATEMENT:
		case OP_BASIC_BLOCK:
		default:
			for (unsigned i = 0; i < operands[opcode - 1]; i++)
				take_leb(&reader, false);
		}
	}
	return lines;
}

void code_lines_free(struct code_lines *lines)
{
	free(lines->lines);
}

uint32_t code_lines_find(const struct code_lines *lines, uint64_t offset)
{
	unsigned low = 0, high = lines->count;

	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (lines->lines[middle].offset <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? lines->lines[low - 1].op : BACKEND_NO_OP;
}
