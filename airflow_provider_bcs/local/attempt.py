"""Attempt of an instance or pod: a directory, and a shim process that may have ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .shim import claim
from .shim.proc import processes
from .shim.result import Result, read_result
from .shim.spec import Spec, write_spec

_SHIM = Path(__file__).parent / "shim" / "__main__.py"
SPEC_FILE = "spec.json"


@dataclass
class Shim:
    """Handle of a live shim process.

    :ivar pidfd: descriptor of the process; unlike a process id, it never refers to another process later
    :ivar process: set when this service started the shim and therefore reaps it
    """

    directory: Path
    pid: int
    pidfd: int
    process: subprocess.Popen[bytes] | None = None

    @classmethod
    def launch(cls, spec: Spec) -> Shim:
        """Start the attempt that ``spec`` describes."""
        directory = Path(spec.directory)
        directory.mkdir(parents=True, exist_ok=True)
        write_spec(spec, str(directory / SPEC_FILE))
        # In a new session, the shim outlives the service and its terminal.
        with open(directory / "shim.log", "wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_SHIM), str(directory / SPEC_FILE)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env={},
                start_new_session=True,
            )
        return cls(directory, process.pid, os.pidfd_open(process.pid), process)

    @classmethod
    def adopt(cls, directory: Path) -> Shim | None:
        """Return the live shim of an attempt that an earlier service started.

        Without a live shim, abandon the attempt, so that none can start later, and return None.
        """
        while not claim.abandon(str(directory)):
            pid = claim.owner(str(directory))
            try:
                shim = cls(directory, pid, os.pidfd_open(pid))
            except ProcessLookupError:
                continue
            # The shim still holds its lock: the process id referred to it when the pidfd was opened.
            if not claim.abandon(str(directory)):
                return shim
            os.close(shim.pidfd)
        return None

    def end(self, number: int = signal.SIGTERM) -> None:
        """Signal the shim to end its process tree; SIGUSR1 gives the program a grace period."""
        try:
            signal.pidfd_send_signal(self.pidfd, number)
        except ProcessLookupError:
            return

    def close(self) -> Result | None:
        """Clean up after the shim has ended; return its result, or None when it wrote none."""
        result = read_result(str(self.directory))
        if result is None:
            # The shim may have been killed: no process that it started may survive it.
            _kill_session(self.pid)
        if self.process is not None:
            self.process.wait()
        os.close(self.pidfd)
        return result


def _kill_session(leader: int) -> None:
    """Kill all processes in the session of ``leader``."""
    for process in processes():
        if process.session == leader:
            try:
                os.kill(process.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue
