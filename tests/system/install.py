#!/usr/bin/env python3
"""What is installed works, and its documents are complete: `install.py BUILD GUESTS [--package]`. Installs into a folder of
its own and runs the guest from there, with LLVM and the reader of symbols loaded late; then compares manual pages and
completions with what the programs' --help says. With --package also the Debian package, unpacked."""
import os
import re
import subprocess
import shutil
import sys
import tempfile

BUILD, GUESTS = (os.path.abspath(path) for path in sys.argv[1:3])
PROGRAMS = ["jit161", "sys161", "trace161", "disk161", "hub161", "stat161"]


def output(words, status=0, **options):
    result = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            **options)
    assert result.returncode == status, (words, result.returncode, result.stdout)
    return result.stdout


def help_flags(text):
    """Independently of packaging/documents.py: words at the start of a line that look like options."""
    return set(re.findall(r"^(?:sys161:)? +(--[a-z0-9-]+|-[A-Za-z])\b", text, re.M))


def all_flags(programs):
    """Program, command -> options."""
    help_text = output([programs + "/jit161", "--help"])
    commands = re.findall(r"^  jit161 ([a-z]+)", help_text, re.M)
    assert {"run", "dump"} <= set(commands), commands
    found = {("jit161", command): help_flags(output([programs + "/jit161", command, "--help"], 2)) for command in commands}
    for name in PROGRAMS[1:]:
        text = subprocess.run([f"{programs}/{name}", "--help"], capture_output=True, text=True)
        found[name, ""] = help_flags(text.stdout + text.stderr)
    assert len(found["jit161", "run"]) > 30 and found["stat161", ""] == {"-i"}, found
    return found


def check_runs(prefix):
    programs = prefix + "/bin"
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(GUESTS + "/sys161.conf", folder)
        text = output([programs + "/jit161", "run", "--threshold=1000", "--compile-threads=0", "--report=on", "-c", "sys161.conf",
                       GUESTS + "/kernel.elf", "syscalls", "sha256"], cwd=folder)
        assert "init: 2 of 2 programs ok" in text, text
        regions = re.search(r"second tier: (\d+) regions", text)
        assert regions and int(regions[1]) > 0, text  # LLVM was found
        assert "sandbox" not in text.lower(), text
        text = output([programs + "/sys161", "-X", "--report=on", "--limit=0.001s", "-c", "sys161.conf",
                       GUESTS + "/kernel.elf", "syscalls"], 4, cwd=folder)
        assert re.search(r"0x8[0-9a-f]{7} \w+", text), text  # and the symbols' reader
        output([programs + "/disk161", "create", "image", "1M"], cwd=folder)
        assert "1048576 bytes" in output([programs + "/disk161", "info", "image"], cwd=folder)


def check_manual_pages(prefix, flags):
    for program in PROGRAMS:
        with open(f"{prefix}/share/man/man1/{program}.1") as file:
            page = file.read()
        said = {"-" + flag.replace("\\", "") for flag in re.findall(r"^\.It Fl (\S+)", page, re.M)}
        for (name, command), wanted in flags.items():
            assert name != program or wanted <= said, (name, command, wanted - said)
        if shutil.which("mandoc"):
            assert not output(["mandoc", "-Tlint", "-Wwarning", f"{prefix}/share/man/man1/{program}.1"])


def bash_completes(prefix, line):
    script = f"""source '{prefix}/share/bash-completion/completions/jit161'
        compopt() {{ :; }}
        COMP_LINE=$1 COMP_POINT=${{#1}}; COMP_WORDS=($1); [[ $1 == *' ' ]] && COMP_WORDS+=('')
        COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _jit161; printf '%s\\n' "${{COMPREPLY[@]}}" """
    return set(output(["bash", "-c", script, "bash", line]).split())


def check_completions(prefix, flags):
    for (name, command), wanted in flags.items():
        start = f"{name} {command} " if command else f"{name} "
        for flag in wanted:
            offered = {word.rstrip("=") for word in bash_completes(prefix, start + flag)}
            assert flag in offered, (start, flag, offered)
    assert bash_completes(prefix, "jit161 run --engine=") == {"jit", "interp", "reference", "lockstep"}
    assert bash_completes(prefix, "jit161 r") == {"run"}
    assert bash_completes(prefix, "disk161 ") == {"create", "info", "resize"}
    with open(f"{prefix}/share/zsh/vendor-completions/_jit161") as file:
        text = file.read()
    for (name, command), wanted in flags.items():
        section = re.search(rf"^{command or name}\)\n(.*?)^\t;;", text, re.M | re.S)[1]
        for flag in wanted:
            assert re.search(rf"^\t\t'\*?{flag}[=\[-]", section, re.M), (name, command, flag)
        with open(f"{prefix}/share/fish/vendor_completions.d/{name}.fish") as file:
            lines = [line for line in file if not command or f"from {command}'" in line]
        for flag in wanted:
            option = f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}"
            assert any(re.search(rf" {option}( |$)", line) for line in lines), (name, command, flag)
    for shell, path in ("zsh", "zsh/vendor-completions/_jit161"), ("fish", "fish/vendor_completions.d/jit161.fish"):
        if shutil.which(shell):
            output([shell, "-n", f"{prefix}/share/{path}"])


def check(prefix):
    check_runs(prefix)
    flags = all_flags(prefix + "/bin")
    check_manual_pages(prefix, flags)
    check_completions(prefix, flags)
    assert os.path.exists(prefix + "/share/doc/jit161/manual.md")


def main():
    with tempfile.TemporaryDirectory() as folder:
        output(["cmake", "--install", BUILD, "--prefix", "/usr"], env=dict(os.environ, DESTDIR=folder + "/staged"))
        check(folder + "/staged/usr")
        os.rename(folder + "/staged", folder + "/elsewhere")  # nothing depends on where it is
        check_runs(folder + "/elsewhere/usr")
        if "--package" in sys.argv:
            output(["cpack", "--config", BUILD + "/CPackConfig.cmake", "-B", folder + "/package"])
            package = next(entry.path for entry in os.scandir(folder + "/package") if entry.name.endswith(".deb"))
            needs = output(["dpkg-deb", "-f", package, "Depends"])
            for library in "libc6", "libcjson1", "libdw1", "libelf1":
                assert re.search(rf"\b{library}\b", needs), needs
            output(["dpkg-deb", "-x", package, folder + "/unpacked"])
            check(folder + "/unpacked/usr")


main()
