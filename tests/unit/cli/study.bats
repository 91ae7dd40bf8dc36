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
	    for key in "real_seconds", "cpu_seconds", "peak_memory_bytes", "progress", "sensitive": del s[key]
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

@test "compare: every technique ends in the same state, and the disk image stays as it was" {
	jit161 run -X --pace=off --rtc=1000000000 --stats=run.json -c "$BUILD/guest/sys161.conf" -C 1:file=disk.img "$BUILD/guest/kernel.elf" sha256 </dev/null >/dev/null 2>&1
	cp disk.img before.img
	run --separate-stderr jit161 compare --rounds=2 --techniques=reference,interp,tier1,tier2,both,tier1:call,tier1:trap --json=c.json --html=c.html \
		--rtc=1000000000 --threshold=200 -c "$BUILD/guest/sys161.conf" -C 1:file=disk.img "$BUILD/guest/kernel.elf" sha256
	[ "$status" -eq 0 ]
	cmp disk.img before.img
	[[ "$output" == "kernel.elf sha256: "*"to power-off; medians of 2 rounds"*"All runs ended in the same state"* ]]
	python3 - <<-'P'
	import json, re, xml.dom.minidom
	c, single = json.load(open("c.json")), json.load(open("run.json"))
	assert c["same_state"] and c["rounds"] == 2 and len(c["techniques"]) == 7
	of = {t["name"]: t for t in c["techniques"]}
	states = {json.dumps(r["state"]) for t in of.values() for r in t["runs"]}
	assert len(states) == 1, states
	assert "%d cycles (%d run, %d global-idle)" % (single["cycles"], single["run_cycles"], single["global_idle_cycles"]) \
	    in of["both"]["runs"][0]["state"]["figures"]
	for t in of.values():
	    wall, points = t["wall_seconds"], t["progress"]
	    assert 0 < wall["least"] <= wall["median"] <= wall["largest"] and len(t["runs"]) == 2
	    assert points == sorted(points) and points[0][1] == 0 and points[-1][1] == t["runs"][0]["guest_cycles"]
	    assert abs(sum(t["time_split"].values()) - 1) < 1e-6
	assert of["tier1:trap"]["exits_per_million_cycles"]["host traps"] > 100 and of["tier1:call"]["exits_per_million_cycles"]["host traps"] == 0
	assert "code_bytes" not in of["interp"] and of["tier1"]["expansion"] > 2
	assert of["tier2"]["compile_cpu_seconds"]["median"] > 0 and of["tier1"]["translated_cycles"] > 0.9 * of["tier1"]["runs"][0]["guest_cycles"]
	page = open("c.html").read()
	plots = re.findall(r"<svg.*?</svg>", page, re.S)
	assert len(plots) == 4
	for plot in plots:
	    xml.dom.minidom.parseString(plot)
	assert plots[0].count("<polyline") == 7 and "nan" not in page and "inf" not in page
	assert not re.search(r"<script|https?:|@import|url\(", page)
	P
}

@test "compare on Malta, up to a limit, and text that would be markup" {
	run --separate-stderr jit161 compare --rounds=1 --techniques=reference,both:trap --html=c.html --json=- --machine=malta --memory=4M --append="<b> & c" --kernel="$BUILD/guest/malta/timer.big.elf"
	[ "$status" -eq 0 ]
	python3 -c 'import json, sys; c = json.loads(sys.argv[1]); assert c["same_state"] and c["guest"].endswith("<b> & c")' "$output"
	grep -q '&lt;b&gt; &amp; c' c.html
	run ! grep -q '<b>' c.html
	run jit161 compare --rounds=1 --techniques=interp,tier1 --limit=20ms -c "$BUILD/guest/bare/one-cpu.conf" "$BUILD/guest/bare/spin.elf"
	[ "$status" -eq 0 ]
	[[ "$output" == *"to limit;"* ]]
}

