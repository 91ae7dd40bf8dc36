#!/bin/sh
# Runs a guest as a recorded case says, and compares what it printed and how it ended with the record.
#
#   check.sh CASE GUEST_DIR SIMULATOR [OPTION...]           compare
#   check.sh CASE GUEST_DIR --original                      with $JIT161_ORIGINAL; skipped (77) if that is not set.
#                                                           $JIT161_FAST_CLOCK is a library that keeps it from waiting
#                                                           for the wall clock, which its figures depend on
#   check.sh --record CASE GUEST_DIR SIMULATOR [OPTION...]  write the record anew
#
# A case starts with four lines: kernel, configuration, arguments, image (digest of the guest's loadable bytes).
# Then come the console's output, the exit status, and the figures at power-off, each under a heading. The figures,
# and the order of the lines where programs run at the same time, belong to one binary guest: if another compiler
# has built another one, only the lines with results, in any order, and the exit status must agree.
set -u

record=no
if [ "$1" = --record ]; then
	record=yes
	shift
fi
case=$1
guest=$(cd "$2" && pwd)
shift 2
if [ "$1" = --original ]; then
	[ -n "${JIT161_ORIGINAL:-}" ] || exit 77
	set -- env ${JIT161_FAST_CLOCK:+LD_PRELOAD="$JIT161_FAST_CLOCK"} $JIT161_ORIGINAL
fi

field() {
	sed -n "s/^$1: *//p" "$case" | head -n 1
}

# The lines between a heading and the next.
section() {
	awk -v heading="== $1" '/^== / { inside = $0 == heading; next } inside' "$2"
}

# What does not depend on the compiler.
essence() {
	section console "$1" | grep -E 'checksum|^init: |^[a-z0-9.-]+ = ' | sort
	section status "$1"
}

kernel=$(field kernel)
configuration=$(field configuration)
arguments=$(field arguments)
image=$(cat "$guest/$kernel.sha256")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# In a directory of its own: a disk image is made there. The arguments are words without quotes.
(cd "$work" && exec "$@" -X -c "$guest/$configuration" "$guest/$kernel" $arguments) \
	>"$work/console" 2>"$work/messages" </dev/null
status=$?

{
	echo "kernel: $kernel"
	echo "configuration: $configuration"
	echo "arguments: $arguments"
	echo "image: $image"
	echo "== console"
	cat "$work/console"
	echo "== status"
	echo "$status"
	echo "== figures"
	# Not the real time.
	sed -E 's/^sys161: //' "$work/messages" |
		grep -E '^[0-9]+ cycles \(|^  cpu[0-9]+: |^[0-9]+ irqs |^Elapsed virtual time: '
} >"$work/result"

if [ $record = yes ]; then
	cp "$work/result" "$case"
elif [ "$image" = "$(field image)" ]; then
	diff -u "$case" "$work/result" || { cat "$work/messages"; exit 1; }
else
	essence "$case" >"$work/expected"
	essence "$work/result" >"$work/actual"
	diff -u "$work/expected" "$work/actual" || { cat "$work/messages"; exit 1; }
	echo "another compiler's guest: results compared, figures not"
fi
