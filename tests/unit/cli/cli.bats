bats_require_minimum_version 1.5.0

# What a user meets at the command line. BUILD names the build folder.

setup() {
	cd "$BATS_TEST_TMPDIR"
	printf '0 serial\n28 random seed=1\n29 timer\n30 trace\n31 mainboard ramsize=512K\n' > sys161.conf
	example="$BUILD/guest/bare/example-a.elf"
	export PATH="$BUILD:$PATH"
}

@test "a guest that powers off ends with status 0 and the original's figures" {
	run sys161 -X "$BUILD/guest/bare/example-a.elf"
	[ "$status" -eq 0 ]
	[[ "$output" == *"sys161: 1066397 cycles (100000 run, 966397 global-idle)"* ]]
	[[ "$output" == *"sys161:   cpu0: 14 kern, 0 user, 0 idle; 0 ll, 0/0 sc, 0 sync"* ]]
	[[ "$output" == *"Elapsed virtual time: 0.042945843 seconds (25 mhz)"* ]]
	[[ "$output" != *"--- jit161"* ]]
}

@test "every engine and policy gives the same figures" {
	sys161 -X --engine=reference "$example" 2>&1 | grep -v 'compiled\|real time' > reference.txt
	for options in "--engine=jit" "--engine=interp" "--threshold=1 --compile-threads=0" \
		       "--threshold=1 --sensitive=call" "--tier=1 --sensitive=trap" \
		       "--threshold=1 --compile-threads=0 --sensitive=trap" "--engine=lockstep --threshold=1" \
		       "--engine=lockstep --lockstep-engine=interp"; do
		sys161 -X $options "$example" 2>&1 | grep -v 'compiled\|real time' | diff reference.txt -
	done
}

@test "jit161 run ends with a summary" {
	run jit161 run -X "$example"
	[ "$status" -eq 0 ]
	[[ "$output" == *"--- jit161: engine jit, sensitive instructions inline"* ]]
	[[ "$output" == *"guest MIPS"* ]]
	[[ "$output" == *"exits to the runtime"* ]]
	[[ "$output" == *"compiling"* ]]
}

@test "statistics are JSON with the figures of the shutdown lines" {
	sys161 -X --stats=out.json "$BUILD/guest/bare/example-a.elf"
	python3 - <<-'P'
	import json
	s = json.load(open("out.json"))
	assert s["cause"] == "power-off" and s["exit_status"] == 0, s
	assert s["run_cycles"] == 100000 and s["global_idle_cycles"] == 966397, s
	assert s["cpus"][0]["kernel_cycles"] == 14, s
	assert s["devices"]["console_writes"] == 1, s
	slots = {device["slot"]: device for device in s["slots"]}
	assert sorted(slots) == [0, 28, 29, 30, 31] and slots[0] == {"slot": 0, "device": "serial", "reads": 0, "writes": 1}, s
	assert s["stop_requested"] is False, s
	assert set(s["jit"]["exits"]) == {"unlinked", "indirect", "budget", "interpret", "stop", "hot", "dispatch"}, s
	P
}

@test "statistics tell what the translation cache holds and what it may take" {
	sys161 -X --tier=1 --code-size=192K --stats=out.json "$BUILD/guest/bare/makes-code.elf"
	python3 - <<-'P'
	import json
	cache = json.load(open("out.json"))["jit"]["cache"]
	assert cache["budget_bytes"] == 192 << 10 and 0 < cache["taken_bytes"] <= 192 << 10, cache
	assert cache["metadata_bytes"] == sum(cache["metadata"].values()), cache
	assert cache["code_bytes"] < cache["taken_bytes"] and cache["evictions"] > 0, cache
	for what in "code", "metadata":
	    ratio = cache[what + "_bytes"] / cache["guest_instructions"]
	    assert abs(cache[what + "_bytes_per_instruction"] - ratio) < 0.001, cache
	P
}

@test "statistics tell how large regions are, how the run got on and what memory it took" {
	sys161 -X --compile-threads=0 --threshold=300 --stats=out.json "$BUILD/guest/bare/opcodes.elf"
	python3 - <<-'P'
	import json
	s = json.load(open("out.json"))
	both, second = s["jit"]["cache"], s["jit"]["cache"]["second_tier"]
	assert 0 < second["code_bytes"] < both["code_bytes"], both
	assert 0 < second["guest_instructions"] < both["guest_instructions"], both
	assert abs(second["code_bytes_per_instruction"] - second["code_bytes"] / second["guest_instructions"]) < 0.001, both
	progress = s["progress"]
	assert progress == sorted(progress) and progress[-1][1] == s["executed_cycles"], progress
	assert progress[-1][0] <= s["real_seconds"] and 1 <= len(progress) <= 512, s
	assert s["peak_memory_bytes"] > 1 << 20, s
	P
}

