/* Another program beside our techniques: the original sys161, QEMU, or the host's own twin of the guest. */
#ifndef JIT161_STUDY_EXTERNAL_H
#define JIT161_STUDY_EXTERNAL_H

#include "study/measure.h"

struct external {
	const char *command; /* as a shell splits it; NAME=VALUE words may come first */
	bool native;	     /* a program for the host: gets no arguments, and its results are not compared */
};

/* Runs it to its end. A System/161 machine is described to it as to the original (-c, -C, kernel, arguments), with copies of
 * the disk images that the configuration names; Malta as to QEMU (-m, -kernel, -append). `result` gets times, the digest of
 * its output, and as figures whatever it wrote on standard error. */
bool measure_external(const struct guest *guest, const struct external *external, unsigned timeout,
		      struct measurement *result);

#endif