# The random device's seed is the host's entropy, so that no two runs are the same.
@test "compare: a guest alone, and under the monitor" {
	cd "$BUILD/guest/monitor"
	run --separate-stderr jit161 compare --rounds=1 --techniques=interp,tier1 --monitor="monitor.elf alpha=solo:quick,calls" -c monitor.conf solo.elf quick calls
	[ "$status" -eq 0 ]
	alone=$(sed -n 's/^solo.elf quick calls: \([0-9]*\) guest cycles, to power-off.*/\1/p' <<<"$output")
	under=$(sed -n 's/^monitor.elf alpha=solo:quick,calls: \([0-9]*\) guest cycles, to power-off.*/\1/p' <<<"$output")
	[ "$alone" -gt 10000 ] && [ "$under" -gt "$alone" ]
	[ "$(grep -c 'All runs ended in the same state' <<<"$output")" -eq 2 ]
	ratio=$(python3 -c "print('%.2f' % ($under / $alone))")
	[ "$(sed -n '/Times as much as solo.elf quick calls/,$p' <<<"$output" | grep -c "^  \(interp\|tier1\)  *$ratio ")" -eq 2 ]
	run jit161 compare --rounds=1 --techniques=interp --monitor="missing.elf x" -c monitor.conf solo.elf quick calls
	[ "$status" -eq 1 ]
	[[ "$output" == *"missing.elf"* ]]
	run jit161 compare --monitor=monitor.elf --machine=malta --kernel=solo.elf
	[ "$status" -eq 2 ]
	[[ "$output" == *"--monitor is for System/161"* ]]
}

@test "compare finds that runs differ" {
	printf '0 serial\n28 random autoseed\n29 timer\n30 trace\n31 mainboard ramsize=512K\n' > sys161.conf
	run jit161 compare --rounds=1 --techniques=reference,interp "$BUILD/guest/bare/random.elf"
	[ "$status" -eq 1 ]
	[[ "$output" == *"NOT all runs ended in the same state"*"interp: differs in "* ]]
}

@test "compare: what cannot run, and what takes too long" {
	run jit161 compare --techniques=interp -c "$BUILD/guest/bare/one-cpu.conf" missing.elf
	[ "$status" -eq 1 ]
	[[ "$output" == *"missing.elf"* ]]
	run jit161 compare --rounds=1 --timeout=1 --techniques=interp -c "$BUILD/guest/bare/one-cpu.conf" "$BUILD/guest/bare/spin.elf"
	[ "$status" -eq 1 ]
	[[ "$output" == *"not done after 1 s"* ]]
	for words in --rounds=0 --rounds=x --timeout=-1 --techniques=tier7 --techniques=interp:call --techniques= --nothing=1; do
		run jit161 compare $words kernel.elf
		[ "$status" -eq 2 ]
	done
	run jit161 compare --json=/nowhere/x --rounds=1 --techniques=interp -c "$BUILD/guest/bare/one-cpu.conf" "$BUILD/guest/bare/example-a.elf"
	[ "$status" -eq 2 ]
	[[ "$output" == *"Cannot write /nowhere/x"* ]]
}

@test "compare with other programs: their output and figures, times, and copies of the disks" {
	cp "$BUILD/guest/sys161.conf" . && sed -i 's/file=guest.img/file=disk.img/' sys161.conf
	disk161 create disk.img 32M
	cp disk.img before.img
	mkdir temporary && export TMPDIR="$PWD/temporary"
	run --separate-stderr jit161 compare --rounds=2 --techniques=tier1 --external="ours=A=b sys161 -X --rtc=1000000000" --native="sleep 0.1" --json=c.json --html=c.html \
		--rtc=1000000000 "$BUILD/guest/kernel.elf" sha256
	[ "$status" -eq 0 ]
	cmp disk.img before.img
	[[ "$output" == *"  ours  "*"  native  "*"Of ours: console output and figures"* ]]
	python3 - <<-'P'
	import json
	of = {t["name"]: t for t in json.load(open("c.json"))["techniques"]}
	assert of["ours"]["guest_mips"]["median"] > 0 and len(of["ours"]["runs"]) == 2
	assert 0.1 <= of["native"]["wall_seconds"]["least"] and of["native"]["cpu_seconds"]["median"] < 0.1
	P
	run jit161 compare --rounds=1 --techniques=tier1 --external="silent=true" --external="none=/nowhere/x" "$BUILD/guest/kernel.elf" sha256
	[ "$status" -eq 1 ]
	[[ "$output" == *"silent: differs in console output from tier1"*"none: the command cannot be run"* ]]
	run jit161 compare --rounds=1 --techniques=reference --external="ours=jit161 run -M malta -nographic" --machine=malta --memory=4M --kernel="$BUILD/guest/malta/timer.big.elf"
	[ "$status" -eq 0 ]
	for words in --external=nothing --external==x --external=x= --native=; do
		run jit161 compare $words kernel.elf
		[ "$status" -eq 2 ]
	done
	[ -z "$(ls temporary)" ]
}

