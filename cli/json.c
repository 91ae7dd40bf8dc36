#include "cli/json.h"

#include <stdlib.h>

bool json_print(cJSON *root, FILE *file)
{
	char *text = cJSON_Print(root);
	bool written = file && text && fprintf(file, "%s\n", text) > 0;

	free(text);
	cJSON_Delete(root);
	return written;
}
