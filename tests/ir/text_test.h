/* Tests that are text files: an input, a line `====`, and exactly what a tool has to make of the input. */
#ifndef JIT161_TESTS_IR_TEXT_TEST_H
#define JIT161_TESTS_IR_TEXT_TEST_H

#include "ir/ir.h"

/* `tool FILE` compares and is silent if all is well; `tool --show FILE` prints what the tool makes of the
 * input. `run` returns allocated text. */
int text_test_main(int argc, char **argv, char *(*run)(const char *input));

/* The region as allocated text, which has been parsed and printed again to the same; else NULL. */
char *text_test_print(const struct ir_region *region, struct error *error);
/* The one line of an error, allocated. */
char *text_test_error(const struct error *error);

#endif