@test "dump: the first tier's host code, under the guest instructions it is for" {
	run --separate-stderr jit161 dump --block --at=example_a --stages=gt "$BUILD/guest/bare/example-a.elf"
	[ "$status" -eq 2 ]
	run --separate-stderr jit161 dump --block --stages=t "$BUILD/guest/bare/example-a.elf"
	[ "$status" -eq 0 ]
	[[ "$output" == *"=== host assembly, first tier"*"bytes of host code for"*"lui"*"aside:"* ]]
	# Every line of host code follows the one before.
	python3 - "$output" <<-'P'
	import re, sys
	lines = sys.argv[1].split("\n")
	at = [int(m[1], 16) for m in (re.match(r" +([0-9a-f]+):\t", l) for l in lines) if m]
	assert len(at) > 10 and at[0] == 0 and all(0 < b - a <= 15 for a, b in zip(at, at[1:])), at
	P
	for model in big little; do
		run --separate-stderr jit161 dump --stages=gth --machine=malta --memory=4M "$BUILD/guest/malta/timer.$model.elf"
		[ "$status" -eq 0 ]
		[[ "$output" == *"=== guest assembly"*"=== host assembly, first tier"*"=== host assembly"*"guest_"* ]]
	done
}

@test "dump --hot: how often blocks were executed, as the plain interpreter's trace has it" {
	run --separate-stderr jit161 dump --hot=3 -c "$BUILD/guest/bare/one-cpu.conf" "$BUILD/guest/bare/clock.elf"
	[ "$status" -eq 0 ]
	echo "$output"
	jit161 run -tk -f trace.txt -c "$BUILD/guest/bare/one-cpu.conf" "$BUILD/guest/bare/clock.elf" >/dev/null 2>&1
	python3 - "$output" <<-'P'
	import re, sys
	trace = open("trace.txt").read()
	rows = re.findall(r"^ +\d+ +([\d.]+) % +[\d.]+ % +(\d+) +(\d+) +\d+  ([0-9a-f]{8})", sys.argv[1], re.M)
	assert rows, sys.argv[1]
	share, executions, size, va = rows[0]
	traced = trace.count("at %s:" % va) # at the ends of slices the interpreter has some
	assert 0.99 * traced <= int(executions) <= traced, (rows[0], traced)
	P
	run jit161 dump --hot=2 --stages=g --block --machine=malta --memory=4M --kernel="$BUILD/guest/malta/compute.big.elf"
	[ "$status" -eq 0 ]
	[[ "$output" == *"1: block "*"=== guest assembly"*"2: block "*"=== guest assembly"* ]]
	for words in --hot=0 --hot=x --stages=z; do
		run jit161 dump $words kernel.elf
		[ "$status" -eq 2 ]
		[[ "$output" == *"Usage: jit161 dump"* ]]
	done
}

@test "--profile: the same call paths whatever the engine, and a flame graph" {
	for engine in jit interp reference; do
		jit161 run -X --pace=off --rtc=1000000000 --engine=$engine --profile=$engine.folded --stats=$engine.json -c "$BUILD/guest/sys161.conf" -C 1:file=$engine.img \
			"$BUILD/guest/kernel.elf" sha256 </dev/null >/dev/null 2>&1
	done
	cmp jit.folded interp.folded
	cmp jit.folded reference.folded
	jit161 run -X --pace=off --rtc=1000000000 --profile=p.svg --stats=svg.json -c "$BUILD/guest/sys161.conf" -C 1:file=svg.img "$BUILD/guest/kernel.elf" sha256 </dev/null >/dev/null 2>&1
	jit161 run -X --pace=off --rtc=1000000000 --stats=plain.json -c "$BUILD/guest/sys161.conf" -C 1:file=plain.img "$BUILD/guest/kernel.elf" sha256 </dev/null >/dev/null 2>&1
	python3 - <<-'P'
	import json, re, xml.dom.minidom
	stacks = [line.rsplit(" ", 1) for line in open("jit.folded").read().splitlines()]
	stats, plain = json.load(open("jit.json")), json.load(open("plain.json"))
	assert stats["executed_cycles"] == plain["executed_cycles"] and stats["cpus"] == plain["cpus"]
	samples = sum(int(count) for _, count in stacks)
	assert abs(samples * 25000 / stats["executed_cycles"] - 1) < 0.15, samples
	of_user = sum(int(count) for path, count in stacks if path == "[user]") / samples
	kernel = stats["cpus"][0]["kernel_cycles"]
	assert abs(of_user - stats["cpus"][0]["user_cycles"] / (kernel + stats["cpus"][0]["user_cycles"])) < 0.1, of_user
	assert any("general_vector;trap;system_call;" in path for path, _ in stacks), stacks
	titles = xml.dom.minidom.parse("p.svg").getElementsByTagName("title")
	shown = [title.firstChild.data for title in titles]
	assert any(text.startswith("[user]: %d of " % (sum(int(c) for p, c in stacks if p.split(";")[0] == "[user]"))) for text in shown), shown[:3]
	assert not any("0xfff" in text for text in shown), shown
	P
	jit161 run --machine=malta --memory=4M --profile=malta.folded --kernel="$BUILD/guest/malta/compute.big.elf" >/dev/null 2>&1
	[ -f malta.folded ]
	run jit161 run --engine=lockstep --profile=x kernel.elf
	[ "$status" -eq 2 ]
	run jit161 run -X --profile=/nowhere/x -c "$BUILD/guest/bare/one-cpu.conf" "$BUILD/guest/bare/example-a.elf"
	[ "$status" -eq 2 ]
	[[ "$output" == *"Cannot write the profile to /nowhere/x"* ]]
}

