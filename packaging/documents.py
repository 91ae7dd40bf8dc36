#!/usr/bin/env python3
"""Manual pages and shell completions, made from what the programs themselves say: `documents.py PROGRAMS MANUAL FOLDER`.

The help texts are the one place where options are listed: of `jit161 --help` the commands, of `jit161 COMMAND --help` and of
the original's programs the options. Exit statuses are docs/manual.md's. `read_help` says what help looks like; the tests use
it to see that nothing is left out."""
import os
import re
import subprocess
import sys

OWN = "jit161"
RELEASED = "November 28, 2026"
STAND_INS = {
    "sys161": "run a System/161 machine, in place of System/161's simulator",
    "trace161": "run a System/161 machine, in place of System/161's tracing simulator",
    "disk161": "make, examine and resize disk images of System/161 machines",
    "hub161": "pass frames between the network cards of System/161 machines",
    "stat161": "show what a running System/161 machine does",
}
ACTIONS = {"disk161": ["create", "info", "resize"]}  # what comes first on the command line


class Option:
    """`words` is how help has it, such as --engine=jit|interp or -c config; `flag` its name, `value` what it takes."""

    def __init__(self, words, text):
        self.words, self.text = words, text
        match = re.match(r"(--[a-z0-9-]+|-[A-Za-z])(.*)", words)
        self.flag = match[1]
        self.attached = "=" if match[2].startswith("=") else "" if match[2] and match[2][0] in "[" else " "
        self.value = match[2].strip("= ")

    def choices(self):
        """The words that the value can be; empty if it is not a choice."""
        words = self.value.split("|")
        return [word for word in words if re.fullmatch(r"[A-Za-z0-9]+", word) and not word.isupper()] \
            if len(words) > 1 else []

    def is_file(self):
        return "FILE" in self.value or "PATH" in self.value or "DIR" in self.value or self.flag in ("-c", "-f")


def run(programs, *words):
    result = subprocess.run([os.path.join(programs, words[0]), *words[1:]], capture_output=True, text=True)
    return result.stdout + result.stderr


def read_help(text):
    """Options, in order: lines that start with blanks and a dash, and lines that go on, indented more deeply."""
    options, letters = [], re.compile(r"(-{1,2}[A-Za-z][^ ]*(?: [^ -][^ ]*)?)(?:  +(.*))?$")
    for line in text.splitlines():
        line = re.sub(r"^[a-z0-9]+: ", "", line)
        indent = len(line) - len(line.lstrip())
        match = letters.match(line.strip()) if indent and line.lstrip().startswith("-") else None
        if match:
            options.append(Option(match[1], match[2] or ""))
            at = indent
        elif options and indent > at:
            options[-1].text += "\n" + line.strip() if re.match(r" {8}[a-z] ", line) else " " + line.strip()
        elif options and not indent:
            at = 1000  # another paragraph
    return options


def commands(programs):
    """Name and purpose of each."""
    return re.findall(r"^  jit161 ([a-z]+)[^\n]*?  +(\S.*(?:\n {20,}\S.*)*)$", run(programs, OWN, "--help"), re.M)


def command_options(programs, command):
    return read_help(run(programs, OWN, command, "--help"))


# --- manual pages, in mdoc ---


def escaped(text):
    text = text.replace("\\", "\\e").replace("`", "").replace("**", "").replace("--", "\\-\\-")
    text = re.sub(r"\. (?=[A-Z])", ".\n", text)  # a sentence, a line
    return re.sub(r"^([.'])", r"\\&\1", text, flags=re.M)


def sentence(text):
    text = " ".join(text.split())
    return escaped(text[0].upper() + text[1:].rstrip(".") + ".")


def option_item(option):
    name, value = option.flag.lstrip("-"), option.value
    if option.flag.startswith("--"):
        name = "-" + name
    macro = f".It Fl {name}".replace(" -", " \\-", 1)
    if value:
        argument = ("Ns = Ns Ar " if option.attached == "=" else "Ns Ar " if not option.attached else "Ar ")
        macro += " " + argument + value.replace("|", " Ns | Ns Ar ") if " " not in value else ' Ar "' + value + '"'
    lines = [macro]
    for number, line in enumerate(option.text.split("\n")):
        letter = re.match(r"([a-z]) (\w+) +(.*)", line) if number else None
        lines += [".br"] if letter else []
        lines += [escaped(f"{letter[1]}: {letter[3]}" if letter else line)] if line else []
    return lines


def option_list(options):
    lines = [".Bl -tag -width Ds"]
    for option in options:
        lines += option_item(option)
    return lines + [".El"]


