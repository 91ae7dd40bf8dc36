bats_require_minimum_version 1.5.0

# Why a machine stopped, or got nowhere: the kernels of tests/guest/broken, each with its cause and the lines that tell. BUILD
# names the build folder.

setup() {
	cd "$BATS_TEST_TMPDIR"
	export PATH="$BUILD:$PATH"
	guests="$BUILD/guest/broken"
}

# broken NAME ENDED_BY STATUS [OPTIONS]: runs a kernel for 0.8 seconds of its time; $output is the report.
broken() {
	local name=$1 ended=$2 wanted=$3
	shift 3
	run jit161 run -X -c "$guests/broken.conf" --limit=0.8s --stats=out.json "$@" "$guests/$name.elf" < /dev/null
	[ "$status" -eq "$wanted" ]
	[ "$(field ended_by)" = "$ended" ]
	[ "$(field exit_status)" = "$wanted" ]
}

field() {
	sed -n "s/^\t\"$1\":\t\"\{0,1\}\([^\",]*\).*/\1/p" out.json
}

@test "deadlock: all threads sleep, and their stacks say on what" {
	broken deadlock limit 4
	[ "$(field cause)" = deadlock ]
	[[ "$output" == *"--- jit161 report: deadlock"* ]]
	[[ "$output" == *"all 2 threads sleep on wait channels"* ]]
	[[ "$output" =~ '"alice" at 0x'[0-9a-f]+': S_SLEEP on "fork"' ]]
	[[ "$output" =~ '"bob" at 0x'[0-9a-f]+': S_SLEEP on "spoon"' ]]
	[[ "$output" =~ take_lock\+0x[0-9a-f]+' (guest/broken/deadlock.c:'[0-9]+')' ]]
	[[ "$output" == *"alice_eats+0x"*"thread_start"* ]]
	[[ "$output" == *"bob_eats+0x"* ]]
	python3 - <<-'P'
	import json
	threads = {t["name"]: t for t in json.load(open("out.json"))["report"]["threads"]}
	assert threads["alice"]["channel"] == "fork" and threads["bob"]["channel"] == "spoon", threads
	assert [f["function"] for f in threads["bob"]["backtrace"]] == ["take_lock", "bob_eats", "thread_start"], threads
	assert threads["idle"]["on_processor"] and threads["idle"]["state"] == "S_RUN", threads
	P
}

@test "deadlock of a kernel that is woken once a second" {
	broken slow-deadlock limit 4 --limit=4s
	[ "$(field cause)" = deadlock ]
	[[ "$output" == *"all 2 threads sleep on wait channels"* ]]
	broken slow-deadlock limit 4 --limit=0.3s
	[ "$(field cause)" = limit ]
	[[ "$output" == *"all threads sleep, but have not done so for long"* ]]
}

@test "livelock: much is executed and nothing comes of it" {
	broken livelock limit 4
	[ "$(field cause)" = livelock ]
	[[ "$output" == *"cycles of kernel code in the last 0."*"without a system call, user code, output"* ]]
	[[ "$output" == *"interrupts on (mask: bus)"* ]]
	[[ "$output" == *"broken_main+0x"*"_start+0x"* ]]
}

@test "spinning with interrupts off" {
	broken interrupts-off limit 4
	[ "$(field cause)" = interrupts-off ]
	[[ "$output" == *"cpu0 has been executing kernel code with interrupts off for the last 0."*"take_spinlock"* ]]
	[[ "$output" == *"slot 29 (timer) raises its interrupt line, and no processor gets it: interrupts are off"* ]]
	[[ "$output" == *"interrupts off (mask: bus); pending: bus"* ]]
}

@test "stack overflow" {
	broken stack-overflow limit 4
	[ "$(field cause)" = stack-overflow ]
	[[ "$output" =~ "the kernel's stack pointer is 0x"[0-9a-f]+", where there is no memory" ]]
	[[ "$output" =~ "TLB miss - store, address 0xc0000"[0-9a-f]+", at 0x80000418 trap_entry" ]]
}

