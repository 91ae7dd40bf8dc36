"""bench/run --os161 ROOTS: the runs of os161.list, with what each needs around it: the tree's programs, a configuration, two disks."""

import os
import shutil
import subprocess

LIST = os.path.join(os.path.dirname(os.path.abspath(__file__)), "os161.list")
PARTS = ("kernel", "bin", "sbin", "testbin")
DISK_SIZE = "8M"
SLOTS = """0\tserial
1\temufs
2\tdisk\trpm=7200\tfile=LHD0.img
3\tdisk\trpm=7200\tfile=LHD1.img
28\trandom\tseed=1
29\ttimer
30\ttrace
"""


def read():
    """Trees by name, and the cases."""
    trees, cases = {}, []
    with open(LIST) as lines:
        for line in lines:
            words = line.split(maxsplit=5)
            if not words or words[0].startswith("#"):
                continue
            if words[0] == "tree":
                trees[words[1]] = dict(zip(("repository", "commit", "configuration", "controller"), line.split()[2:]))
            else:
                kind, tree, cpus, ram, name, command = words
                cases.append({"name": f"{kind}/{tree}-{name}", "tree": tree, "cpus": int(cpus), "ram": int(ram), "command": command.strip()})
    return trees, cases


def configuration(controller, case):
    cpus = f"\tcpus={case['cpus']}" if controller == "mainboard" else ""
    return f"{SLOTS}31\t{controller}\tramsize={case['ram'] * 1024}{cpus}\n"


def prepare(case, tree, roots, disk161, where):
    """A directory to run the case in."""
    root = os.path.join(roots, case["tree"])
    os.makedirs(where)
    for part in PARTS:
        source = os.path.join(root, part)
        if os.path.isdir(source):
            shutil.copytree(source, os.path.join(where, part))
        elif os.path.exists(source):
            shutil.copy2(source, os.path.join(where, part))
    for disk in ("LHD0.img", "LHD1.img"):
        subprocess.run([disk161, "create", disk, DISK_SIZE], cwd=where, check=True, stdout=subprocess.DEVNULL)
    mksfs = os.path.join(root, "hostbin", "host-mksfs")
    if os.path.exists(mksfs):
        subprocess.run([mksfs, "LHD1.img", "lhd1"], cwd=where, check=True, stdout=subprocess.DEVNULL)
    with open(os.path.join(where, "sys161.conf"), "w") as file:
        file.write(configuration(tree["controller"], case))


def arguments(case):
    return ["-X", "-c", "sys161.conf", "kernel", case["command"]]
