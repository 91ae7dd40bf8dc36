/* The frame of an HTML page of ours that needs nothing else: no scripts, no network. */
#ifndef JIT161_CLI_PAGE_H
#define JIT161_CLI_PAGE_H

#include <stdio.h>

/* Up to the page's heading, which is its title. The page's class `wrong` marks what is. */
void page_start(FILE *file, const char *title);
void page_end(FILE *file);

#endif