def exit_statuses(manual):
    with open(manual) as file:
        section = file.read().split("### Exit status", 1)[1].split("\n#", 1)[0]
    lines = [".Sh EXIT STATUS", ".Bl -tag -width Ds"]
    for status, cause in re.findall(r"^\| ([0-9, ]+) \| (.*) \|$", section, re.M):
        lines += [".It " + status, escaped(cause)]
    return lines + [".El"]


def page(name, purpose):
    return [f".Dd {RELEASED}", f".Dt {name.upper()} 1", ".Os", ".Sh NAME", f".Nm {name}", f".Nd {escaped(purpose)}"]


RUN_FILES = """.Sh FILES
.Bl -tag -width Ds
.It Pa sys161.conf
the machine, in the folder where the program is started
.It Pa .sockets/gdb , .sockets/meter , .sockets/net\\-*
where a debugger,
.Xr stat161 1 ,
and the network find it
.It Pa gmon.out
the profile of
.Fl P
.El""".split("\n")


def own_page(programs, manual):
    names = commands(programs)
    lines = page(OWN, "a JIT system VM for MIPS") + [".Sh SYNOPSIS"]
    for name, _ in names:
        lines += [".Nm", f".Cm {name}", ".Op Ar options", ".Op Ar file ..."]
    lines += [".Sh DESCRIPTION", ".Nm",
              "runs the machines of System/161, and bare programs for a MIPS Malta board, by translating their code to that of",
              "the host.", "The manual, with the configuration of machines and all that reports and figures mean, is",
              ".Pa @doc@/manual.md ."]
    for name, purpose in names:
        lines += [f".Ss {OWN} {name}", sentence(purpose)]
        options = command_options(programs, name)
        lines += option_list(options) if options else []
    return lines + RUN_FILES + exit_statuses(manual) + see_also(OWN)


def see_also(name):
    others = sorted(other for other in [OWN, *STAND_INS] if other != name)
    return [".Sh SEE ALSO"] + [f".Xr {other} 1 ," for other in others[:-1]] + [f".Xr {others[-1]} 1"]


def stand_in_page(programs, manual, name):
    text = run(programs, name, "--help")
    lines = page(name, STAND_INS[name]) + [".Sh SYNOPSIS"]
    if name in ("sys161", "trace161"):
        lines += [".Nm", ".Op Ar options", ".Ar kernel", ".Op Ar arguments ...", ".Sh DESCRIPTION", ".Nm",
                  "is", ".Nm jit161 Cm run", "with the defaults of the original.", "The manual is", ".Pa @doc@/manual.md ."]
        lines += option_list(read_help(text)) + RUN_FILES + exit_statuses(manual)
    else:
        usage = [re.sub(r"^(Usage:)?\s*", "", line) for line in text.splitlines()
                 if re.match(rf"(Usage:)?\s*{name} ", line) and not line.endswith("action [options] [arguments]")]
        for line in usage:
            lines += [".Nm"] + [f".Ar {word}" for word in line.split()[1:]]
        lines += [".Sh DESCRIPTION", ".Nm", "takes the place of System/161's program of that name.", "The manual is",
                  ".Pa @doc@/manual.md ."]
        options = read_help(text)
        lines += option_list(options) if options else []
        lines += [escaped(line.strip()) for line in text.splitlines() if line.startswith("    Default")]
    return lines + see_also(name)


# --- completions ---


def option_words(options):
    return [option.flag + ("=" if option.attached == "=" else "") for option in options]


def tables(programs):
    """Program or command -> options."""
    found = {name: command_options(programs, name) for name, _ in commands(programs)}
    found.update({name: read_help(run(programs, name, "--help")) for name in STAND_INS})
    return found


