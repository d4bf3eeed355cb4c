"""An attempt as the service sees it: a directory, and a shim process that may be gone."""

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
    """A live shim, known by a pidfd: it becomes readable when the process ends, and is never another process.

    :ivar process: when this service started it, so that it can be reaped
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
        # Isolated from the service's environment; in a session of its own it outlives the service and its
        # terminal.
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
        """Find the live shim of an attempt that an earlier service started; None when there is none.

        In that case there never will be one: the attempt is abandoned.
        """
        while not claim.abandon(str(directory)):
            pid = claim.owner(str(directory))
            try:
                shim = cls(directory, pid, os.pidfd_open(pid))
            except ProcessLookupError:
                continue
            # Still the owner, so the id was not somebody else's when the pidfd was opened.
            if not claim.abandon(str(directory)):
                return shim
            os.close(shim.pidfd)
        return None

    def end(self, number: int = signal.SIGTERM) -> None:
        """Ask the shim to end itself and everything it started; SIGUSR1 lets the program end itself first."""
        try:
            signal.pidfd_send_signal(self.pidfd, number)
        except ProcessLookupError:
            return

    def close(self) -> Result | None:
        """Clean up after the shim has died; return its result, None when it left none."""
        result = read_result(str(self.directory))
        if result is None:
            # It may have been killed: what it started must not run on unwatched.
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
