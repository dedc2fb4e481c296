"""What a tree of processes costs: CPU time and memory, read from /proc (Linux only)."""

import os
import re
from pathlib import Path

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")


def tree(root: int) -> list[int]:
    """A process and its living descendants."""
    children: dict[int, list[int]] = {}
    for pid in _pids():
        fields = _stat(pid)
        if fields:
            children.setdefault(int(fields[1]), []).append(pid)
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting += children.get(pid, [])
    return found


def cpu_seconds(pids: list[int]) -> float:
    """User and system time so far, in steps of 10 ms."""
    stats = [fields for pid in pids if (fields := _stat(pid))]
    return sum(int(fields[11]) + int(fields[12]) for fields in stats) / TICKS


def resident_mb(pids: list[int]) -> float:
    """RSS. Pages that processes share count once for each."""
    return sum(_kilobytes(pid, "status", "VmRSS") for pid in pids) / 1024


def proportional_mb(pids: list[int]) -> float:
    """PSS. Shared pages are split among those that share them."""
    return sum(_kilobytes(pid, "smaps_rollup", "Pss") for pid in pids) / 1024


def listener(port: int) -> int | None:
    """The process that listens on a TCP port of this machine."""
    sockets = set()
    for line in (PROC / "net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "0A" and int(fields[1].split(":")[1], 16) == port:
            sockets.add(f"socket:[{fields[9]}]")
    return min((pid for pid in _pids() if sockets & _open_files(pid)), default=None)


def _pids() -> list[int]:
    return [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()]


def _stat(pid: int) -> list[str]:
    """The fields after the command's name: state, parent, ..."""
    try:
        stat = (PROC / str(pid) / "stat").read_text()
    except OSError:
        return []
    return stat[stat.rindex(")") + 2 :].split()


def _kilobytes(pid: int, file: str, name: str) -> int:
    try:
        text = (PROC / str(pid) / file).read_text()
    except OSError:
        return 0
    found = re.search(rf"^{name}:\s+(\d+)", text, re.MULTILINE)
    return int(found[1]) if found else 0


def _open_files(pid: int) -> set[str]:
    files = set()
    try:
        for entry in (PROC / str(pid) / "fd").iterdir():
            files.add(str(entry.readlink()))
    except OSError:
        pass
    return files
