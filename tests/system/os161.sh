#!/bin/bash
# Runs an OS/161 system that somebody has built and installed, under each engine, and compares what can be seen of
# it from outside: console output, messages with the shutdown figures, exit status, and every file of the root
# folder afterwards, disk images included.
#
#   JIT161_OS161_ROOT=~/os161/root ctest -R system.os161 -V     from the build folder, or
#   JIT161_OS161_ROOT=~/os161/root tests/system/os161.sh build/release/jit161
#
# Environment:
#   JIT161_OS161_ROOT      the installed root: kernel, sys161.conf, disk images, testbin. Skipped (77) without it.
#                          Nothing in it is changed: each run has a fresh copy.
#   JIT161_OS161_KERNEL    the kernel, relative to the root; without it "kernel"
#   JIT161_OS161_CONFIG    the configuration; without it sys161.conf in the root. A seed is set for its random
#                          device. Images that do not exist are made, empty and of 8 MiB.
#   JIT161_OS161_COMMANDS  a file with one kernel argument string per line, # for comments; without it: boot, the
#                          tests among the kernel's commands, the file system tests if the second disk has an SFS
#                          volume, and the usual programs of testbin
#   JIT161_OS161_LIMIT     seconds that a run may take, 900 unless set; a command that takes longer under the first
#                          engine is left out, for tests that never end on an unfinished kernel
#   JIT161_ORIGINAL        a sys161 to compare with as well
#   JIT161_FAST_CLOCK      a shared object that is preloaded into it: its figures depend on the wall clock unless
#                          gettimeofday is always far ahead of virtual time
#
# The engines are compared with the interpreter, and the interpreter with the original.
set -u

if [ $# -ne 1 ]; then
	sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" >&2
	exit 2
fi
jit161=$(readlink -f "$1")
[ -x "$jit161" ] || { echo "no jit161 at $1" >&2; exit 2; }
if [ -z "${JIT161_OS161_ROOT:-}" ]; then
	echo "JIT161_OS161_ROOT is not set"
	exit 77
fi
root=$(readlink -f "$JIT161_OS161_ROOT")
kernel=${JIT161_OS161_KERNEL:-kernel}
config=$(readlink -f "${JIT161_OS161_CONFIG:-$root/sys161.conf}")
limit=${JIT161_OS161_LIMIT:-900}
original=${JIT161_ORIGINAL:-}
for file in "$root/$kernel" "$config"; do
	[ -f "$file" ] || { echo "there is no $file" >&2; exit 2; }
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ln -s "$jit161" "$work/disk161"

# The configuration's lines of one device, comments gone.
devices() {
	sed 's/#.*//' "$config" | awk -v device="$1" '$2 == device'
}

seed=()
slot=$(devices random | awk 'NR == 1 { print $1 }')
[ -z "$slot" ] || seed=(-C "$slot:seed=1")
images=$(devices disk | grep -o 'file=[^ 	]*' | sed 's/^file=//')

# The kernel has this command: its name is one of the kernel's strings.
has_command() {
	LC_ALL=C grep -aqP "\\x00$1\\x00" "$root/$kernel"
}

# The nth image has an SFS volume: its superblock follows the image's header.
has_volume() {
	local image
	image=$(sed -n "${1}p" <<<"$images")
	[ -n "$image" ] && [ -f "$root/$image" ] &&
		[ "$(od -An -tx1 -j512 -N4 "$root/$image" | tr -d ' ')" = abadf001 ]
}

default_commands() {
	echo q
	for test in at at2 bt tlt qt km1 km2 tt1 tt2 tt3 sem1 sy1 lt1 sy2; do
		has_command $test && echo "$test;q"
	done
	if has_volume 2; then
		for test in fs1 fs2 fs4; do
			has_command $test && echo "mount sfs lhd1:;$test lhd1;unmount lhd1:;q"
		done
	fi
	for program in palin matmult sort huge triplehuge triplesort triplemat forktest bigfork parallelvm; do
		[ -f "$root/testbin/$program" ] && echo "p testbin/$program;q"
	done
}

# run NAME COMMAND SIMULATOR [OPTION...]: leaves what is compared in $work/NAME.{console,messages,files}, and all
# messages in $work/NAME.log.
run() {
	local name=$1 command=$2 status
	shift 2
	mkdir "$work/root"
	cp -a --sparse=always "$root/." "$work/root"
	for image in $images; do
		[ -f "$work/root/$image" ] || (cd "$work/root" && "$work/disk161" create "$image" 8M)
	done
	(cd "$work/root" && exec timeout "$limit" "$@" -X -c "$config" "${seed[@]}" "$kernel" "$command") \
		>"$work/$name.console" 2>"$work/$name.log" </dev/null
	status=$?
	# Not our own summary, the version, nor the real time.
	sed -e '/^sys161: --- jit161/,$d' -e '/^sys161: System\/161 .* compiled /d' \
		-e '/^sys161: Elapsed real time:/d' "$work/$name.log" >"$work/$name.messages"
	echo "exit status $status" >>"$work/$name.messages"
	(cd "$work/root" && find . -type f -exec sha256sum {} + | LC_ALL=C sort -k 2) >"$work/$name.files"
	rm -rf "$work/root"
	[ $status -ne 124 ]
}

# same NAME NAME: the two runs left the same.
same() {
	for part in console messages files; do
		diff -u "$work/$1.$part" "$work/$2.$part" >"$work/difference" || return 1
	done
}

# The share of cycles that a run executed translated.
share() {
	sed -n 's/^sys161: *\([0-9.]* %\) of cycles in translated code.*/\1/p' "$work/$1.log"
}

failures=0
compared=0

# against NAME NAME: reports how the second run compares with the first.
against() {
	local text
	if same "$1" "$2"; then
		text=$(share "$2")
		echo "  $2: same as $1${text:+, $text of cycles translated}"
		compared=$((compared + 1))
	else
		echo "  $2: DIFFERS from $1"
		head -n 40 "$work/difference" | cut -c 1-200
		failures=$((failures + 1))
	fi
}

if [ -n "${JIT161_OS161_COMMANDS:-}" ]; then
	grep -v '^[[:space:]]*\(#.*\)\{0,1\}$' "$JIT161_OS161_COMMANDS" >"$work/commands"
else
	default_commands >"$work/commands"
fi

while IFS= read -r command <&3; do
	echo "$command"
	if ! run reference "$command" "$jit161" run --engine=reference; then
		echo "  reference: not at its end after $limit s, left out"
		continue
	fi
	if [ -n "$original" ]; then
		run original "$command" env ${JIT161_FAST_CLOCK:+LD_PRELOAD="$JIT161_FAST_CLOCK"} "$original"
		against original reference
	fi
	run jit "$command" "$jit161" run --engine=jit
	against reference jit
	run calls "$command" "$jit161" run --engine=jit --sensitive=call
	against reference calls
	# Compiled early and at once, so that as much as possible is compared.
	run lockstep "$command" "$jit161" run --engine=lockstep --threshold=500 --compile-threads=0
	against reference lockstep
done 3<"$work/commands"

echo "$compared comparisons without a difference, $failures with one"
[ $failures -eq 0 ] && [ $compared -gt 0 ]
