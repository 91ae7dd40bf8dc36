"""bench/run --second-run: what is left of the cost of translation when a program is run a second time.

Each round begins with an empty cache of kept regions. The first run fills it; the second is what is asked about; then the
program is run until nothing is compiled any more. The rate at which a program can go is the median rate in the last half of
that last, warm, run (--stats, `progress`). The second run should take no longer, in wall time, than

    1.1 * (its guest cycles / that rate + 20 ms)

The last column has the same in CPU time, of all threads against that of the machine's, which says more on a host that others use.
"""

import json
import os
import statistics
import tempfile

ALLOWED = 1.1
START_SECONDS = 0.020
MOST_RUNS = 8  # until nothing is compiled


def with_options(command, words):
    """The command line of a jit161 with more options, in front of the kernel and its arguments."""
    at = 2 if len(command.words) > 1 and command.words[1] == "run" else 1
    return type(command)(command.words[:at] + words + command.words[at:], command.environment, command.root)


def rate(stats, clock):
    """Guest cycles a second: the median in the last half of the run. `clock`: 0 wall, 2 CPU time of the machine's thread."""
    samples = [[0, 0, 0]] + stats["progress"]
    half = stats["executed_cycles"] / 2
    last = [i for i in range(1, len(samples)) if samples[i][1] >= half] or [len(samples) - 1]
    steps = [(samples[i][1] - samples[i - 1][1], samples[i][clock] - samples[i - 1][clock]) for i in last]
    rates = [cycles / seconds for cycles, seconds in steps if seconds > 0]
    return statistics.median(rates)


class Run:
    def __init__(self, command, cache, limit):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "stats.json")
            words = [f"--cache={cache}", f"--stats={path}"]
            self.wall, self.cpu, self.ended, self.output, messages = with_options(command, words).run(limit)
            try:
                with open(path) as file:
                    self.stats = json.load(file)
            except (OSError, ValueError):
                self.stats = None
                self.ended = f"{self.ended}, without statistics: {(messages.strip().splitlines() or ['no message'])[-1]}"

    def compiled(self):
        kept = self.stats["jit"]["kept"]
        return kept["stored"] or kept["missed"] or self.stats["jit"]["compile_cpu_seconds"] > 0


def measure_round(command, limit):
    with tempfile.TemporaryDirectory() as parent:
        cache = os.path.join(parent, "cache")
        runs = []
        while len(runs) < 3 or (len(runs) < MOST_RUNS and runs[-1].compiled()):
            runs.append(Run(command, cache, limit))
            if runs[-1].stats is None or (runs[-1].output, runs[-1].ended) != (runs[0].output, runs[0].ended):
                return None, f"run {len(runs)} ended with {runs[-1].ended}, or showed something else"
    cycles = runs[1].stats["executed_cycles"]
    best, best_cpu = rate(runs[-1].stats, 0), rate(runs[-1].stats, 2)
    figures = {
        "first": {"wall": runs[0].wall, "cpu": runs[0].cpu},
        "second": {"wall": runs[1].wall, "cpu": runs[1].cpu},
        "warm": {"wall": runs[-1].wall, "cpu": runs[-1].cpu},
        "runs": len(runs),
        "cycles": cycles,
        "rate": best,
        "ratio": runs[1].wall / (cycles / best + START_SECONDS),
        "rate_cpu": best_cpu,
        "ratio_cpu": runs[1].cpu / (cycles / best_cpu + START_SECONDS),
        "loaded": runs[1].stats["jit"]["kept"]["loaded"],
        "compiled_second": runs[1].stats["jit"]["kept"]["missed"],
    }
    return figures, None


def table(rows, options):
    """Prints a line for each row and jit161 peer; returns all figures, as --json has them."""
    print("| program | peer | cycles, millions | rate, guest MIPS | first run, wall s (CPU) | second | warm (after runs) | loaded, wanted in the second | second / bound | in CPU time |")
    print("|---" * 10 + "|")
    results = []
    for row in rows:
        for peer, command in row.commands.items():
            rounds, notes = [], []
            for _ in range(options.rounds):
                figures, note = measure_round(command, options.limit)
                if note:
                    notes.append(note)
                    break
                rounds.append(figures)
            results.append({"row": row.name, "peer": peer, "notes": notes, "rounds": rounds})
            if notes:
                print(f"| {row.name} | {peer} | does not count: {notes[0]} |", flush=True)
                continue

            def median(*names):
                def of(figures):
                    for name in names:
                        figures = figures[name]
                    return figures

                return statistics.median(map(of, rounds))

            runs = [f"{median(which, 'wall'):.3f} ({median(which, 'cpu'):.3f})" for which in ("first", "second", "warm")]
            ratio = median("ratio")
            mark = "" if ratio <= ALLOWED else ", over"
            print(
                f"| {row.name} | {peer} | {median('cycles') / 1e6:.1f} | {median('rate') / 1e6:.0f} | {runs[0]} | {runs[1]} | "
                f"{runs[2]} ({median('runs'):.0f}) | {median('loaded'):.0f}, {median('compiled_second'):.0f} | {ratio:.2f}{mark} | {median('ratio_cpu'):.2f} |",
                flush=True,
            )
    over = [r["row"] for r in results if r["rounds"] and statistics.median(f["ratio"] for f in r["rounds"]) > ALLOWED]
    print(f"\n{len(over)} of {len(results)} over {ALLOWED}" + (f": {', '.join(over)}" if over else ""))
    return results
