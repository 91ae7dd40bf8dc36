/* libcjson, which is loaded when something of it is called for the first time: most runs write no JSON, and loading it costs a
 * short one a twentieth of its time. The functions are the library's, with its declarations; each calls the real one. */
#include <cjson/cJSON.h>
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/exit_codes.h"

#define LIBRARY "libcjson.so.1"

/* As the loader would have done at the start. */
__attribute__((noreturn)) static void fail(void)
{
	fprintf(stderr, "jit161: %s\n", dlerror());
	exit(EXIT_ERROR);
}

/* A function by its name, remembered in `known`; from any thread. */
static void *find(_Atomic(void *) *known, const char *name)
{
	void *function = atomic_load_explicit(known, memory_order_relaxed);

	if (function)
		return function;
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	function = library ? dlsym(library, name) : NULL;
	if (!function)
		fail();
	atomic_store_explicit(known, function, memory_order_relaxed);
	return function;
}

#define CALL(type, name, parameters, arguments)                                                              \
	type name parameters                                                                                 \
	{                                                                                                    \
		static _Atomic(void *) known;                                                                \
		return ((type(*) parameters)find(&known, #name))arguments;                                   \
	}

CALL(cJSON *, cJSON_CreateObject, (void), ())
CALL(cJSON *, cJSON_CreateArray, (void), ())
CALL(cJSON *, cJSON_CreateNumber, (double number), (number))
CALL(cJSON *, cJSON_CreateString, (const char *string), (string))
CALL(cJSON_bool, cJSON_AddItemToObject, (cJSON * object, const char *name, cJSON *item), (object, name, item))
CALL(cJSON_bool, cJSON_AddItemToArray, (cJSON * array, cJSON *item), (array, item))
CALL(cJSON *, cJSON_AddObjectToObject, (cJSON *const object, const char *const name), (object, name))
CALL(cJSON *, cJSON_AddArrayToObject, (cJSON *const object, const char *const name), (object, name))
CALL(cJSON *, cJSON_AddBoolToObject, (cJSON *const object, const char *const name, const cJSON_bool value),
     (object, name, value))
CALL(cJSON *, cJSON_AddNumberToObject, (cJSON *const object, const char *const name, const double number),
     (object, name, number))
CALL(cJSON *, cJSON_AddStringToObject,
     (cJSON *const object, const char *const name, const char *const string), (object, name, string))
CALL(cJSON *, cJSON_AddRawToObject, (cJSON *const object, const char *const name, const char *const raw),
     (object, name, raw))
CALL(cJSON *, cJSON_Parse, (const char *text), (text))
CALL(cJSON *, cJSON_GetObjectItemCaseSensitive, (const cJSON *const object, const char *const name),
     (object, name))
CALL(cJSON_bool, cJSON_HasObjectItem, (const cJSON *object, const char *name), (object, name))
CALL(double, cJSON_GetNumberValue, (const cJSON *const item), (item))
CALL(char *, cJSON_GetStringValue, (const cJSON *const item), (item))
CALL(cJSON_bool, cJSON_IsNumber, (const cJSON *const item), (item))
CALL(cJSON *, cJSON_CreateDoubleArray, (const double *numbers, int count), (numbers, count))
CALL(int, cJSON_GetArraySize, (const cJSON *array), (array))
CALL(char *, cJSON_Print, (const cJSON *item), (item))
CALL(char *, cJSON_PrintUnformatted, (const cJSON *item), (item))

void cJSON_Delete(cJSON *item)
{
	static _Atomic(void *) known;

	((void (*)(cJSON *))find(&known, "cJSON_Delete"))(item);
}
