"""Script, variables and mounts of one task."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

from airflow_provider_bcs.batchcompute.facts import Quotas
from airflow_provider_bcs.batchcompute.mounts import mount_entries

from .findings import Findings
from .local_paths import LINK, MOUNT, OUTPUT_FILE, OUTPUT_FOLDER, WORKDIR, LocalPaths, is_at_or_below
from .mounts import Mounts
from .platform import Platform
from .script import VARIABLE_NAME, Script, quote
from .site import Site

_NOT_UNPACKED = (".gz", ".bz2", ".xz", ".zst", ".7z", ".rar", ".lz", ".lzma", ".z")
_UNPACKED = (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar", ".zip")


class TaskScript:
    """Builder of a task's script, in the order in which the script runs.

    :param task: the task, without the fields that are ignored
    :param title: one line that names the script
    :param swallow: whether the container succeeds although its instance failed
    :ivar timeout: seconds that an attempt may last
    :ivar retries: attempts after the first
    :ivar mounts: the mounts
    """

    def __init__(
        self,
        name: str,
        task: Mapping[str, Any],
        *,
        title: str,
        swallow: bool,
        platform: Platform,
        site: Site,
        findings: Findings,
    ) -> None:
        self._name = name
        self._task = task
        self._parameters = task.get("Parameters") or {}
        self._command = self._parameters.get("Command") or {}
        self._site = site
        self._findings = findings
        self._paths = LocalPaths(findings)
        self._script = Script(title, platform, swallow=swallow)
        self._mounts = Mounts(findings)
        # The service's default is not documented; this is the longest Timeout that it takes.
        self.timeout = _number(task.get("Timeout"), Quotas.MaxInstanceTimeout)
        self.retries = _number(task.get("MaxRetryCount"), 0)
        self._inputs()
        self._package()
        self._outputs()
        self._program()
        self._paths.check()
        self.mounts = tuple(self._mounts.found)
        self._script.objects = self._mounts.objects

    @property
    def text(self) -> str:
        """The script, for ``sh -c``."""
        return self._script.text()

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables: BatchCompute's own, then the task's."""
        return {
            "BATCH_COMPUTE_DAG_TASK_ID": self._name,
            "BATCH_COMPUTE_REGION": self._site.region,
            "BATCH_COMPUTE_OSS_HOST": self._site.oss_endpoint,
            "BATCH_COMPUTE_CLUSTER_ID": self._task.get("ClusterId") or "",
            "BATCH_COMPUTE_PRIVATE_PATHS": json.dumps(self._paths.private, ensure_ascii=False),
            **self._variables,
        }

    def _inputs(self) -> None:
        for source, destination in (self._task.get("InputMapping") or {}).items():
            if destination:
                self._input(source, destination, f"InputMapping.{source}", writable=False)
        field, entries = mount_entries(self._task)
        for number, entry in enumerate(entries):
            source, destination = entry.get("Source") or "", entry.get("Destination") or ""
            self._input(source, destination, f"{field}.{number}", writable=bool(entry.get("WriteSupport")))

    def _input(self, source: str, destination: str, field: str, *, writable: bool) -> None:
        known = self._findings.pending(source) or source.startswith(("oss://", "nas://"))
        if not known:
            self._findings.add(field, "It cannot be mounted.", repr(source), "a URL of oss:// or nas://")
        is_folder = source.endswith("/") or source.startswith("nas://")
        path = self._paths.claim(destination, MOUNT if is_folder else LINK, field)
        if is_folder or (writable and self._findings.pending(source)):
            # A template may be rendered to a folder, which then has outputs too.
            self._mounts.mount(source, path, writable=writable)
        else:
            # An object, or a folder whose "/" is left out: only the container can tell.
            place = self._mounts.object(source, writable=writable)
            self._script.prepare.append(f"bc_link {quote(place)} {quote(path)}")

    def _package(self) -> None:
        url = self._command.get("PackagePath")
        if not url:
            return
        name = url.lower()
        if name.endswith(_NOT_UNPACKED) and not name.endswith(_UNPACKED) and not self._findings.pending(url):
            self._findings.add(
                "Parameters.Command.PackagePath",
                "The script cannot unpack it.",
                repr(url),
                f"an archive ({', '.join(_UNPACKED)}) or a plain program",
            )
        self._script.prepare.append(f"bc_install {quote(self._mounts.object(url, writable=False))}")

    def _outputs(self) -> None:
        for local, url in (self._task.get("OutputMapping") or {}).items():
            if url and not self._is_in_mount(local, url):
                self._output(local, url, f"OutputMapping.{local}")
        for local, url in (self._task.get("LogMapping") or {}).items():
            if url and not self._is_in_mount(local, f"{url.rstrip('/')}/{local.rstrip('/').rpartition('/')[2]}"):
                path = self._output(local, "", f"LogMapping.{local}")
                place = quote(f"{self._mounts.folder(url, writable=True)}/{path.rpartition('/')[2]}.")
                self._put("file", path, f'{place}"$bc_label"')
        for name in ("stdout", "stderr"):
            url = self._parameters.get(f"{name.capitalize()}RedirectPath")
            self._script.constants[f"bc_{name}"] = self._mounts.folder(url, writable=True) if url else ""

    def _is_in_mount(self, local: str, url: str) -> bool:
        """Tell whether a mount has an output anyway: what the program writes is neither copied nor cleared."""
        if not self._mounts.is_at(local, url):
            return False
        maker = "mkdir -p" if url.endswith("/") else "bc_make_parent"
        self._script.prepare.append(f"{maker} {quote(local.rstrip('/'))}")
        return True

    def _output(self, local: str, url: str, field: str) -> str:
        is_folder = url.endswith("/")
        path = self._paths.claim(local, OUTPUT_FOLDER if is_folder else OUTPUT_FILE, field)
        self._script.prepare.append(f"{'mkdir -p' if is_folder else 'bc_make_parent'} {quote(path)}")
        if not is_at_or_below(path, WORKDIR):
            # The working directory is new for each attempt in any case.
            self._script.outputs.append(path)
        if is_folder:
            place = self._mounts.folder(url, writable=True)
            self._put("folder", path, quote(place))
        elif url:
            place = self._mounts.object(url, writable=True)
            self._put("file", path, quote(place))
        return path

    def _put(self, kind: str, path: str, place: str) -> None:
        way = f"bc_way_{len(self._script.collect)}"
        self._script.prepare.append(f"{way}=$(bc_way {quote(path)})")
        self._script.collect.append(f'bc_put "${way}" bc_put_{kind} {quote(path)} {place}')

    def _program(self) -> None:
        field, line = "Parameters.Command.CommandLine", self._command.get("CommandLine") or ""
        try:
            self._script.words = shlex.split(line) if isinstance(line, str) else []
            if not self._script.words:
                raise ValueError("it is empty")
        except ValueError as error:
            if not self._findings.pending(line):
                found = f"a line that cannot be split into words ({error})"
                self._findings.add(field, "It must be a command.", found, "a program and its arguments")
            self._script.words = [line]
        variables = self._command.get("EnvVars") or {}
        self._variables = self._script.carry({name: str(value) for name, value in variables.items()})
        for name in variables:
            if not VARIABLE_NAME.fullmatch(name) and not self._findings.pending(name):
                self._findings.add(
                    f"Parameters.Command.EnvVars.{name}",
                    "A shell passes no such variable on.",
                    repr(name),
                    "letters, digits and _, beginning with no digit",
                    ignore="Parameters.Command.EnvVars",
                )
        self._script.constants |= {
            "bc_task": self._name,
            "bc_attempts": str(self.retries + 1),
            "bc_timeout": str(self.timeout),
        }


def _number(value: Any, otherwise: int) -> int:
    return value if type(value) is int else otherwise
