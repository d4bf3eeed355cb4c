"""Where the objects and local paths of a task are in a pod."""

from __future__ import annotations

import re
from itertools import combinations
from typing import Any, NamedTuple

from .findings import Findings
from .site import Site

BASE = "/batchcompute"
WORKDIR = f"{BASE}/workdir"
#: Where the script keeps pipes and streams.
RUN = f"{BASE}/run"
_OBJECTS = f"{BASE}/oss"
# What a container cannot do without; and below the last three nothing can be.
_SYSTEM = ("/", "/bin", "/boot", "/etc", "/lib", "/lib64", "/opt", "/sbin", "/usr", "/var", "/proc", "/sys", "/dev")
_KERNEL = ("/proc", "/sys", "/dev")
# The host of a mount target, and the file system and region that are in it.
_MOUNT_TARGET = re.compile(r"([0-9a-z]+)-[0-9a-z]+\.([0-9a-z-]+)(?:\.extreme)?\.nas\.aliyuncs\.com")

#: What stands at a local path.
MOUNT, LINK, OUTPUT_FOLDER, OUTPUT_FILE = "mount", "link", "folder", "file"


class _Claim(NamedTuple):
    path: str
    kind: str
    field: str


class Mounts:
    """Collects the DataSources of a job and the local paths of its program."""

    def __init__(self, site: Site, findings: Findings) -> None:
        self._site = site
        self._findings = findings
        self._claims: list[_Claim] = []
        self.data_sources: list[dict[str, str]] = []

    def folder(self, url: str, *, writable: bool) -> str:
        """Mount a folder for the script; return where, without ``/`` at its end. Each is mounted once."""
        uri, access = self._uri(url), _access(writable)
        for source in self.data_sources:
            path = source["MountPath"]
            if (source["Uri"], source["MountAccess"]) == (uri, access) and is_at_or_below(path, _OBJECTS):
                return path
        return self._mount(uri, f"{_OBJECTS}/{len(self.data_sources)}", access)

    def object(self, url: str, *, writable: bool) -> str:
        """Mount the folder that an object lies in; return the path of the object."""
        if self._is_unknown(url):
            return self.folder(url, writable=writable)
        parent, _, name = url.rstrip("/").rpartition("/")
        return f"{self.folder(f'{parent}/', writable=writable)}/{name}"

    def mount(self, url: str, path: str, *, writable: bool) -> None:
        """Mount a folder for the program."""
        self._mount(self._uri(url), path, _access(writable))

    def claim(self, text: str, kind: str, field: str) -> str:
        """Take a local path for an input or output; return it in normal form."""
        path = text.rstrip("/")
        if self._findings.pending(text):
            return path
        names = path.split("/")[1:]
        if not text.startswith("/") or "\0" in text or any(name in ("", ".", "..") for name in names):
            self._findings.add(
                field, "It must be an absolute path of Linux.", f"Found {text!r}; right is a path such as '/home/data'"
            )
        elif path in ("", *_SYSTEM) or any(is_at_or_below(path, directory) for directory in _KERNEL):
            self._findings.add(
                field, "A pod cannot do without its own directory.", f"Found {text!r}; right is one below '/home'"
            )
        elif is_at_or_below(path, BASE) and not is_at_or_below(path, WORKDIR):
            self._findings.add(field, "The script's own files are there.", f"Found {text!r}; right is one elsewhere")
        else:
            self._claims.append(_Claim(path, kind, field))
        return path

    def check(self) -> None:
        """Find local paths that are in each other's way."""
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
            f"It cannot be mounted at the same place as {other.field}, or inside it.",
            f"Found {one.path!r} and {other.path!r}; right are two places beside each other",
        )

    @property
    def private(self) -> list[str]:
        """The local paths that are the pod's own and empty at its start; directories end with ``/``."""
        own = [f"{c.path}/" if c.kind == OUTPUT_FOLDER else c.path for c in self._claims if c.kind != MOUNT]
        return list(dict.fromkeys([f"{WORKDIR}/", f"{RUN}/", *own]))

    def _mount(self, uri: str, path: str, access: str) -> str:
        self.data_sources.append({"Uri": uri, "MountPath": path, "MountAccess": access})
        return path

    def _is_unknown(self, url: str) -> bool:
        """Tell whether even the bucket is known only after rendering."""
        return "://" not in url and self._findings.pending(url)

    def _uri(self, url: str) -> str:
        if self._is_unknown(url):
            return url
        scheme, _, rest = url.partition("://")
        host, _, path = rest.partition("/")
        path = path if not path or path.endswith("/") else f"{path}/"
        if scheme == "oss":
            return f"oss://{host}.{self._site.oss_endpoint}/{path}"
        # A "!" at the end is what Windows needs.
        path = path.removesuffix("!/")
        target = _MOUNT_TARGET.fullmatch(host.removesuffix(":"))
        file_system = f"{target[1]}.{target[2]}" if target else host.removesuffix(":")
        return f"nas://{file_system}/{path if not path or path.endswith('/') else f'{path}/'}"


def _access(writable: bool) -> str:
    return "RW" if writable else "RO"


def is_at_or_below(path: str, directory: str) -> bool:
    """Tell whether ``path`` is ``directory`` or lies in it; both in normal form."""
    return path == directory or path.startswith(directory.rstrip("/") + "/")


def entries_of(task: Any) -> tuple[str, list[Any]]:
    """Return the mount entries that take effect, and the field they are in: the task's own, else the cluster's."""
    cluster = {} if task.get("ClusterId") else task.get("AutoCluster") or {}
    for field, holder in (("Mounts", task), ("AutoCluster.Configs.Mounts", cluster.get("Configs") or {})):
        entries = (holder.get("Mounts") or {}).get("Entries")
        if entries:
            return f"{field}.Entries", entries
    return "Mounts.Entries", []
