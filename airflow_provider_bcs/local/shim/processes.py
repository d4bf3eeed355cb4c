"""Run the command of an attempt, and leave none of its processes behind."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import NamedTuple

from .failure import Failure
from .kernel import become_subreaper, die_with_parent

_NOT_FOUND = 127
_NOT_EXECUTABLE = 126
_WATCHED = (signal.SIGCHLD, signal.SIGTERM)


class Command(NamedTuple):
    """A program to execute.

    :ivar arguments: the program and its arguments, not empty
    :ivar enter: called in the new process before the program starts, e.g. to enter a namespace
    :ivar directory: working directory, as seen after ``enter``
    """

    arguments: list[str]
    environment: dict[str, str]
    directory: str
    stdout: int
    stderr: int
    enter: Callable[[], None]


class Stopped(BaseException):
    """The service asked for the end of this attempt; no result is wanted."""


def run(command: Command, timeout: float) -> int | None:
    """Run a command to its end, then kill whatever it left running.

    :param timeout: seconds after which the command is killed
    :return: its exit code, 128 + n when signal n ended it; None when the time was over
    :raises Failure: when the process could not be prepared
    :raises Stopped: when SIGTERM arrived
    """
    become_subreaper()
    signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)
    child, trouble = _start(command)
    try:
        return _wait(child, timeout)
    finally:
        kill_descendants()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _WATCHED)
        _raise_trouble(trouble)


def _start(command: Command) -> tuple[int, int]:
    trouble, report = os.pipe()
    shim = os.getpid()
    child = os.fork()
    if child == 0:
        os.close(trouble)
        _execute(command, shim, report)
    os.close(report)
    return child, trouble


def _execute(command: Command, shim: int, report: int) -> None:
    try:
        # A group of its own: a command that signals its group must not end the shim.
        os.setpgid(0, 0)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(command.stdout, 1)
        os.dup2(command.stderr, 2)
        command.enter()
        os.chdir(command.directory)
        for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        die_with_parent(signal.SIGKILL)
        if os.getppid() not in (shim, 0):
            os._exit(1)
    except BaseException as error:  # this is a copy of the shim: nothing may get past here
        os.write(report, str(error).encode(errors="replace"))
        os._exit(_NOT_EXECUTABLE)
    try:
        os.execvpe(command.arguments[0], command.arguments, command.environment)  # noqa: S606
    except FileNotFoundError:
        os.write(2, f"{command.arguments[0]}: command not found\n".encode(errors="replace"))
        os._exit(_NOT_FOUND)
    except BaseException as error:  # as above
        os.write(2, f"{command.arguments[0]}: {error}\n".encode(errors="replace"))
        os._exit(_NOT_EXECUTABLE)


def _wait(child: int, timeout: float) -> int | None:
    import time

    deadline = time.monotonic() + timeout
    while True:
        event = signal.sigtimedwait(_WATCHED, max(0.0, deadline - time.monotonic()))
        if event is None:
            return None
        if event.si_signo == signal.SIGTERM:
            raise Stopped
        exit_code = _reap(child)
        if exit_code is not None:
            return exit_code


def _reap(child: int) -> int | None:
    """Collect all ended children; return the exit code of ``child`` when it is one of them."""
    exit_code = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return exit_code
        if pid == 0:
            return exit_code
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            exit_code = code if code >= 0 else 128 - code


def kill_descendants() -> None:
    """Kill every process that descends from this one, however far it has detached itself.

    When a parent dies its children become ours (we are their subreaper), so killing children until there are
    none reaches all.
    """
    while True:
        try:
            if os.waitpid(-1, os.WNOHANG)[0]:
                continue
        except ChildProcessError:
            return
        for pid in _children():
            try:
                os.kill(pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue
        os.waitpid(-1, 0)


def _children() -> list[int]:
    own, found = str(os.getpid()), []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    # The second field is the program's name in parentheses and may hold anything.
                    parent = file.read().rpartition(b")")[2].split()[1].decode()
            except OSError:
                continue
            if parent == own:
                found.append(int(name))
    return found


def _raise_trouble(descriptor: int) -> None:
    with open(descriptor, "rb") as pipe:
        text = pipe.read().decode(errors="replace")
    if text:
        raise Failure("IsolationFailed", f"The instance could not be prepared: {text}.")
