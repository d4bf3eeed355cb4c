"""Incarnation of a pod, from its mounts to the end of its command."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
from typing import Any

from .clock import Clock
from .enclosure import Enclosure
from .environment import basic_environment
from .failure import Failure
from .layout import Layout
from .log import Log, Pump
from .mounts import Mounts
from .objects import ObjectTree
from .paths import local_path
from .processes import WATCHED, run
from .result import NO_RESULT, Result, failed
from .spec import PodSpec

# Assumptions: PAI-DLC documents neither path.
WORKDIR = "/workspace"
_LIBRARIES = "/opt/dlc/site-packages"
_REQUIREMENTS = "requirements.txt"
#: Environment variable with a JSON array of local paths that are private to the pod and initially empty; directories
#: end in "/". PAI-DLC has no such variable: in a container every path is private.
PRIVATE_PATHS = "BATCH_COMPUTE_PRIVATE_PATHS"
LOG_FILE = "log"
#: Object store of a region, in BATCH_COMPUTE_OSS_HOST of a converted BatchCompute task.
_OSS_HOST = "BATCH_COMPUTE_OSS_HOST"
_CLOUD_OSS_HOST = re.compile(r"oss-[a-z0-9-]+\.aliyuncs\.com")
_NO_LIMIT = 1e9
# PAI-DLC continues without a requirements file, after a line in the log.
_IF_THERE = 'test -e "$0" || { echo "$0 does not exist: nothing is installed from it."; exit 0; }; exec "$@"'


def attempt(spec: PodSpec) -> Result:
    """Run a pod and write its output to its log.

    :raises Stopped: when the service stops the pod
    """
    # Signals stay pending until a command runs that they can end: no line of the log is lost.
    signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
    log = Log(os.path.join(spec.directory, LOG_FILE), Clock(*spec.clock))
    try:
        return Pod(spec, log).run()
    except Failure as failure:
        log.write(str(failure))
        return failed(failure.code, failure.message)


class Pod:
    """Incarnation of a pod: placement of its mounts, installation of libraries, command."""

    def __init__(self, spec: PodSpec, log: Log) -> None:
        self._spec = spec
        self._log = log
        self._layout = Layout(spec.directory, WORKDIR)
        copies = spec.isolation == "rewrite"
        self._mounts = Mounts(self._layout, ObjectTree(spec.data_dir), log.write, copies=copies)
        # Kubernetes sets HOSTNAME to the pod name; assumption: PAI-DLC does the same.
        basic = {**basic_environment(WORKDIR, spec.search_path), "HOSTNAME": spec.pod_id}
        self._variables = {**basic, **spec.variables, **spec.platform}
        if _CLOUD_OSS_HOST.fullmatch(self._variables.get(_OSS_HOST, "")):
            # The conversion knows the region's object store, but the objects of the job are in the local one.
            self._variables[_OSS_HOST] = spec.oss_host

    def run(self) -> Result:
        """Run the pod.

        :raises Failure: when its mounts cannot be placed or its libraries cannot be installed
        """
        self._mounts.place(self._spec.job)
        private = self._private_paths()
        installs = self._installs()
        if installs:
            self._layout.add_directory(_LIBRARIES)
            known = self._variables.get("PYTHONPATH")
            self._variables["PYTHONPATH"] = f"{_LIBRARIES}:{known}" if known else _LIBRARIES
        enclosure = Enclosure(
            self._spec.isolation,
            self._layout,
            [*self._mounts.paths, *private, *([_LIBRARIES] if installs else [])],
            [*self._mounts.binds, *self._hosts()],
            self._mounts.elsewhere,
            self._spec.pod_id,
        )
        for arguments in installs:
            if exit_code := self._execute(enclosure, arguments):
                raise Failure("ThirdpartyLibsFailed", f"pip ended with exit code {exit_code}.")
        exit_code = self._execute(enclosure, [*shlex.split(self._spec.shell), "-c", self._spec.command])
        if exit_code:
            return failed("CommandFailed", f"exit code {exit_code}", exit_code)
        return {**NO_RESULT}

    def _execute(self, enclosure: Enclosure, arguments: list[str]) -> int:
        pump = Pump(self._log)
        command = enclosure.command(arguments, self._variables, pump.sink, pump.sink)
        try:
            exit_code = run(command, _NO_LIMIT, grace=self._spec.grace, started=pump.start)
        finally:
            pump.join()
        assert exit_code is not None
        return exit_code

    def _private_paths(self) -> list[str]:
        """Create the private paths that the job declares; return them."""
        try:
            texts = [str(text) for text in json.loads(self._variables.get(PRIVATE_PATHS) or "[]")]
        except (ValueError, TypeError):
            raise Failure("InvalidPath", f"{PRIVATE_PATHS}: expected a JSON array of paths.") from None
        paths = {text: local_path(text) for text in texts}
        for text, path in paths.items():
            (self._layout.add_directory if text.endswith("/") else self._layout.add_file)(path)
        return list(paths.values())

    def _installs(self) -> list[list[str]]:
        """Return the commands that install third-party libraries; without ``--install-libs``, log what is missing."""
        job: dict[str, Any] = self._spec.job
        libraries, directory = job.get("ThirdpartyLibs") or [], job.get("ThirdpartyLibDir") or ""
        if not self._spec.install_libs:
            wanted = [*libraries, *([os.path.join(directory, _REQUIREMENTS)] if directory else [])]
            if wanted:
                self._log.write(
                    f"Without the option --install-libs, these libraries are not installed: {', '.join(wanted)}"
                )
            return []
        pip = ["python", "-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--target", _LIBRARIES]
        installs = [[*pip, *libraries]] if libraries else []
        if directory:
            path = os.path.join(directory, _REQUIREMENTS)
            installs.append(["/bin/sh", "-c", _IF_THERE, path, *pip, "--requirement", path])
        return installs

    def _hosts(self) -> list[tuple[str, str, bool]]:
        """Return the bind mount of an /etc/hosts that maps all pods of the job to this machine."""
        if self._spec.isolation != "namespace":
            return []
        path = os.path.join(self._spec.directory, "hosts")
        with open("/etc/hosts", encoding="utf-8", errors="replace") as file:
            known = file.read()
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"{known.rstrip()}\n")
            file.writelines(f"127.0.0.1\t{name}\n" for name in self._spec.host_names)
        return [(path, "/etc/hosts", False)]
