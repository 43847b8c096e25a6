#!/usr/bin/env python3
"""How many instructions fixed work takes, held against instructions.txt: a regression shows even where
clocks are noisy. Counted by valgrind in a release build; libraries are counted in.

    instructions.py BUILD [--renew]

Fails when a count is more than 5 % above or below what is kept: below, renew the file, so that the gain
is kept. Exit status 77, with a sentence, where counts cannot be compared."""
import argparse, os, re, shutil, subprocess, sys

HERE = os.path.dirname(os.path.abspath(__file__))
KEPT = os.path.join(HERE, "instructions.txt")
TOLERANCE = 0.05
SKIPPED = 77

# name, program and arguments, the functions within which instructions count
WORK = [
    ("decode", ["instructions"], ["wire_batch_decode"]),
    ("fold", ["instructions"], ["ledger_post", "ledger_finish"]),
    ("correct", ["instructions", "corrected"], ["ledger_post", "ledger_finish"]),
    ("seal", ["office_days", "--days", "1", "--series", "4", "--metrics", "3"], ["spool_seal"]),
]


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIPPED)


def compiler(build):
    """The C compiler of a build, and its version, as CMake found it."""
    names = {}
    for folder, _, files in os.walk(os.path.join(build, "CMakeFiles")):
        if "CMakeCCompiler.cmake" in files:
            text = open(os.path.join(folder, "CMakeCCompiler.cmake"), encoding="utf-8").read()
            names = dict(re.findall(r'set\(CMAKE_C_COMPILER_(ID|VERSION) "([^"]*)"\)', text))
    return f"{names['ID']} {names['VERSION']} {os.uname().machine}"


def count(build, command, functions):
    program = os.path.join(build, "tests", "bench", command[0])
    valgrind = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    valgrind += [f"--toggle-collect={function}" for function in functions]
    run = subprocess.run(valgrind + [program] + command[1:], capture_output=True, text=True)
    found = re.search(r"Collected : (\d+)", run.stderr)
    if run.returncode != 0 or not found or int(found.group(1)) == 0:
        sys.exit(f"{' '.join(command)}: nothing was counted\n{run.stderr}")
    return int(found.group(1))


def read_kept():
    with open(KEPT, encoding="utf-8") as file:
        lines = [line.split(maxsplit=1) for line in file if line.strip() and line[0] != "#"]
    return {name: value.strip() for name, value in lines}


def write_kept(built_by, counts):
    with open(KEPT, encoding="utf-8") as file:
        head = [line for line in file if line[0] == "#"]
    with open(KEPT, "w", encoding="utf-8") as file:
        file.writelines(head)
        file.write(f"compiler {built_by}\n")
        file.writelines(f"{name} {n}\n" for name, n in counts.items())


def compare(kept, counts):
    """How many are out of tolerance."""
    wrong = 0
    for name, n in counts.items():
        before = int(kept.get(name, 0))
        change = n / before - 1 if before else 1
        bad = abs(change) > TOLERANCE
        wrong += bad
        print(f"{name:8} {n:>12} {change:+8.1%}{'  out of tolerance' if bad else ''}")
    if wrong:
        print(f"if this is meant: {sys.argv[0]} {sys.argv[1]} --renew")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build")
    parser.add_argument("--renew", action="store_true", help="keep today's counts")
    options = parser.parse_args()
    built_by, kept = compiler(options.build), read_kept()
    if not shutil.which("valgrind"):
        skip("valgrind is not installed")
    if not options.renew and kept["compiler"] != built_by:
        skip(f"counts are kept for {kept['compiler']}; this is a build by {built_by}")
    counts = {name: count(options.build, command, functions) for name, command, functions in WORK}
    if options.renew:
        write_kept(built_by, counts)
    return compare(read_kept(), counts) > 0


if __name__ == "__main__":
    sys.exit(main())
