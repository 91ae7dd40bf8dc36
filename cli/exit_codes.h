/* Exit statuses, System/161 reference, section 5.5. */
#ifndef JIT161_CLI_EXIT_CODES_H
#define JIT161_CLI_EXIT_CODES_H

enum exit_code {
	EXIT_NORMAL = 0, /* power-off */
	EXIT_CRASH = 1,	 /* the machine hung or idles for ever, or a trace card asked for a stop; lockstep: a
			    difference */
	EXIT_ERROR = 2,	 /* configuration, usage, image or host errors */
	EXIT_REQUESTED = 3, /* doom counter, debugger */
	EXIT_LIMIT = 4,	    /* --limit; not the original's */
};

#endif