@test "wild jump: where to and where from" {
	broken wild-jump limit 4
	[ "$(field cause)" = wild-jump ]
	[[ "$output" =~ "the kernel jumped to 0x12345678, from 0x"[0-9a-f]+" call_handler" ]]
	[[ "$output" == *"trap_entry+0x"*"-- TLB miss - load, address 0x12345678, in:"*"call_handler+0x"*"broken_main+0x"* ]]
}

@test "double fault: the handler itself faults" {
	broken double-fault limit 4
	[ "$(field cause)" = double-fault ]
	[[ "$output" == *"the handler faults itself"* ]]
	[[ "$output" =~ "address error - load, address 0x80001003, at 0x"[0-9a-f]+" fault+0x" ]]
}

@test "an exception before there are handlers" {
	broken unhandled-exception limit 4
	[ "$(field cause)" = unhandled-exception ]
	[[ "$output" == *"Status.BEV is set"* ]]
}

@test "two TLB entries for a page" {
	broken duplicate-tlb hang 1
	[ "$(field cause)" = hang ]
	[[ "$output" == *"the machine stopped: Duplicate TLB entries for vpage 400000"* ]]
	[[ "$output" == *"write_tlb+0x"*"broken_main+0x"* ]]
}

@test "a device whose interrupt nobody gets, and one that is polled in vain" {
	broken stuck-device limit 4
	[ "$(field cause)" = stuck-device ]
	[[ "$output" == *"slot 1 (disk) raises its interrupt line, and no processor gets it: the bus controller's IRQE masks it"* ]]
	[[ "$output" == *"slot 1 disk: interrupt line raised, masked at the bus; NSECT 0x2800 STAT 0x4"* ]]
	[[ "$output" == *"slot 29 timer: countdown, due in "* ]]
	broken stuck-polling limit 4
	[ "$(field cause)" = stuck-device ]
	[[ "$output" =~ "the registers of slot 1 (disk) were accessed "[0-9]+" times in the last 0." ]]
}

@test "endless output" {
	broken endless-output limit 4 --limit=1.5s
	[ "$(field cause)" = endless-output ]
	[[ "$output" == *"the last 16 lines are the same but for digits"* ]]
}

@test "waiting for input, and for nothing" {
	broken waiting-for-input idle 1
	[ "$(field cause)" = waiting-for-input ]
	[[ "$output" == *"the console's read interrupt is on"* ]]
	[[ "$output" == *"no input can come"* ]]
	broken idle idle 1
	[ "$(field cause)" = idle ]
	[[ "$output" == *"every processor waits for an interrupt, and no device will raise one"* ]]
}

@test "a stop by the trace card is a panic" {
	printf x > key
	run jit161 run -X -c "$guests/broken.conf" --stats=out.json "$guests/waiting-for-input.elf" < key
	[ "$status" -eq 1 ]
	[ "$(field cause)" = panic ]
	[ "$(field ended_by)" = power-off ]
	[[ "$output" == *"--- jit161 report: panic"* ]]
}

@test "a limit ends the run at the same cycle under every engine, with the same report" {
	for name in livelock stuck-device wild-jump; do
		for engine in reference interp "jit --tier=1" lockstep; do
			broken $name limit 4 --engine=$engine
			python3 - > "report.${engine%% *}" <<-'P'
			import json
			s = json.load(open("out.json"))
			print(s["cause"], s["run_cycles"], s["global_idle_cycles"], s["virtual_ns"], s["report"]["evidence"], s["report"]["cpus"])
			P
			diff report.reference "report.${engine%% *}"
		done
	done
}

@test "limits in cycles, seconds and milliseconds are the same, and exact" {
	for limit in 1000000 1000000cycles 0.04s 40ms; do
		broken livelock limit 4 --limit=$limit
		[ "$(field executed_cycles)" -eq 1000000 ]
		[ "$(field cause)" = limit ]
		[[ "$output" == *"the run was too short to tell"* ]]
	done
	for limit in 0 -1s 1h s cycles ""; do
		run jit161 run --limit=$limit "$guests/idle.elf"
		[ "$status" -eq 2 ]
		[[ "$output" == *"--limit"* ]]
	done
}

