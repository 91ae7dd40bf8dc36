/* A back end in which one thing goes wrong, for test_compile_failures; all else is done by the real one. The symbols are found
 * by dlsym. */
#ifndef JIT161_TESTS_UNIT_JIT_FAILING_BACKEND_H
#define JIT161_TESTS_UNIT_JIT_FAILING_BACKEND_H

#include <stdatomic.h>

enum failure {
	FAILS_NOT,
	FAILS_VERSION,
	FAILS_LAYOUT, /* built with another struct cpu */
	FAILS_CREATE,
	FAILS_THREAD,
	/* of a compilation, the one that `at` counts and all after it: */
	FAILS_WITH_ERROR,
	FAILS_BY_ABORT,
	FAILS_BY_FAULT,
	FAILS_BY_DIVISION,
	FAILS_BY_STACK, /* it uses it up */
	FAILS_TO_END,
};

struct failing_backend {
	atomic_int failure; /* enum failure */
	atomic_int at;	    /* from 1 */
	atomic_int begun;   /* compilations since the failure was chosen */
};
#define FAILING_BACKEND_SYMBOL "jit161_failing_backend"

#endif