@test "sizes of the memory for translated code" {
	for size in 1 2M 64k 1G; do
		sys161 -X --code-size=$size "$example"
	done
	for size in 0 63K 2G 1T -1 "" 1MM; do
		run sys161 -X --code-size=$size "$example"
		[ "$status" -eq 2 ]
		[[ "$output" == *"Invalid value \`$size' for --code-size"* ]]
	done
}

@test "statistics that cannot be written are an error" {
	run sys161 -X --stats=/nonexistent/out.json "$example"
	[ "$status" -eq 2 ]
	[[ "$output" == *"/nonexistent/out.json"* ]]
}

@test "clustered options and detached arguments work as in the original" {
	mv sys161.conf other.conf
	sys161 -sXcother.conf "$example"
	sys161 -X -c other.conf -C 31:ramsize=1M "$example"
}

@test "wrong usage ends with status 2 and says what is wrong" {
	for words in "" "-q $example" "-c" "--engine=fast $example" "--nonsense $example" "--threshold=0 $example" \
		     "--lockstep-engine=reference $example" "-Cnonsense $example" "--tier=3 $example" \
		     "--gdb= $example" "--gdb=unix:/nonexistent/socket $example" "--gdb=127.0.0.1:none $example" \
		     "--engine=lockstep -w $example"; do
		run sys161 $words
		[ "$status" -eq 2 ]
		[[ "$output" == *"sys161: "* ]]
	done
	run jit161 nonsense
	[ "$status" -eq 2 ]
}

@test "a debugger's socket that cannot be made is said, and the machine runs" {
	touch .sockets
	run sys161 -X "$example"
	[ "$status" -eq 0 ]
	[[ "$output" == *"sys161: Could not bind debug socket; debugging disabled"* ]]
	[[ "$output" == *"1066397 cycles"* ]]
	rm .sockets
	run jit161 run "$example"
	[ "$status" -eq 0 ]
	[ ! -e .sockets ]
}

@test "dump shows every stage of a region" {
	run jit161 dump "$BUILD/guest/kernel.elf"
	[ "$status" -eq 0 ]
	for stage in "guest assembly" "=== IR" "IR, optimised" "LLVM IR" "LLVM IR, optimised" "host assembly"; do
		[[ "$output" == *"$stage"* ]]
	done
	[[ "$output" == *"define"* ]]
}

@test "dump takes functions and passes, and shows IR after each" {
	run jit161 dump --function=strlen --stages=ip --passes=fold "$BUILD/guest/kernel.elf"
	[ "$status" -eq 0 ]
	[[ "$output" == *"block 80003d84 strlen+0x14"* ]]
	[[ "$output" == *"=== IR after fold"* ]]
	[[ "$output" != *"IR after dead_stores"* ]]
	run jit161 dump --stages=o --passes=none "$BUILD/guest/kernel.elf"
	unoptimised=$(jit161 dump --stages=i "$BUILD/guest/kernel.elf" | sed 1,3d)
	[ "$(sed 1,3d <<< "$output")" = "$unoptimised" ]
	run jit161 dump --passes=no_such_pass "$BUILD/guest/kernel.elf"
	[ "$status" -eq 2 ]
	run jit161 dump --function=no_such_function "$BUILD/guest/kernel.elf"
	[ "$status" -eq 2 ]
	[[ "$output" == *"no_such_function"* ]]
}

@test "dump finds functions by name and takes stages" {
	symbol=$(mips-linux-gnu-nm "$BUILD/guest/kernel.elf" | awk '$2 == "T" { print $3; exit }')
	run jit161 dump --at="$symbol" --stages=gi --block "$BUILD/guest/kernel.elf"
	[ "$status" -eq 0 ]
	[[ "$output" == *"guest assembly"* ]]
	[[ "$output" == *"region mode=kernel,unmapped,big"* ]]
	[[ "$output" != *"host assembly"* ]]
	run jit161 dump --at=no_such_function "$BUILD/guest/kernel.elf"
	[ "$status" -eq 2 ]
	[[ "$output" == *"no_such_function"* ]]
	run jit161 dump --at=0x123 "$BUILD/guest/kernel.elf"
	[ "$status" -eq 2 ]
}

@test "without its back end the translator says so and interprets" {
	cp "$BUILD/jit161" .
	run ./jit161 run -X --threshold=1 --compile-threads=0 "$BUILD/guest/bare/example-a.elf"
	[ "$status" -eq 0 ]
	[[ "$output" == *"no translation"* ]]
	[[ "$output" == *"1066397 cycles"* ]]
}

@test "disk161 makes an image the machine takes" {
	disk161 create disk.img 5M
	disk161 info disk.img
	printf '2 disk rpm=7200 file=disk.img\n' >> sys161.conf
	sys161 -X "$example"
	run disk161 create disk.img 5M
	[ "$status" -eq 1 ]
}

