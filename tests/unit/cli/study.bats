bats_require_minimum_version 1.5.0

# The study commands at the command line. BUILD names the build folder.

setup() {
	cd "$BATS_TEST_TMPDIR"
	export PATH="$BUILD:$PATH"
}

@test "isa lists every instruction of the processor once" {
	run --separate-stderr jit161 isa --model=mips161
	[ "$status" -eq 0 ]
	[ "$(grep -c '^  lw  ' <<<"$output")" -eq 1 ]
	[[ "$output" == *"rfe       01000010000000000000000000010000           privileged, control-sensitive"* ]]
	[[ "$output" == *"70 instructions"* ]]
	[[ "$output" != *"eret"* && "$output" != *"MIPS32R2"* ]]
}

@test "isa --virtualisable: verdicts, agreement with the table, the host's counterexample" {
	run --separate-stderr jit161 isa --virtualisable
	[ "$status" -eq 0 ]
	[[ "$output" == *"MIPS-161 is virtualisable by trap-and-emulate"* ]]
	[[ "$output" == *"MIPS32R2 is not virtualisable by the letter"*"rdhwr: in user mode RI unless HWREna, and shows Count"* ]]
	[[ "$output" == *"agree about all 70 instructions"*"agree about all 202 instructions"* ]]
	if [ "$(uname -m)" = x86_64 ]; then
		[[ "$output" == *"cli  "*"traps (Segmentation fault)"*"popf  "*"NO TRAP, NO EFFECT"* ]]
	fi
	[ "$(awk 'length > 106' <<<"$output")" = "" ]
}

@test "isa: a wrong claim is refuted, and only it" {
	run --separate-stderr jit161 isa --virtualisable --model=mips161 --claim=tlbr=privileged,control
	[ "$status" -eq 1 ]
	[[ "$output" == *"DIFFER about 1 of 70"*"tlbr: claimed privileged, control-sensitive; observed privileged, control- and behaviour-sensitive"* ]]
	run --separate-stderr jit161 isa --virtualisable --model=mips161 --claim=addu=control
	[ "$status" -eq 1 ]
	[[ "$output" == *"addu: claimed control-sensitive; observed innocuous"* ]]
	run jit161 isa --virtualisable --model=mips161 --claim=addu=innocuous
	[ "$status" -eq 0 ]
}

@test "isa --json" {
	jit161 isa --virtualisable --json > isa.json
	python3 - <<-'P'
	import json
	s = json.load(open("isa.json"))
	first, second = s["processors"]
	assert first["virtualisable"] and first["sensitive_unprivileged"] == [], first["sensitive_unprivileged"]
	assert not second["virtualisable"] and second["sensitive_unprivileged"] == ["rdhwr"]
	assert second["virtualisable_with_cu0_and_hwrena_clear"] and second["differences"] == []
	table = {i["mnemonic"]: i for i in second["instructions"]}
	assert table["rdhwr"]["observed"]["shows"] == ["Count"], table["rdhwr"]
	assert table["di"]["observed"]["changes"] == ["Status"] and "privileged" in table["di"]["claimed"]
	assert len(table["lw"]["encoding"]) == 32 and table["lw"]["observed"]["executions"] > 1000
	assert first["executions"] == sum(i["observed"]["executions"] for i in first["instructions"])
	host = {i["instruction"]: i for i in s.get("host", [])}
	assert not host or (host["cli"]["outcome"], host["popf"]["outcome"]) == ("traps", "no trap"), host
	P
	jit161 isa --json --model=mips32r2 | python3 -c 'import json, sys; assert "observed" not in json.load(sys.stdin)["processors"][0]["instructions"][0]'
}

@test "isa: mistakes at the command line" {
	for words in --model=z80 --claim=mfc0 --claim=nothing=innocuous --claim=mfc0=innocent --verbose kernel.elf; do
		run jit161 isa $words
		[ "$status" -eq 2 ]
		[[ "$output" == *"Usage: jit161 isa"* ]]
	done
}

# Of the shipped guest: 10,000 and more MFC0, MTC0, TLB writes, RFE.
@test "sensitive instructions as traps of the host: counted, and nothing else changes" {
	cd "$BUILD/guest"
	for policy in call trap; do
		jit161 run -X --pace=off --tier=1 --sensitive=$policy --stats="$BATS_TEST_TMPDIR/$policy.json" -c sys161.conf -C "1:file=$BATS_TEST_TMPDIR/$policy.img" \
			kernel.elf sha256 </dev/null >"$BATS_TEST_TMPDIR/$policy.txt" 2>&1
	done
	cd "$BATS_TEST_TMPDIR"
	grep -q 'sensitive instructions trapped to the host' trap.txt
	for policy in call trap; do
		sed -i '/compiled\|real time/d; /--- jit161/,$d' $policy.txt
	done
	diff call.txt trap.txt
	python3 - <<-'P'
	import json
	call, trap = json.load(open("call.json")), json.load(open("trap.json"))
	for s in call, trap:
	    for key in "real_seconds", "cpu_seconds", "sensitive": del s[key]
	assert call["jit"]["host_traps"] == 0 and trap["jit"]["host_traps"] > 10000, trap["jit"]
	assert call["jit"]["exits"] == trap["jit"]["exits"]
	del call["jit"], trap["jit"]
	assert call == trap
	P
}

@test "sensitive instructions as traps agree with the plain interpreter, also on Malta" {
	run jit161 run -X --engine=lockstep --tier=1 --sensitive=trap -c "$BUILD/guest/sys161.conf" -C 1:file=lockstep.img "$BUILD/guest/kernel.elf" syscalls </dev/null
	[ "$status" -eq 0 ]
	[[ "$output" == *"comparisons, no difference"* ]]
	run jit161 run --machine=malta --engine=lockstep --tier=1 --sensitive=trap --kernel="$BUILD/guest/malta/timer.big.elf" </dev/null
	[ "$status" -eq 0 ]
	[[ "$output" == *"comparisons, no difference"* ]]
}

@test "a SIGILL that is no sensitive instruction ends the program" {
	sys161 -X --sensitive=trap --meter=off --gdb=off -c "$BUILD/guest/bare/one-cpu.conf" "$BUILD/guest/bare/spin.elf" >out.txt 2>&1 3>&- &
	until grep -q compiled out.txt; do sleep 0.05; done
	kill -ILL $!
	status=0
	wait $! || status=$?
	[ "$status" -eq 132 ]
}