@test "costs: table, JSON and plots of some operations" {
	run --separate-stderr jit161 costs --operations=system,tlbp --techniques=reference,tier1,tier1:trap --rounds=6 --sample=0.1 \
		--json=costs.json --svg=costs.svg --html=costs.html
	[ "$status" -eq 0 ]
	[[ "$output" == *"System/161"*"tier1:trap"*"system call"*"Malta"*"tlbp"*"same state"* ]]
	python3 - <<-'P'
	import json, xml.dom.minidom
	s = json.load(open("costs.json"))
	assert s["same_state"] and [m["machine"] for m in s["machines"]] == ["system161", "malta"]
	assert "host_instructions_problem" in s or "host_instructions_of_kernel" in s
	for machine in s["machines"]:
	    by_name = {o["name"]: o["techniques"] for o in machine["operations"]}
	    assert list(by_name) == ["tlbp", "system call"], by_name
	    for cost in (c for t in by_name.values() for c in t.values()):
	        assert cost["ns"]["low"] <= cost["ns"]["median"] <= cost["ns"]["high"], cost
	    assert round(by_name["tlbp"]["tier1:trap"]["host_traps"]) == 1, by_name["tlbp"]
	    for t in by_name.values():
	        counts = {name: c["host_instructions"]["median"] for name, c in t.items() if "host_instructions" in c}
	        assert not counts or 20 < counts["tier1"] < counts["tier1:trap"] < 20000, counts
	    assert round(by_name["system call"]["tier1"]["exits"]) == 2, by_name["system call"]
	    assert len({c["state"] for c in by_name["tlbp"].values()}) == 1
	picture = xml.dom.minidom.parse("costs.svg")
	assert len(picture.getElementsByTagName("g")) == 2 + 2 * 2 * 3
	P
	grep -c "<svg viewBox" costs.html | grep -qx 2
	[[ "$(cat costs.html)" != *"<script"* && "$(cat costs.html)" != *"http:"* ]]
}

@test "costs: unknown words are refused" {
	for option in --machine=vax --techniques=tier3 --operations=frobnicate --rounds=5 --sample=x --what; do
		run jit161 costs $option
		[ "$status" -eq 2 ]
	done
	run jit161 costs --svg=/nowhere/x.svg --operations=tlbp --techniques=reference --rounds=6 --sample=0.1 --instructions=off
	[ "$status" -eq 2 ]
	[[ "$output" == *"Cannot write /nowhere/x.svg"* ]]
}

# A guest that goes on for ever, in the background; the socket is there when it runs.
start_machine() {
	jit161 run --cache=off -c "$BUILD/guest/sys161.conf" --control=ctl "$@" "$BUILD/guest/broken/livelock.elf" < /dev/null > /dev/null 2>&1 &
	machine=$!
	for _ in $(seq 500); do
		[ -S ctl ] && return
		sleep 0.02
	done
	return 1
}