@test "malta runs a program to its end, with our options and with QEMU's" {
	hot="$BUILD/guest/malta/timer.little.elf"
	run --separate-stderr jit161 run --machine=malta --kernel="$hot"
	[ "$status" -eq 0 ]
	[[ "$output" == *"WAIT ended by interrupts = 00000001"* ]]
	[[ "$stderr" == *"--- jit161: engine jit"* ]]
	expected=$output
	run --separate-stderr jit161 run -M malta -cpu 34Kf -m 64 -nographic -no-reboot -append "a b" -kernel "$hot"
	[ "$status" -eq 0 ]
	[ "$output" = "$expected" ]
	run --separate-stderr jit161 run --machine=malta --engine=reference --endian=little --memory=2M "$hot"
	[ "$status" -eq 0 ]
	[ "$output" = "$expected" ]
}

@test "turns: what they may be" {
	for bad in --quantum=0 --quantum=50001 --quantum=some "--quantum=2 --quantum-seed=-1" --quantum-seed=3; do
		run jit161 run $bad kernel
		[ "$status" -eq 2 ]
		[[ "$output" == *"--quantum"* ]]
	done
}

@test "RAM beyond the original's limit, if asked for" {
	run sys161 -X -C 31:ramsize=64M "$example"
	[ "$status" -eq 2 ]
	[[ "$output" == *"System memory too large"*"--max-ram"* ]]
	run sys161 -X --max-ram=64M -C 31:ramsize=65M "$example"
	[ "$status" -eq 2 ]
	run sys161 -X --max-ram=509M "$example"
	[ "$status" -eq 2 ]
	for engine in reference interp jit; do
		run sys161 -X --max-ram=508M -C 31:ramsize=508M --engine=$engine "$example"
		[ "$status" -eq 0 ]
		[[ "$output" == *"sys161: 1066397 cycles (100000 run, 966397 global-idle)"* ]]
	done
	run sys161 -X --max-ram=64M -C 31:ramsize=64M --engine=lockstep --threshold=1 "$example"
	[ "$status" -eq 0 ]
}

@test "malta says what is wrong, and what is not built" {
	program="$BUILD/guest/malta/alu.big.elf"
	for words in "" "--kernel=/nonexistent" "--kernel=/etc/hostname" "--endian=little $program" "--cpu=74Kf $program" \
		     "--memory=512M $program" "--memory=12Q $program" "--initrd=x $program" "--drive=x $program" \
		     "--kernel=$program more" "-kernel"; do
		run jit161 run --machine=malta $words
		[ "$status" -eq 2 ]
		[[ "$output" == *"161: "* ]]
	done
	run jit161 run --machine=malta --memory=512M "$program"
	[[ "$output" == *"not built yet"* ]]
	run jit161 run --machine=malta --initrd=x "$program"
	[[ "$output" == *"not built yet"* ]]
	run jit161 run --kernel="$program"
	[ "$status" -eq 2 ]
	run sys161 -cpu 24Kf "$program" # -c pu
	[ "$status" -eq 2 ]
}

@test "the cause of an end is in the statistics, and the exit status is the original's" {
	printf '0 serial\n1 disk rpm=7200 size=5M file=disk.img\n29 timer\n30 trace\n31 mainboard ramsize=512K\n' > sys161.conf
	run sys161 -X -D 2 --stats=doom.json "$BUILD/guest/bare/disk-writes.elf"
	[ "$status" -eq 3 ]
	[[ "$output" == *"DOOOOOOOOOOOM"* ]]
	run sys161 -X -Z 2 --stats=watchdog.json "$BUILD/guest/bare/spin.elf"
	[ "$status" -eq 1 ]
	run sys161 -X --stats=hang.json "$BUILD/guest/bare/hangs.elf" o
	[ "$status" -eq 1 ]
	run sys161 -X --stats=stop.json "$BUILD/guest/bare/hangs.elf" s
	[ "$status" -eq 1 ]
	python3 - <<-'P'
	import json
	for name, cause, ended_by, status in (("doom", "doom", "doom", 3), ("watchdog", "interrupts-off", "no-progress", 1),
	                                      ("hang", "hang", "hang", 1), ("stop", "panic", "power-off", 1)):
	    s = json.load(open(name + ".json"))
	    assert (s["cause"], s["ended_by"], s["exit_status"], s["stop_requested"]) == (cause, ended_by, status, name == "stop"), s
	    assert s["jit"]["exits"]["unlinked"] < 1000, s # links are made and stay
	P
}

@test "a guest that keeps starting the timer stops with the original's message when the queue is full" {
	run -1 sys161 -X "$BUILD/guest/bare/hangs.elf" v
	[[ "$output" == *"sys161: Too many pending hardware interrupts"*"sys161: You did something the hardware didn't like."* ]]
}

