/* JSON as the programs write it. */
#ifndef JIT161_CLI_JSON_H
#define JIT161_CLI_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdio.h>

/* Writes `root` and frees it. NULL for a file writes nothing. False: it is not written; errno says why. */
bool json_print(cJSON *root, FILE *file);

#endif