@test "top: MIPS, engine, exits and functions of a running machine" {
	start_machine --exit-times
	run --separate-stderr jit161 top -b -n 2 -d 0.3 ctl
	[ "$status" -eq 0 ]
	[ "$(grep -c 'guest MIPS' <<<"$output")" -eq 2 ]
	[[ "$output" == *"in translated code"*"exits     a second"*"interpret "*"host traps"* ]]
	[[ "${lines[*]}" =~ [0-9.]+"  "(give_way|broken_main) ]]
	# the protocol: one line of JSON for each question; several clients; nonsense is answered
	python3 - <<-'P'
	import json, socket
	def client():
	    s = socket.socket(socket.AF_UNIX); s.connect("ctl"); return s, s.makefile()
	(a, from_a), (b, from_b) = client(), client()
	a.sendall(b"status\nstatus\n"); b.sendall(b"frobnicate\n")
	first, second = json.loads(from_a.readline()), json.loads(from_a.readline())
	assert "error" in json.loads(from_b.readline())
	assert second["executed_cycles"] >= first["executed_cycles"] > 0, first
	assert sum(first["functions"].values()) <= first["samples"], first
	assert set(first["exits"]) == set(first["exit_ns"]) and sum(first["exit_ns"].values()) > 0, first
	b.close()
	while json.loads((a.sendall(b"status\n"), from_a.readline())[1])["executed_cycles"] == second["executed_cycles"]: pass
	P
	kill "$machine"
	wait "$machine" || true
	run jit161 top -b -n 1 ctl
	[ "$status" -eq 2 ]
	[[ "$output" == *"There is no machine at ctl"* ]]
}

@test "top: interpreters, and the end of the machine" {
	start_machine --engine=interp
	jit161 top -b -d 0.1 ctl > reports &
	top=$!
	for _ in $(seq 500); do
		[ "$(grep -c 'guest MIPS' reports)" -ge 2 ] && break
		sleep 0.02
	done
	kill "$machine"
	wait "$machine" || true
	wait "$top"
	[[ "$(cat reports)" == *"in decoded code"*"guest MIPS"*"The machine has ended." ]]
	[[ "$(cat reports)" != *"host traps"* ]]
}

@test "top: unknown words are refused" {
	for words in "" "-n 0 ctl" "-d x ctl" "a b" "--what ctl"; do
		run jit161 top $words
		[ "$status" -eq 2 ]
	done
	run jit161 run --control=/nowhere/ctl "$BUILD/guest/kernel.elf" -c "$BUILD/guest/sys161.conf"
	[ "$status" -eq 2 ]
}

@test "what watches a machine changes nothing; times of exits are in --stats" {
	figures() { grep -E "global-idle|kern,|irqs|virtual time" <<<"$stderr"; }
	run --separate-stderr jit161 run --cache=off -c "$BUILD/guest/sys161.conf" --rtc=1 "$BUILD/guest/kernel.elf" "channels" < /dev/null
	[ "$status" -eq 0 ]
	plain=$(figures)
	rm -f guest.img
	run --separate-stderr jit161 run --cache=off -c "$BUILD/guest/sys161.conf" --rtc=1 --control=ctl --exit-times \
		--stats=stats.json "$BUILD/guest/kernel.elf" "channels" < /dev/null
	[ "$status" -eq 0 ]
	[ -n "$plain" ] && [ "$(figures)" = "$plain" ]
	[[ "$stderr" == *"seconds until translated code went on: "*" unlinked, "* ]]
	python3 - <<-'P'
	import json
	s = json.load(open("stats.json"))
	jit = s["jit"]
	assert set(jit["exit_seconds"]) == set(jit["exits"])
	for reason, count in jit["exits"].items():
	    assert (jit["exit_seconds"][reason] > 0) == (count > 0), (reason, jit)
	assert sum(jit["exit_seconds"].values()) < s["real_seconds"]
	P
}

@test "compare: a warm technique has its regions from an earlier run, and leaves nothing behind" {
	mkdir temporary && export TMPDIR="$PWD/temporary"
	run --separate-stderr jit161 compare --rounds=1 --techniques=both,warm,warm:call --json=c.json --threshold=2000 --compile-threads=0 \
		-c "$BUILD/guest/sys161.conf" "$BUILD/guest/kernel.elf" sieve
	[ "$status" -eq 0 ]
	python3 - <<-'P'
	import json
	both, warm, call = json.load(open("c.json"))["techniques"]
	assert both["regions"] > 0 and both["regions_kept_before"] == 0, both["regions"]
	for technique in warm, call:
	    assert technique["regions_kept_before"] > both["regions"] / 2, technique["regions_kept_before"]
	    assert technique["compile_cpu_seconds"]["median"] < both["compile_cpu_seconds"]["median"]
	P
	[ -z "$(ls temporary)" ]
}