@test "every name of the program stands in for the original's" {
	run trace161 -X -tk "$example"
	[ "$status" -eq 0 ]
	[[ "$output" == *"trace: 00 at 80000400: lui"* ]]
	for program in hub161 stat161; do
		run $program -x
		[ "$status" -eq 3 ]
		[[ "$output" == *"Usage: $program "* ]]
	done
}

@test "jit161 run leaves no sockets behind unless it is asked for a meter" {
	jit161 run -X "$example"
	[ ! -e .sockets ]
	jit161 run -X --meter=here "$example"
	[ -S here ]
	rm -rf .sockets
	sys161 -X --meter=off --gdb=off "$example"
	[ ! -e .sockets ]
	sys161 -X "$example"
	[ -d .sockets ]
	[ ! -e .sockets/gdb ]
	run sys161 -X --meter=/nonexistent/meter "$example"
	[ "$status" -eq 0 ]
	[[ "$output" == *"Could not set up meter socket; metering disabled"* ]]
}

@test "the guest's clock starts when it is told to" {
	run sys161 -X --rtc=1000000000 "$BUILD/guest/bare/trace-cpu.elf"
	[ "$status" -eq 0 ]
	cp "$BUILD/guest/bare/dump.conf" sys161.conf
	mkdir files
	run sys161 -X --rtc=1000000000 "$BUILD/guest/bare/dump.elf"
	[ "$status" -eq 0 ]
	[[ "$output" == *"secs elapsed (start at 1000000000.000000000)"* ]]
}

# The sanitizers need what the sandbox takes.
needs_sandbox() {
	grep -q '^JIT161_SANITIZE:[A-Z]*=.' "$BUILD/CMakeCache.txt" && skip "built with sanitizers"
	return 0
}

@test "a running machine is in the sandbox, with all its threads" {
	needs_sandbox
	# Everything is compiled, so that there is a thread of LLVM's.
	jit161 run -X --threshold=1 --stats=out.json "$BUILD/guest/bare/spin.elf" < /dev/null > output 2>&1 &
	machine=$!
	while [ "$(ls /proc/$machine/task | wc -l)" -lt 2 ]; do sleep 0.01; done
	for thread in /proc/$machine/task/*; do
		grep -q '^Seccomp:.*2' "$thread/status"
		grep -q '^NoNewPrivs:.*1' "$thread/status"
	done
	kill $machine
	wait $machine || [ $? -eq 143 ]
	tr -d '\t\n' < out.json | grep -q '"sandbox":{"files":true,"calls":true}'
	run ! grep -i sandbox output
}

@test "--no-sandbox leaves the process alone, and says so" {
	run jit161 run -X --no-sandbox --stats=out.json "$example"
	[ "$status" -eq 0 ]
	[[ "$output" == *"sys161: Sandbox: off (--no-sandbox)"* ]]
	grep -A2 '"sandbox"' out.json | grep -q '"files":.*false'
	run jit161 run -X --no-sandbox --sandbox "$example"
	[[ "$output" != *"Sandbox"* ]]
}

@test "statistics that cannot be written are an error before the guest starts" {
	run jit161 run -X --stats=none/out.json "$example"
	[ "$status" -eq 2 ]
	[[ "$output" == *"Cannot write statistics to none/out.json: No such file or directory"* ]]
	[[ "$output" != *"cycles"* ]]
}

@test "statistics replace what was in the file, and may go where no file can be cut" {
	head -c 100000 /dev/zero > out.json
	jit161 run -X --stats=out.json "$example" 2> /dev/null
	python3 -m json.tool out.json > /dev/null
	jit161 run -X --stats=/dev/fd/7 "$example" 7>&1 > /dev/null 2>&1 | python3 -m json.tool > /dev/null
}

@test "every field of the statistics is in the manual" {
	manual=$(dirname "$BATS_TEST_FILENAME")/../../../docs/manual.md
	run jit161 run -X --report=on --limit=0.1s -c "$BUILD/guest/broken/broken.conf" --stats=1.json "$BUILD/guest/broken/deadlock.elf"
	run jit161 run -X --engine=interp --report=on --stats=2.json "$example"
	python3 - "$manual" 1.json 2.json <<-'P'
	import json, re, sys
	table = open(sys.argv[1]).read().split("`--stats` writes", 1)[1].split("\n## ", 1)[0]
	said = set(word for code in re.findall("`([^`]*)`", table) for word in code.split())
	for path in sys.argv[2:]:
	    for name, value in json.load(open(path)).items():
	        assert name in said, name
	        inner = value[0] if isinstance(value, list) and value else value
	        for name in inner if isinstance(inner, dict) else []:
	            assert name in said, name
	P
}
