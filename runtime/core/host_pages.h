/* Pages of the host's memory. The first touch of each costs a fault, on virtual machines 10 us and more, and most runs of a
 * guest are short: large tables of which little is used are not to be cleared by hand, and what is filled at once is not
 * to be made page by page. */
#ifndef JIT161_RUNTIME_CORE_HOST_PAGES_H
#define JIT161_RUNTIME_CORE_HOST_PAGES_H

#include <stddef.h>

/* `size` bytes that read as zero and of which the host makes pages as they are touched; NULL if there is no room. The
 * caller's, for host_pages_free with the same size. */
void *host_pages_new(size_t size);
void host_pages_free(void *pages, size_t size);
/* Has the host make the pages of [start, start + size) together; what is in them stays. The range is widened to whole pages,
 * all of which must be mapped and writable. Only advice: the host may decline. */
void host_pages_make(void *start, size_t size);

#endif
