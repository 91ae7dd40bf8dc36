#!/bin/bash
# Worked example C of the System/161 reference, section 6.6: runs the OS/161 base system in the one image that the
# recorded figures belong to, under each engine, and compares its shutdown figures with them.
#
#   JIT161_EXAMPLE_C=~/kernel-DUMBVM tests/system/example-c.sh build/release/jit161
#
# Environment:
#   JIT161_EXAMPLE_C  the image. Skipped (77) without it. Its bytes at 0x80000000 must be those of the record.
#
# The rows that profile (-P) are missing: that option does not exist here.
set -u

if [ $# -ne 1 ]; then
	sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" >&2
	exit 2
fi
jit161=$(readlink -f "$1")
[ -x "$jit161" ] || { echo "no jit161 at $1" >&2; exit 2; }
if [ -z "${JIT161_EXAMPLE_C:-}" ]; then
	echo "JIT161_EXAMPLE_C is not set"
	exit 77
fi
image=$(readlink -f "$JIT161_EXAMPLE_C")

# word OFFSET [BYTES]: a big-endian number of the image.
word() {
	od -An -tu"${2:-4}" --endian=big -j"$1" -N"${2:-4}" "$image" 2>/dev/null | tr -d ' '
}

# The MD5 sum of what the segment at 0x80000000 has in the file.
segment_sum() {
	local at size count
	[ "$(word 0)" = $((0x7f454c46)) ] || return # no ELF file
	at=$(word 28)
	size=$(word 42 2)
	count=$(word 44 2)
	while [ "$count" -gt 0 ]; do
		if [ "$(word "$at")" = 1 ] && [ "$(word $((at + 8)))" = $((0x80000000)) ]; then
			tail -c +$(($(word $((at + 4))) + 1)) "$image" | head -c "$(word $((at + 16)))" | md5sum |
				cut -d' ' -f1
		fi
		at=$((at + size))
		count=$((count - 1))
	done
}

if [ "$(segment_sum)" != 0073d69623c6328e4a185a6c2907c2c3 ]; then
	echo "$image is another image: the figures are not for it" >&2
	exit 2
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
ln -s "$jit161" disk161

common="0 serial
1 emufs
28 random seed=1
29 timer
30 trace"
echo "$common
31 mainboard ramsize=4M cpus=1" >S.conf
echo "$common
2 disk rpm=7200 file=LHD0.img
3 disk rpm=7200 file=LHD1.img
31 mainboard ramsize=16M cpus=1" >D.conf

# Configuration, seed, processors, argument: cycles, run, idle; kernel and idle cycles of processor 0; its ll, sc,
# failed sc, sync; interrupts; console writes; virtual time.
rows="
S 1 1 q      51120424  27226531 23893893 3332638 0    6116  6116  0 63156 544  567  1.093350623
S 2 1 q      50718926  27026372 23692554 3333818 0    6121  6121  0 63166 544  567  1.085344263
S 1 1 tt1;q  147531507 77225822 70305685 6920137 0    17895 17895 0 93066 1615 1624 3.093322263
S 1 2 q      51104497  27225357 23879140 3340390 5827 6138  6138  0 63198 547  568  1.093303663
S 1 4 tt1;q  147311484 77126506 70184978 6935701 5827 17922 17922 0 93102 1622 1625 3.089349623
S 1 8 q      50682201  27025360 23656841 3362692 5827 6180  6180  0 63229 553  568  1.085303783
D 1 1 q      54475987  28975992 25499995 3475997 0    6553  6553  0 64275 579  602  1.163329063
D 1 8 q      54141640  28825984 25315656 3504501 5827 6607  6607  0 64328 588  603  1.157328743
"
# The other processors: kernel and idle cycles, ll, sc, failed sc, sync. Only some rows have a record of them.
declare -A others=(
["S 1 2 q"]="
1278942 2067275 7 7 0 15"
["S 1 4 tt1;q"]="
1280091 5661437 7 7 0 15
1279939 5661589 6 5 1 10
1279789 5661739 7 5 2 10"
["S 1 8 q"]="
1278945 2089574 7 7 0 15
1278793 2089726 6 5 1 10
1278643 2089876 7 5 2 10
1278557 2089962 8 5 3 10
1278351 2090168 9 5 4 10
1278193 2090326 10 5 5 10
1278043 2090476 11 5 6 10"
)

cpu_line() {
	echo "sys161:   cpu$1: $2 kern, 0 user, $3 idle; $4 ll, $5/$6 sc, $7 sync"
}

failures=0
while read -r machine seed cpus argument cycles run idle kern cpu0_idle ll sc failed sync irqs writes seconds; do
	[ -n "$machine" ] || continue
	other=${others["$machine $seed $cpus $argument"]:-}
	{
		echo "sys161: $cycles cycles ($run run, $idle global-idle)"
		cpu_line 0 "$kern" "$cpu0_idle" "$ll" "$sc" "$failed" "$sync"
		number=1
		while read -r line; do
			[ -n "$line" ] || continue
			# shellcheck disable=SC2086
			cpu_line $number $line
			number=$((number + 1))
		done <<<"$other"
		echo "sys161: $irqs irqs 0 exns 0r/0w disk 0r/${writes}w console 0r/0w/1m emufs 0r/0w net"
		echo "sys161: Elapsed virtual time: $seconds seconds (25 mhz)"
	} >expected
	for engine in reference jit lockstep; do
		if [ "$machine" = D ]; then
			rm -f LHD0.img LHD1.img
			./disk161 create LHD0.img 8M && ./disk161 create LHD1.img 8M || exit 2
		fi
		"$jit161" run --engine=$engine -X -c "$machine.conf" -C 28:seed="$seed" -C 31:cpus="$cpus" "$image" \
			"$argument" 2>messages >console </dev/null
		status=$?
		[ -n "$other" ] || sed -i '/^sys161:   cpu[1-9]/d' messages
		grep -E '^sys161: ([0-9]+ cycles \(|  cpu|[0-9]+ irqs |Elapsed virtual)' messages >actual
		if [ $status -eq 0 ] && diff -u expected actual; then
			echo "$machine, seed $seed, $cpus processors, $argument, $engine: as recorded"
		else
			echo "$machine, seed $seed, $cpus processors, $argument, $engine: DIFFERS, exit status $status"
			failures=$((failures + 1))
		fi
	done
done <<<"$rows"
[ $failures -eq 0 ]
