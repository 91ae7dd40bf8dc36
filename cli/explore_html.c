/* The page of a dump: explorer.html with the JSON in a script element. */
#include "cli/explore.h"

/* The page up to where the data goes, and what is behind. */
extern const char explorer_page[], explorer_page_end[];
__asm__(".section .rodata\n"
	"explorer_page:\n"
	".incbin \"" EXPLORER_PAGE "\"\n"
	"explorer_page_end:\n"
	".byte 0\n"
	".previous\n");

bool explore_html(struct exploration *exploration, FILE *file, struct error *error)
{
	bool ok;

	fwrite(explorer_page, 1, (size_t)(explorer_page_end - explorer_page), file);
	fputs("<script type=\"application/json\" id=\"data\">\n", file);
	ok = explore_json(exploration, file, error);
	fputs("</script>\n<script>start()</script>\n</body></html>\n", file);
	return ok;
}
