"""Execution of a command, and the kill of its whole process tree."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

from .failure import Failure
from .kernel import become_subreaper, die_with_parent
from .proc import descendants, process_tree

_NOT_FOUND = 127
_NOT_EXECUTABLE = 126
#: Signals that :func:`run` waits for. SIGTERM kills the process tree at once, SIGUSR1 after a grace period.
WATCHED = (signal.SIGCHLD, signal.SIGTERM, signal.SIGUSR1)


class Command(NamedTuple):
    """Program to execute.

    :ivar arguments: program and its arguments, not empty
    :ivar environment: all environment variables of the program
    :ivar directory: working directory, as seen after ``enter``
    :ivar stdout: descriptor of the standard output
    :ivar stderr: descriptor of the standard error
    :ivar enter: function that the new process calls before the program starts, for example to enter a namespace
    """

    arguments: list[str]
    environment: dict[str, str]
    directory: str
    stdout: int
    stderr: int
    enter: Callable[[], None]


class Stopped(BaseException):
    """Stop of the attempt by the service; the shim writes no result."""


def run(
    command: Command, timeout: float, *, grace: float = 0.0, started: Callable[[], None] = lambda: None
) -> int | None:
    """Run a command to its end, then kill the rest of its process tree.

    :param timeout: seconds after which the command is killed
    :param grace: seconds between SIGTERM and SIGKILL after SIGUSR1 has arrived
    :param started: called once the process exists; only then may threads be started, because of the fork
    :return: exit code, 128 + n when signal n ended the command; None after the timeout
    :raises Failure: when the process cannot be prepared
    :raises Stopped: when SIGTERM or SIGUSR1 arrived
    """
    become_subreaper()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
    child, trouble = _start(command)
    try:
        started()
        return _wait(child, timeout, grace)
    finally:
        kill_descendants()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
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
        # A separate process group: a command that signals its own group must not kill the shim.
        os.setpgid(0, 0)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(command.stdout, 1)
        os.dup2(command.stderr, 2)
        command.enter()
        os.chdir(command.directory)
        # Python ignores SIGPIPE; the service itself may have been started with SIGINT, SIGQUIT or SIGHUP ignored.
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        die_with_parent(signal.SIGKILL)
        if os.getppid() not in (shim, 0):
            os._exit(1)
    except BaseException as error:  # this process is a copy of the shim: no exception may propagate
        os.write(report, str(error).encode(errors="replace"))
        os._exit(_NOT_EXECUTABLE)
    try:
        os.execvpe(command.arguments[0], command.arguments, command.environment)  # noqa: S606
    except FileNotFoundError:
        os.write(2, f"{command.arguments[0]}: command not found\n".encode(errors="replace"))
        os._exit(_NOT_FOUND)
    except BaseException as error:  # see above
        os.write(2, f"{command.arguments[0]}: {error}\n".encode(errors="replace"))
        os._exit(_NOT_EXECUTABLE)


def _wait(child: int, timeout: float, grace: float) -> int | None:
    deadline = time.monotonic() + timeout
    while True:
        event = signal.sigtimedwait(WATCHED, max(0.0, deadline - time.monotonic()))
        if event is None:
            return None
        if event.si_signo == signal.SIGUSR1:
            _end(grace)
        if event.si_signo != signal.SIGCHLD:
            raise Stopped
        exit_code = _reap(child)
        if exit_code is not None:
            return exit_code


def _end(grace: float) -> None:
    """Send SIGTERM to all descendants and wait until they have ended, at most ``grace`` seconds.

    The first process is often a shell, which does not forward signals: SIGTERM goes to every process.
    """
    deadline = time.monotonic() + grace
    found = _frozen_descendants()
    _signal(found, signal.SIGTERM)
    _signal(found, signal.SIGCONT)
    while _children():
        event = signal.sigtimedwait(WATCHED, max(0.0, deadline - time.monotonic()))
        if event is None or event.si_signo == signal.SIGTERM:
            return
        _reap(0)


def _reap(child: int) -> int | None:
    """Reap all ended children; return the exit code of ``child`` when it is one of them."""
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
    """Kill all descendants of this process, daemons included.

    This process is the subreaper: when a parent dies, its children become ours. The loop therefore reaches every
    descendant.
    """
    while True:
        try:
            if os.waitpid(-1, os.WNOHANG)[0]:
                continue
        except ChildProcessError:
            return
        _signal(_children(), signal.SIGKILL)
        os.waitpid(-1, 0)


def _signal(pids: Iterable[int], number: int) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except (ProcessLookupError, PermissionError):
            continue


def _children() -> list[int]:
    return process_tree().get(os.getpid(), [])


def _frozen_descendants() -> list[int]:
    """Stop (SIGSTOP) all descendants, so that none can fork, and return their process ids."""
    frozen: set[int] = set()
    while new := set(descendants(os.getpid(), process_tree())) - frozen:
        _signal(new, signal.SIGSTOP)
        frozen |= new
    return sorted(frozen)


def _raise_trouble(descriptor: int) -> None:
    with open(descriptor, "rb") as pipe:
        text = pipe.read().decode(errors="replace")
    if text:
        raise Failure("IsolationFailed", f"The instance could not be prepared: {text}.")