def bash(programs):
    found = tables(programs)
    lines = ["# Completion for bash.", "_jit161() {", "\tlocal word=${COMP_WORDS[COMP_CWORD]} what=${COMP_WORDS[0]##*/} line",
             "\tline=${COMP_LINE:0:COMP_POINT}", "\tword=${line##*[[:space:]]}", "\tCOMPREPLY=()",
             f"\tif [[ $what == {OWN} ]]; then", "\t\tif ((COMP_CWORD == 1)); then",
             f"\t\t\tCOMPREPLY=($(compgen -W '{' '.join(name for name, _ in commands(programs))} --help' -- \"$word\"))",
             "\t\t\treturn", "\t\tfi", "\t\twhat=${COMP_WORDS[1]}", "\tfi", "\tcase $what:$word in"]
    for name, options in found.items():
        for option in options:
            if option.attached == "=" and option.choices():
                lines += [f"\t{name}:{option.flag}=*)",
                          f"\t\tCOMPREPLY=($(compgen -W '{' '.join(option.choices())}' -- \"${{word#*=}}\"))", "\t\t;;"]
            elif option.attached == "=":
                lines += [f"\t{name}:{option.flag}=*)", "\t\tCOMPREPLY=($(compgen -f -- \"${word#*=}\"))", "\t\t;;"]
        if options:
            lines += [f"\t{name}:-*)", f"\t\tCOMPREPLY=($(compgen -W '{' '.join(option_words(options))}' -- \"$word\"))",
                      "\t\t[[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace", "\t\t;;"]
    for name, actions in ACTIONS.items():
        lines += [f"\t{name}:*)", "\t\tif ((COMP_CWORD == 1)); then",
                  f"\t\t\tCOMPREPLY=($(compgen -W '{' '.join(actions)}' -- \"$word\"))", "\t\telse",
                  "\t\t\tCOMPREPLY=($(compgen -f -- \"$word\"))", "\t\tfi", "\t\t;;"]
    lines += ["\t*)", "\t\tCOMPREPLY=($(compgen -f -- \"$word\"))", "\t\t;;", "\tesac", "}",
              f"complete -o filenames -F _jit161 {' '.join([OWN, *STAND_INS])}"]
    return lines


def zsh_text(text):
    return re.sub(r"([\[\]:\\'])", r"\\\1", " ".join(text.split())).replace("\\'", "'\\''")


def zsh(programs):
    def arguments(options, indent):
        lines = []
        for option in options:
            value = ""
            if option.value:
                action = "(" + " ".join(option.choices()) + ")" if option.choices() else "_files"
                value = ":value:" + action
            separator = {"=": "=", " ": "", "": "-"}[option.attached] if option.value else ""
            repeated = "*" if option.flag in ("-C", "--at") else ""
            lines.append(f"{indent}'{repeated}{option.flag}{separator}[{zsh_text(option.text)}]{value}' \\")
        return lines

    lines = [f"#compdef {OWN} {' '.join(STAND_INS)}", "# Completion for zsh.", "local what=$service",
             f"if [[ $what == {OWN} ]]; then", "\tif ((CURRENT == 2)); then", "\t\tlocal -a commands=("]
    lines += [f"\t\t\t'{name}:{zsh_text(purpose)}'" for name, purpose in commands(programs)]
    lines += ["\t\t)", "\t\t_describe command commands", "\t\treturn", "\tfi", "\twhat=$words[2]", "\tshift words",
              "\t((CURRENT--))", "fi", "case $what in"]
    for name, options in tables(programs).items():
        lines += [f"{name})", "\t_arguments -S \\"] + arguments(options, "\t\t")
        if name in ACTIONS:
            lines += [f"\t\t'1:action:({' '.join(ACTIONS[name])})' \\"]
        lines += ["\t\t'*:file:_files'", "\t;;"]
    return lines + ["esac"]


def fish_text(text):
    return " ".join(text.split()).replace("\\", "\\\\").replace("'", "\\'")


def fish(programs):
    lines = ["# Completion for fish."]
    names = commands(programs)
    for name, purpose in names:
        lines.append(f"complete -c {OWN} -n __fish_use_subcommand -a {name} -d '{fish_text(purpose)}'")
    for name, options in tables(programs).items():
        where = f"-c {name}" if name in STAND_INS else f"-c {OWN} -n '__fish_seen_subcommand_from {name}'"
        for option in options:
            line = f"complete {where} " + (f"-l {option.flag[2:]}" if option.flag.startswith("--") else f"-s {option.flag[1:]}")
            if option.value:
                line += " -x -a '" + " ".join(option.choices()) + "'" if option.choices() else " -r"
            lines.append(line + f" -d '{fish_text(option.text)}'")
    for name, actions in ACTIONS.items():
        lines.append(f"complete -c {name} -n __fish_use_subcommand -a '{' '.join(actions)}'")
    return lines


def main():
    programs, manual, folder = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    texts = {OWN + ".1": own_page(programs, manual), "jit161.bash": bash(programs), "_jit161": zsh(programs)}
    texts.update({name + ".1": stand_in_page(programs, manual, name) for name in STAND_INS})
    fish_lines = fish(programs)
    # fish looks for a file of the program's name.
    for name in [OWN, *STAND_INS]:
        texts[name + ".fish"] = fish_lines[:1] + [line for line in fish_lines if line.startswith(f"complete -c {name} ")]
    for name, lines in texts.items():
        with open(os.path.join(folder, name), "w") as file:
            file.write("\n".join(lines).replace("@doc@", "/usr/share/doc/jit161") + "\n")


if __name__ == "__main__":
    main()
