#!/usr/bin/env python3
"""The pages of `jit161 compare --html` and `jit161 costs --html` in Chromium: no errors, nothing fetched, and the plots are drawn where they can
be seen. Usage: pages.py BUILD"""
import json
import os
import subprocess
import sys
import tempfile

import browser

BUILD = os.path.abspath(sys.argv[1])
JIT161, GUESTS = os.path.join(BUILD, "jit161"), os.path.join(BUILD, "guest")
TECHNIQUES = ["interp", "tier1", "both", "warm", "tier1:call"]

# The plots of a page: what each has of lines, bars and dots with some extent, and whether all of it lies inside.
PLOTS = """[...document.querySelectorAll('svg')].map(plot => {
    const frame = plot.getBoundingClientRect();
    const drawn = [...plot.querySelectorAll('polyline, rect, circle')].map(part => [part, part.getBoundingClientRect()]);
    const count = name => drawn.filter(([part, box]) => part.tagName == name && box.width + box.height > 1).length;
    return {width: frame.width, height: frame.height, titles: plot.querySelectorAll('title').length,
            polyline: count('polyline'), rect: count('rect'), circle: count('circle'),
            inside: drawn.every(([part, box]) => box.left >= frame.left - 8 && box.right <= frame.right + 8 &&
                                                 box.top >= frame.top - 8 && box.bottom <= frame.bottom + 8)};
})"""


def make(*words):
    done = subprocess.run([JIT161, *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def check_plots(page, count):
    plots = page.evaluate(PLOTS)
    assert len(plots) == count, plots
    for plot in plots:
        assert plot["width"] > 500 and plot["height"] > 100 and plot["inside"], plot
    return plots


def compare(chromium):
    make("compare", "--rounds=1", "--techniques=" + ",".join(TECHNIQUES), "--html=compare.html",
         "-c", os.path.join(GUESTS, "sys161.conf"), os.path.join(GUESTS, "kernel.elf"))
    page = chromium.open("compare.html")
    page.check()
    progress, logarithmic, time, exits = check_plots(page, 4)
    for plot in progress, logarithmic:
        assert plot["polyline"] == len(TECHNIQUES), plot  # a line for each
    marks = page.evaluate("document.querySelectorAll('svg circle').length")
    ahead = page.evaluate("[...document.querySelectorAll('li')].filter(i => i.textContent.includes('from')).length")
    assert 0 <= marks <= 2 * ahead, (marks, ahead)
    assert time["rect"] > 2 * len(TECHNIQUES) and exits["rect"] > 3 * (len(TECHNIQUES) - 1), (time, exits)
    assert "All runs ended in the same state" in page.evaluate("document.body.innerText")
    rows = page.evaluate("[...document.querySelectorAll('table tr td:first-child')].map(c => c.textContent)")
    assert rows == TECHNIQUES, rows


def monitored(chromium):
    folder = os.path.join(GUESTS, "monitor")
    make("compare", "--rounds=1", "--techniques=interp,tier1", "--html=monitor.html", "--json=monitor.json",
         f"--monitor={folder}/monitor.elf alpha=solo:quick", "-c", os.path.join(folder, "monitor.conf"), os.path.join(folder, "solo.elf"), "quick")
    with open("monitor.json") as file:
        data = json.load(file)
    under = data["under_monitor"]
    assert data["same_state"] and under["same_state"] and list(under["times_as_much"]) == ["interp", "tier1"]
    for name, times in under["times_as_much"].items():
        one, other = ([t for t in d["techniques"] if t["name"] == name][0] for d in (data, under))
        assert abs(times["wall_seconds"] - other["wall_seconds"]["median"] / one["wall_seconds"]["median"]) < 1e-6
        assert times["guest_cycles"] == other["runs"][0]["guest_cycles"] / one["runs"][0]["guest_cycles"] > 2
    page = chromium.open("monitor.html")
    page.check()
    plots = check_plots(page, 9)
    assert plots[4]["circle"] == 2 * 3 + 3, plots[4]  # times as much, and the legend
    assert page.evaluate("document.querySelector('h1 ~ h1').textContent") == "Under a monitor: monitor.elf alpha=solo:quick"


def costs(chromium):
    make("costs", "--instructions=off", "--operations=tlb,system", "--techniques=reference,tier1", "--rounds=6", "--sample=0.1",
         "--html=costs.html", "--svg=costs.svg")
    page = chromium.open("costs.html")
    page.check()
    rows = page.evaluate("document.querySelectorAll('td:first-child').length")
    plots = check_plots(page, 2)
    assert rows == 12, rows
    assert sum(p["circle"] for p in plots) == 2 * rows + 2 * 2, plots  # and those of the legends
    picture = chromium.open("costs.svg")
    picture.check()
    assert picture.evaluate("document.documentElement.tagName") == "svg"
    assert picture.evaluate("document.querySelectorAll('circle').length") == 2 * rows + 2 * 2


browser.or_skip()
with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    with browser.Browser() as chromium:
        compare(chromium)
        monitored(chromium)
        costs(chromium)
    os.chdir("/")
