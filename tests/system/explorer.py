#!/usr/bin/env python3
"""`jit161 dump --json` and `--html`: what the data says, and the page in Chromium. `explorer.py PROGRAM GUESTS`."""
import json
import os
import re
import subprocess
import sys
import tempfile

import browser

BLOCKS = 20000
FOLLOWING = "ArrowDown"


def dump(program, *words):
    result = subprocess.run([program, "dump", *words], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout


def stage(detail, name):
    return next(stage for stage in detail["stages"] if stage["name"] == name)


def linked(lines, guest):
    return [line[0] for line in lines if len(line) > 1 and line[1] == guest]


def check_data(program, kernel):
    """A loop of strlen: each stage knows which instruction its lines are for."""
    head = 0x80003d84
    words = ["--at=0x%x" % head, "--block", "--json=-", kernel]
    data = json.loads(dump(program, *words))
    assert data["format"] == "jit161-dump" and not data["ran"]
    detail = data["details"][0]
    names = [s["name"] for s in detail["stages"]]
    assert names == ["source", "guest", "first", "ir", "ir:forward_state", "ir:fold", "ir:dead_stores", "llvm",
                     "llvm-optimised", "host"], names
    load = next(line for line in stage(detail, "guest")["lines"] if " lb\t" in line[0] or "  lb " in line[0])[1]
    for name, what in (("first", "movzx"), ("ir", "load.i8"), ("ir:dead_stores", "load.i8"), ("llvm", "load volatile i8"),
                       ("llvm-optimised", "load volatile i8"), ("host", "movsx")):
        lines = linked(stage(detail, name)["lines"], load)
        assert any(what in line for line in lines), (name, lines)
        other = linked(stage(detail, name)["lines"], load - 8)
        assert other and not any(what in line for line in other), (name, other)
    # The operation, too: of one number in all stages.
    op = next(line[2] for line in stage(detail, "ir")["lines"] if "load.i8" in line[0])
    assert any(len(line) > 2 and line[2] == op and "movsx" in line[0] for line in stage(detail, "host")["lines"])
    # Text and data say the same.
    text = dump(program, "--at=0x%x" % head, "--block", "--stages=gth", kernel)
    for name in ("guest", "first", "host"):
        for line in stage(detail, name)["lines"]:
            assert line[0] in text, line
    # With other passes.
    chosen = json.loads(dump(program, "--passes=fold", *words))["details"][0]
    assert [s["name"] for s in chosen["stages"] if ":" in s["name"]] == ["ir:fold"]
    # All blocks of a function.
    data = json.loads(dump(program, "--function=strlen", "--json=-", kernel))
    assert len(data["blocks"]) >= 4 and {b["function"] for b in data["blocks"]} == {"strlen"}


def check_run(program, guests, folder):
    """Code that is overwritten: who did it. And why a block is part of a region or not."""
    config = os.path.join(guests, "one-cpu.conf")
    out = os.path.join(folder, "run.json")
    dump(program, "--hot=1000", "--details=0", "--json=" + out, "-c", config, os.path.join(guests, "patches-code.elf"))
    with open(out) as file:
        data = json.load(file)
    assert data["ran"] and sum(b["share"] for b in data["blocks"]) > 0.99
    writes = [event for event in data["events"] if event["loss"] == "written"]
    assert writes and all(event["by"] == "cpu0" for event in writes), data["events"][:3]
    symbols = subprocess.run(["mips-linux-gnu-objdump", "-d", "--no-show-raw-insn", os.path.join(guests, "patches-code.elf")],
                             capture_output=True, text=True).stdout
    stores = {int(m[1], 16) for m in re.finditer(r"^([0-9a-f]{8}):\s+s[bhw]\b", symbols, re.M)}
    named = [event["pc"] for event in writes if "pc" in event]
    assert named and set(named) <= stores, (sorted(map(hex, named))[:5])
    dump(program, "--hot=1000", "--tiers=auto", "--threshold=1000", "--details=0", "--json=" + out, "-c", config,
         os.path.join(guests, "patches-code.elf"))
    with open(out) as file:
        data = json.load(file)
    fates = {data["fates"][b["fate"]] for b in data["blocks"]}
    assert "in a region" in fates and "not executed often enough" in fates, fates


def check_counts(program, guests, folder):
    """Executions as the first tier's code, samples of the guest's time, and the plain interpreter have them."""
    words = ["--hot=1000", "--all", "--details=0", "--json=-", "--threshold=2000", "-c", os.path.join(guests, "..", "sys161.conf"), "-C",
             "1:file=" + os.path.join(folder, "disk.img"), os.path.join(guests, "..", "kernel.elf"), "quick"]

    def run(*how):
        data = json.loads(dump(program, *how, *words))
        return data, {(b["va"], b["pa"]): b for b in data["blocks"] if not b.get("user")}

    first, of_first = run()
    exact, of_exact = run("--counts")
    assert first["counted_by"] == "first tier" and exact["counted_by"] == "reference interpreter"
    assert 0.3 < sum(b["share"] for b in exact["blocks"]) <= 1.001  # programs that ended have no code any more
    # Code counts what is entered at the start of a block, also if its first instruction faults then; rests of slices are interpreted,
    # and other blocks run through.
    hot = [key for key, b in of_first.items() if b["executions"] > 2000]
    assert len(hot) > 50
    for key in hot:
        assert of_exact[key]["executions"] >= 0.99 * of_first[key]["executions"], (of_first[key], of_exact[key])
    alike = sum(of_exact[key]["executions"] < 1.1 * of_first[key]["executions"] for key in hot)
    assert alike > len(hot) / 2, (alike, len(hot))
    # Regions: estimates near the truth.
    both, of_both = run("--tiers=auto")
    assert both["counted_by"] == "samples" and sum(b["samples"] for b in both["blocks"]) <= both["samples"]
    counted, of_counted = run("--tiers=auto", "--counts")
    regions = [key for key, b in of_both.items() if b["tier"] == 2 and b["samples"] > 100 and key in of_counted]
    assert regions, both["blocks"][:3]
    # Blocks within them that have no code of their own, as where there is little room for it.
    crowded, _ = run("--tiers=auto", "--code-size=256K", "--compile-threads=0")
    assert any(b.get("inner") for b in crowded["blocks"])
    for key in regions:
        truth = of_counted[key]
        assert truth["tier"] == 2 and 0.8 < of_both[key]["share"] / truth["share"] < 1.25, (of_both[key], truth)
        assert 0.7 < of_both[key]["estimated"] / truth["executions"] < 1.4, (of_both[key], truth)


def check_page(program, guests, folder):
    page_file = os.path.join(folder, "many.html")
    dump(program, "--hot=100", "--all", "--details=5", "--html=" + page_file, "-c", os.path.join(guests, "one-cpu.conf"),
         os.path.join(guests, "many-blocks.elf"))
    with browser.Browser() as chromium:
        page = chromium.open(page_file)
        blocks = page.evaluate("data.blocks.length")
        assert blocks >= BLOCKS, blocks
        print(f"{blocks} blocks, {os.path.getsize(page_file)} bytes, loaded in {page.load_seconds:.2f} s")
        # Only what is seen is there.
        assert 5 < page.evaluate("document.querySelectorAll('#rows .row').length") < 200
        rows = "[...document.querySelectorAll('#rows .row')]"
        # Sorted by heat, then by address.
        assert page.evaluate("shown.every((b, i) => !i || shown[i - 1].share >= b.share)")
        page.click("#head [data-column=va]")
        assert page.evaluate("shown.every((b, i) => !i || shown[i - 1].va <= b.va)")
        page.click("#head [data-column=va]")
        first = page.evaluate(rows + "[0].children[2].textContent")
        assert int(first, 16) == page.evaluate("Math.max(...data.blocks.map(b => b.va))"), first
        page.click("#head [data-column=share]")
        assert page.evaluate("shown.every((b, i) => !i || shown[i - 1].share >= b.share)")
        # Scrolling shows others.
        before = page.evaluate(rows + "[0].dataset.index")
        page.evaluate("document.querySelector('#list').scrollTop = 200000")
        page.settle()
        assert page.evaluate(rows + "[0].dataset.index") != before
        # Searching.
        page.type("#search", "f77+")
        assert page.evaluate("shown.length > 50 && shown.every(b => b.function === 'f77')")
        assert page.evaluate(rows + ".every(r => r.textContent.includes('f77'))")
        page.type("#search", "nothing of this name")
        assert page.evaluate(rows + ".length") == 0
        page.type("#search", "")
        assert page.evaluate("shown.length") == blocks
        # A block without stages says so, and has its function's graph.
        page.type("#search", "f150")
        page.click("#rows .row:last-child")
        assert "first 5" in page.evaluate("document.querySelector('#stages').textContent")
        assert page.evaluate("document.querySelectorAll('#graph .node').length") > 50
        page.type("#search", "")
        page.check()
        picture = os.environ.get("JIT161_PICTURE")

        # Hover: the same guest instruction in all stages.
        dump(program, "--at=0x80003d84", "--details=1", "--html=" + page_file, os.path.join(guests, "..", "kernel.elf"))
        page = chromium.open(page_file)
        # What is packed comes out as it is in the data.
        data = json.loads(dump(program, "--at=0x80003d84", "--details=1", "--json=-", os.path.join(guests, "..", "kernel.elf")))
        assert json.loads(page.evaluate("JSON.stringify(detailOf(data.blocks[0]))")) == data["details"][0]
        assert page.evaluate("data.fates.join()") == ",".join(data["fates"])
        assert page.evaluate("[...document.querySelectorAll('.stage')].map(s => s.dataset.stage).join()") == \
            "guest,ir,llvm-optimised,host"
        assert page.evaluate("document.querySelectorAll('#graph .node').length") >= 2
        assert page.evaluate("document.querySelectorAll('#graph path').length") >= 2
        assert page.evaluate("document.querySelectorAll('.line.same').length") == 0
        guest = page.evaluate("[...document.querySelectorAll('[data-stage=guest] .line')].find(l => l.textContent.includes('lb\\t')).dataset.guest")
        page.hover(f"[data-stage=guest] .line[data-guest='{guest}']")
        for name, what in (("guest", "lb"), ("ir", "load.i8"), ("llvm-optimised", "load volatile i8"), ("host", "movsx")):
            text = page.evaluate(f"[...document.querySelectorAll('[data-stage=\"{name}\"] .line.same')].map(l => l.textContent).join()")
            assert what in text, (name, text)
        assert page.evaluate(f"[...document.querySelectorAll('.line.same')].every(l => l.dataset.guest === '{guest}')")
        assert page.evaluate("document.querySelectorAll('#graph .node.same').length") == 1
        page.hover("#title")
        assert page.evaluate("document.querySelectorAll('.line.same').length") == 0
        # Another stage is shown on request.
        page.click("[data-stage=first]")
        assert page.evaluate("!!document.querySelector('.stage[data-stage=first]')")
        if picture:
            page.hover(f"[data-stage=guest] .line[data-guest='{guest}']")
            page.picture(picture)
        page.check()


def main():
    program, guests = sys.argv[1], os.path.join(sys.argv[2], "bare")
    with tempfile.TemporaryDirectory() as folder:
        check_data(program, os.path.join(sys.argv[2], "kernel.elf"))
        check_run(program, guests, folder)
        check_counts(program, guests, folder)
        browser.or_skip()
        check_page(program, guests, folder)


main()
