#!/bin/sh
# Runs a Malta program and compares what it prints with what was recorded on QEMU's board.
#   check.sh EXPECTED PROGRAM jit161 OPTIONS...     one of our engines
#   check.sh EXPECTED PROGRAM --qemu big|little     QEMU, if it is installed (else: skipped, exit status 77)
set -u
expected=$1 program=$2 runner=$3
shift 3
output=$(mktemp) messages=$(mktemp)
trap 'rm -f "$output" "$messages"' EXIT

if [ "$runner" = --qemu ]; then
	qemu=qemu-system-mips
	[ "$1" = big ] || qemu=qemu-system-mipsel
	command -v "$qemu" >/dev/null || exit 77
	"$qemu" -M malta -cpu 24Kf -m 64 -nographic -no-reboot -net none -vga none \
		-icount shift=0,sleep=off -kernel "$program" \
		</dev/null 2>"$messages" | tr -d '\r' >"$output"
else
	"$runner" run --machine=malta --memory=16M --kernel="$program" "$@" </dev/null >"$output" 2>"$messages"
	status=$?
	if [ $status -ne 0 ]; then
		echo "exit status $status"
		cat "$messages"
		exit 1
	fi
fi
diff "$expected" "$output" || { cat "$messages"; exit 1; }
