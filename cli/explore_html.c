/* The page of a dump: explorer.html with the data in script elements, packed, since a browser takes longest to read the page: the JSON
 * of all blocks in one, and the stages of each block that has some in one that is unpacked when they are looked at. */
#include "cli/explore.h"

#include <stdlib.h>

#include "cli/pack.h"

/* The page up to where the data goes, and what is behind. */
extern const char explorer_page[], explorer_page_end[];
__asm__(".section .rodata\n"
	"explorer_page:\n"
	".incbin \"" EXPLORER_PAGE "\"\n"
	"explorer_page_end:\n"
	".byte 0\n"
	".previous\n");

/* A script element with what `write` writes. */
static bool put_packed(struct exploration *exploration, unsigned number, const char *attribute,
		       bool (*write)(struct exploration *, unsigned, FILE *, struct error *), FILE *file,
		       struct error *error)
{
	char *text = NULL;
	size_t size = 0;
	FILE *memory = open_memstream(&text, &size);
	bool ok;

	if (!memory)
		abort();
	ok = write(exploration, number, memory, error);
	fclose(memory);
	fprintf(file, "<script type=\"text/plain\" %s data-size=\"%zu\">", attribute, size);
	pack(text, size, file);
	fputs("</script>\n", file);
	free(text);
	return ok;
}

static bool write_index(struct exploration *exploration, unsigned number, FILE *file, struct error *error)
{
	struct exploration index = *exploration;

	(void)number;
	index.details = 0;
	return explore_json(&index, file, error);
}

bool explore_html(struct exploration *exploration, FILE *file, struct error *error)
{
	bool ok;

	fwrite(explorer_page, 1, (size_t)(explorer_page_end - explorer_page), file);
	ok = put_packed(exploration, 0, "id=\"data\"", write_index, file, error);
	for (unsigned i = 0; ok && i < exploration->details && i < exploration->count; i++)
		ok = put_packed(exploration, i, "class=\"detail\"", explore_detail, file, error);
	fputs("<script>start()</script>\n</body></html>\n", file);
	return ok;
}