@test "a run that ends by itself is not changed by a limit, nor explained" {
	run jit161 run -X -c "$guests/broken.conf" --limit=5s --stats=out.json "$BUILD/guest/bare/power-off.elf" < /dev/null
	[ "$status" -eq 0 ]
	[ "$(field cause)" = power-off ]
	[[ "$output" != *"jit161 report"* ]]
	run jit161 run -X -c "$guests/broken.conf" --report=on "$BUILD/guest/bare/power-off.elf" < /dev/null
	[[ "$output" == *"--- jit161 report: power-off"* ]]
}

@test "^\\ asks for a report and ends the run" {
	jit161 run -X -c "$guests/broken.conf" --stats=out.json "$guests/livelock.elf" < /dev/null > out 2>&1 &
	local machine=$! ended=0
	until grep -q System/161 out; do sleep 0.1; done
	kill -QUIT $machine
	wait $machine || ended=$?
	[ "$ended" -eq 131 ]
	[ "$(field ended_by)" = quit ]
	grep -q -- '--- jit161 report: ' out
	grep -q 'broken_main+0x' out
}

@test "sys161 explains only where the original says nothing" {
	run sys161 -X -c "$guests/broken.conf" "$guests/duplicate-tlb.elf"
	[ "$status" -eq 1 ]
	[[ "$output" != *"jit161 report"* ]]
	run sys161 -X -c "$guests/broken.conf" --report=on "$guests/duplicate-tlb.elf"
	[[ "$output" == *"--- jit161 report: hang"* ]]
	run sys161 -X -c "$guests/broken.conf" "$guests/idle.elf"
	[[ "$output" == *"--- jit161 report: idle"* ]]
	run sys161 -X -c "$guests/broken.conf" --report=off "$guests/idle.elf"
	[[ "$output" != *"jit161 report"* ]]
}

@test "without symbols and debug information a report says so" {
	mips-linux-gnu-strip -g "$guests/deadlock.elf" -o symbols.elf
	mips-linux-gnu-strip -s "$guests/deadlock.elf" -o bare.elf
	run jit161 run -X -c "$guests/broken.conf" --limit=0.8s symbols.elf < /dev/null
	[[ "$output" == *"no debug information"* ]]
	[[ "$output" == *"threads: the kernel has no debug information"* ]]
	[[ "$output" == *"wait_for_interrupt+0x"*"broken_main+0x"*"_start+0x"* ]]
	run jit161 run -X -c "$guests/broken.conf" --limit=0.8s bare.elf < /dev/null
	[[ "$output" == *"no symbols"* ]]
	[[ "$output" == *"--- jit161 report: idle"* ]]
}

@test "address spaces, and what the pages in the TLB are" {
	broken processes idle 1
	[[ "$output" == *"TLB of cpu0:"* ]]
	[[ "$output" == *'0x00400000-0x00402fff: physical 0x00040000, read only, region 1 of "palin"'* ]]
	[[ "$output" == *'0x10000000-0x10000fff: physical 0x00043000, writable, region 2 of "palin"'* ]]
	[[ "$output" == *'0x7fffe000-0x7fffffff: physical 0x00044000, writable, where user stacks are'* ]]
	[[ "$output" == *"0x00500000-0x00500fff: physical 0x00000000, read only, ASID 3, where the kernel's code is"* ]]
	[[ "$output" != *"0x00600000-"* ]]
	[[ "$output" =~ 'address space at 0x8'[0-9a-f]+', of process "palin" at 0x8' ]]
	[[ "$output" =~ 'address space at 0x8'[0-9a-f]+', of process "shell" at 0x8' ]]
	[[ "$output" == *"as_vbase1 0x400000, as_pbase1 0x50000, as_npages1 0x9, as_vbase2 0x10000000, as_pbase2 0x59000, as_npages2 0x2, as_loading 0x0, as_notes (8 bytes)"* ]]
	[ "$(grep -c 'of process "palin"' <<< "$output")" -eq 1 ]
	broken idle idle 1
	[[ "$output" != *"TLB of"* ]]
}
