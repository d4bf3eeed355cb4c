"""One incarnation of a pod, from its mounts to the end of its command."""

from __future__ import annotations

import json
import os
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

# The service documents none: assumptions.
WORKDIR = "/workspace"
_LIBRARIES = "/opt/dlc/site-packages"
_REQUIREMENTS = "requirements.txt"
#: The variable in which a job can name, as a JSON array, local paths that are to be the pod's own, new and empty;
#: directories end with "/". The cloud knows no such thing: there every path is the container's own.
PRIVATE_PATHS = "BATCH_COMPUTE_PRIVATE_PATHS"
LOG_FILE = "log"
_NO_LIMIT = 1e9
# Without a file the service says so and goes on.
_IF_THERE = 'test -e "$0" || { echo "There is no $0: nothing is installed from it."; exit 0; }; exec "$@"'


def attempt(spec: PodSpec) -> Result:
    """Run a pod; everything that it writes is in its log.

    :raises Stopped: when the service asked for its end
    """
    # From here on a signal waits until there is a command to end, so that no line is lost to it.
    signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
    log = Log(os.path.join(spec.directory, LOG_FILE), Clock(*spec.clock))
    try:
        return Pod(spec, log).run()
    except Failure as failure:
        log.write(str(failure))
        return failed(failure.code, failure.message)


class Pod:
    """Prepares and runs one incarnation."""

    def __init__(self, spec: PodSpec, log: Log) -> None:
        self._spec = spec
        self._log = log
        self._layout = Layout(spec.directory, WORKDIR)
        copies = spec.isolation == "rewrite"
        self._mounts = Mounts(self._layout, ObjectTree(spec.data_dir), log.write, copies=copies)
        # Kubernetes names the pod so (assumption for the service).
        basic = {**basic_environment(WORKDIR, spec.search_path), "HOSTNAME": spec.pod_id}
        self._variables = {**basic, **spec.variables, **spec.platform}

    def run(self) -> Result:
        """Run the pod.

        :raises Failure: when it could not be prepared
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
        """Make room for the local paths that the job names as its own; return them."""
        try:
            texts = [str(text) for text in json.loads(self._variables.get(PRIVATE_PATHS) or "[]")]
        except (ValueError, TypeError):
            raise Failure("InvalidPath", f"{PRIVATE_PATHS} is no JSON array.") from None
        paths = {text: local_path(text) for text in texts}
        for text, path in paths.items():
            (self._layout.add_directory if text.endswith("/") else self._layout.add_file)(path)
        return list(paths.values())

    def _installs(self) -> list[list[str]]:
        """Return the commands that install third-party libraries; without any a line says what is missing."""
        job: dict[str, Any] = self._spec.job
        libraries, directory = job.get("ThirdpartyLibs") or [], job.get("ThirdpartyLibDir") or ""
        if not self._spec.install_libs:
            wanted = [*libraries, *([os.path.join(directory, _REQUIREMENTS)] if directory else [])]
            if wanted:
                self._log.write(f"Not installed, for want of the option --install-libs: {', '.join(wanted)}")
            return []
        pip = ["python", "-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--target", _LIBRARIES]
        installs = [[*pip, *libraries]] if libraries else []
        if directory:
            path = os.path.join(directory, _REQUIREMENTS)
            installs.append(["/bin/sh", "-c", _IF_THERE, path, *pip, "--requirement", path])
        return installs

    def _hosts(self) -> list[tuple[str, str, bool]]:
        """Return what binds an /etc/hosts in which all pods of the job are this machine."""
        if self._spec.isolation != "namespace":
            return []
        path = os.path.join(self._spec.directory, "hosts")
        with open("/etc/hosts", encoding="utf-8", errors="replace") as file:
            known = file.read()
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"{known.rstrip()}\n")
            file.writelines(f"127.0.0.1\t{name}\n" for name in self._spec.host_names)
        return [(path, "/etc/hosts", False)]
