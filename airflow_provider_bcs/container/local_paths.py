"""Local paths of a task in its container."""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

from .findings import Findings

BASE = "/batchcompute"
WORKDIR = f"{BASE}/workdir"
#: Directory in which the script keeps pipes and streams.
RUN = f"{BASE}/run"
# Directories that a container needs itself; the kernel's can hold nothing else.
_SYSTEM = ("/", "/bin", "/boot", "/etc", "/lib", "/lib64", "/opt", "/sbin", "/usr", "/var", "/proc", "/sys", "/dev")
_KERNEL = ("/proc", "/sys", "/dev")

#: Kinds of local paths.
MOUNT, LINK, OUTPUT_FOLDER, OUTPUT_FILE = "mount", "link", "folder", "file"


class _Claim(NamedTuple):
    path: str
    kind: str
    field: str


class LocalPaths:
    """Collector of the local paths of one task, and of those that exclude each other."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._claims: list[_Claim] = []

    def claim(self, text: str, kind: str, field: str) -> str:
        """Take a local path for an input or output; return it without ``/`` at its end."""
        path = text.rstrip("/")
        if self._findings.pending(text):
            return path
        names = path.split("/")[1:]
        if not text.startswith("/") or "\0" in text or any(name in ("", ".", "..") for name in names):
            self._findings.add(
                field, "It must be an absolute path of Linux.", repr(text), "a path such as '/home/data'"
            )
        elif path in ("", *_SYSTEM) or any(is_at_or_below(path, directory) for directory in _KERNEL):
            self._findings.add(
                field, "A container needs this directory itself.", repr(text), "a path such as '/home/data'"
            )
        elif is_at_or_below(path, BASE) and not is_at_or_below(path, WORKDIR):
            self._findings.add(field, "The script keeps its own files there.", repr(text), f"a path outside {BASE!r}")
        else:
            self._claims.append(_Claim(path, kind, field))
        return path

    def check(self) -> None:
        """Find paths that exclude each other."""
        for claim in self._claims:
            if claim.kind == MOUNT and is_at_or_below(claim.path, WORKDIR):
                self._collide(claim, _Claim(WORKDIR, "", "the working directory"))
        for one, other in combinations(self._claims, 2):
            nested = is_at_or_below(one.path, other.path) or is_at_or_below(other.path, one.path)
            if nested and {one.kind, other.kind} & {MOUNT, LINK}:
                self._collide(one, other)

    def _collide(self, one: _Claim, other: _Claim) -> None:
        self._findings.add(
            one.field,
            f"It cannot be mounted at the place of {other.field}, or inside it.",
            f"{one.path!r} and {other.path!r}",
            "two places beside each other",
        )

    @property
    def private(self) -> list[str]:
        """Paths that no mount fills and that are empty at the start; directories end with ``/``."""
        own = [f"{c.path}/" if c.kind == OUTPUT_FOLDER else c.path for c in self._claims if c.kind != MOUNT]
        return list(dict.fromkeys([f"{WORKDIR}/", f"{RUN}/", *own]))


def is_at_or_below(path: str, directory: str) -> bool:
    """Tell whether ``path`` is ``directory`` or lies in it; both without ``/`` at their ends."""
    return path == directory or path.startswith(directory.rstrip("/") + "/")
