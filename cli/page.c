#include "cli/page.h"

#include "cli/svg.h"

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n"
    "<style>\n"
    ":root { color-scheme: light dark; --line: #8884; }\n"
    "body { font: 18px/1.5 system-ui, sans-serif; max-width: 1000px; margin: 2em auto; padding: 0 1em; }\n"
    "h1 { font-size: 1.5em; } h2 { font-size: 1.2em; margin-top: 2em; }\n"
    "table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }\n"
    "th, td { text-align: right; padding: .2em .6em; border-bottom: 1px solid var(--line); }\n"
    "th:first-child, td:first-child { text-align: left; }\n"
    "svg { width: 100%; height: auto; } svg text { font-size: 15px; fill: currentColor; }\n"
    ".grid { stroke: var(--line); }\n"
    ".wrong { color: #d55e00; font-weight: bold; }\n"
    "</style>\n";

void page_start(FILE *file, const char *title)
{
	fputs(head, file);
	fputs("<title>", file);
	html_text(file, title);
	fputs("</title></head><body>\n<h1>", file);
	html_text(file, title);
	fputs("</h1>\n", file);
}

void page_end(FILE *file)
{
	fputs("</body></html>\n", file);
}
