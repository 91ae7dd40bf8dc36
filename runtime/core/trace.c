#include "runtime/core/trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const struct trace_letter trace_letters[] = {
    {'k', "kinsn", "Kernel-mode instructions", TRACE_KERNEL},
    {'u', "uinsn", "User-mode instructions", TRACE_USER},
    {'j', "jump", "Jumps", TRACE_JUMP},
    {'t', "tlb", "TLB operations", TRACE_TLB},
    {'x', "exn", "Exceptions", TRACE_EXCEPTION},
    {'i', "irq", "Interrupts", TRACE_INTERRUPT},
    {'d', "disk", "Disk activity", TRACE_DISK},
    {'n', "net", "Network activity", TRACE_NET},
    {'e', "emufs", "Emufs activity", TRACE_EMUFS},
    {0, NULL, NULL, 0},
};

uint32_t trace_flag_of(int letter)
{
	for (const struct trace_letter *row = trace_letters; row->name; row++)
		if (row->letter == letter)
			return row->flag;
	return 0;
}

void trace_text(const struct trace *trace, int source, const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	trace->write(trace->context, source, text);
}

void trace_line(const struct trace *trace, int source, const char *format, ...)
{
	char text[1100];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(text, sizeof(text) - 1, format, arguments);
	va_end(arguments);
	if (length < 0)
		return;
	if ((size_t)length > sizeof(text) - 2)
		length = (int)sizeof(text) - 2;
	text[length] = '\n';
	text[length + 1] = '\0';
	trace->write(trace->context, source, text);
}
