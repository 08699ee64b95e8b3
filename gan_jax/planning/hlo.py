"""Reading a compiled program: what its devices send each other, and what it should not do."""

from __future__ import annotations

import dataclasses
import re
from collections import defaultdict

_BITS = {"pred": 8, "s4": 4, "u4": 4, "bf16": 16}  # of others, the number in the name
_KINDS = ("all-reduce", "all-gather", "reduce-scatter", "all-to-all", "collective-permute", "collective-broadcast")
_OPERATION = re.compile(r"%?(?P<name>[\w.-]+) = (?P<type>.+?) (?P<kind>" + "|".join(_KINDS) + r")(?:-start)?\(")
_ARRAY = re.compile(r"\b([a-z]+\d*[a-z0-9]*)\[([\d,]*)\]")
_COMPUTATION = re.compile(r"^(?:ENTRY )?%?([\w.-]+) \(.*\) -> .* \{$")
_CYCLES = re.compile(r'"estimated_cycles":"(\d+)"')
_HOST = re.compile(r" (infeed|outfeed|send|recv|custom-call)\(")


@dataclasses.dataclass(frozen=True)
class Collective:
    """Operations of one kind in one program run: how many, and the bytes of their results."""

    count: int
    bytes: int


@dataclasses.dataclass(frozen=True)
class Program:
    """What was read in a program."""

    collectives: dict[str, Collective]
    largest: list[tuple[str, int, str]]  # kind, bytes, of what: the operations that move most
    host_transfers: int
    float64: int  # arrays of 64-bit floats
    cycles: int  # of all operations of a core, as the TPU compiler schedules them; 0 where it does not say


def read_program(text: str) -> Program:
    """Reads optimised HLO as `compiled.as_text()` gives it. What stands in a loop counts as often as the loop runs."""
    computations = _computations(text)
    runs = _runs(computations)
    found: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
    hosts = wide = cycles = 0
    for name, lines in computations.items():
        if not runs[name]:
            continue
        for line in lines:
            wide += len(re.findall(r"\bf64\[", line.split(" = ")[1].split("(")[0])) if " = " in line else 0
            if (match := _HOST.search(line)) and (match[1] != "custom-call" or "host" in line.lower()):
                hosts += "MoveToHost" in line or match[1] != "custom-call"
            if match := _CYCLES.search(line):
                cycles += runs[name] * int(match[1])
            if match := _OPERATION.search(line):
                of = re.search(r'op_name="([^"]*)"', line)
                found[match["kind"]].append((runs[name], size_of(match["type"]), of[1] if of else ""))
    collectives = {
        kind: Collective(sum(n for n, _, _ in each), sum(n * size for n, size, _ in each))
        for kind, each in sorted(found.items())
    }
    every = [(kind, n * size, of) for kind, each in found.items() for n, size, of in each]
    return Program(collectives, sorted(every, key=lambda row: -row[1])[:10], hosts, wide, cycles)


def size_of(type_text: str) -> int:
    """Bytes of the arrays in an HLO type, such as "(f32[4,8], bf16[3])"."""
    total = 0
    for kind, shape in _ARRAY.findall(type_text):
        digits = re.sub(r"\D", "", kind[1:3] if kind.startswith("f8") else kind)
        if kind not in _BITS and not digits:
            continue
        count = 1
        for side in filter(None, shape.split(",")):
            count *= int(side)
        total += count * _BITS.get(kind, int(digits or 0)) // 8
    return total


def _computations(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in text.splitlines():
        if match := _COMPUTATION.match(line):
            lines = found[("ENTRY " if line.startswith("ENTRY") else "") + match[1]] = []
        else:
            lines.append(line)
    return found


def _runs(computations: dict[str, list[str]]) -> dict[str, int]:
    """How often each computation runs in one run of the program."""
    runs: dict[str, int] = defaultdict(int)
    (entry,) = [name for name in computations if name.startswith("ENTRY ")]
    todo = [(entry, 1)]
    while todo:
        name, times = todo.pop()
        if name not in computations:
            continue
        runs[name] += times
        for line in computations[name]:
            if " while(" in line:
                body, condition = (re.search(rf"{part}=%?([\w.-]+)", line)[1] for part in ("body", "condition"))
                todo.append((body, times * _trips(line, computations.get(condition, []))))
            elif match := re.search(
                r"(?:branch_computations=\{([^}]*)\}|true_computation=(\S+), false_computation=(\S+))", line
            ):
                branches = (match[1] or f"{match[2]},{match[3]}").replace("%", "").split(",")
                todo += [(branch.strip().rstrip(","), times) for branch in branches]  # as if each were taken
            elif match := re.search(r" (?:call|fusion|async-start)\(.*(?:to_apply|calls)=%?([\w.-]+)", line):
                todo.append((match[1], times))
    return runs


def _trips(line: str, condition: list[str]) -> int:
    """How often a loop runs: as the compiler notes it, else the bound that its condition compares with; else 1."""
    if match := re.search(r"known_trip_count\D*(\d+)", line):
        return int(match[1])
    bounds = [int(n) for text in condition for n in re.findall(r" constant\((\d+)\)", text)]
    return max(bounds, default=1)
