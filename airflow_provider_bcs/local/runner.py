"""Thread that starts shims, waits for them, and ends them with the service."""

from __future__ import annotations

import logging
import os
import selectors
import shutil
import signal
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from .attempt import Shim
from .shim.result import Result

_log = logging.getLogger(__name__)
SHUTDOWN_SECONDS = 5.0

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Settings:
    """Settings for the execution of commands.

    :ivar data_dir: data directory of the service
    :ivar isolation: ``namespace`` or ``rewrite``
    :ivar search_path: first directory of ``PATH``
    :ivar oss_host: host and port at which programs reach the object store
    """

    data_dir: Path
    isolation: str
    search_path: str
    oss_host: str


class Runner(ABC, Generic[Key]):
    """Thread that supervises the shims of one API.

    Handlers of operations change the store and call :meth:`wake`. Only this thread starts processes.

    :param what: plural noun for log messages, such as ``instances``
    :param lock: lock of the store; it also protects :attr:`shims`
    :ivar shims: live shims by key
    :ivar ending: the service is shutting down
    """

    def __init__(self, what: str, lock: threading.RLock) -> None:
        self.shims: dict[Key, Shim] = {}
        self.ending = False
        self._what = what
        self._lock = lock
        self._selector = selectors.DefaultSelector()
        self._woken, self._waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._janitor = ThreadPoolExecutor(1, thread_name_prefix="janitor")
        self._thread = threading.Thread(target=self._run, name=what)

    @abstractmethod
    def advance(self) -> float | None:
        """Make all transitions that are due; return the seconds until the next one, or None to wait for an event."""

    @abstractmethod
    def ended(self, key: Key, shim: Shim, result: Result | None) -> None:
        """Record that a shim has ended; called with the lock held, after its removal from :attr:`shims`."""

    def start(self) -> None:
        """Start the thread; call it after all shims of an earlier service have been adopted."""
        if self.shims:
            _log.info("Adopted %d running %s of an earlier service.", len(self.shims), self._what)
        self._thread.start()

    def wake(self) -> None:
        """Wake the thread after a change of the store; callable from any thread."""
        try:
            os.write(self._waker, b"\0")
        except BlockingIOError:
            return

    def end(self) -> None:
        """Begin to end all shims and the thread."""
        self.ending = True
        self.wake()

    def close(self) -> None:
        """Wait until all shims and the thread have ended."""
        self._thread.join()
        self._janitor.shutdown(cancel_futures=True)

    def watch(self, key: Key, shim: Shim) -> None:
        self.shims[key] = shim
        self._selector.register(shim.pidfd, selectors.EVENT_READ, key)

    def remove(self, directory: Path) -> None:
        """Remove a directory in the background; during shutdown it stays, and the next start removes it."""
        if not self.ending:
            self._janitor.submit(shutil.rmtree, directory, ignore_errors=True)

    def _run(self) -> None:
        while not self.ending:
            self._await_ends(self.advance())
        self._shut_down()

    def _await_ends(self, timeout: float | None) -> None:
        for key in self._events(timeout):
            with self._lock:
                shim = self.shims.pop(key)
                self._selector.unregister(shim.pidfd)
                self.ended(key, shim, shim.close())

    def _events(self, timeout: float | None) -> Iterator[Key]:
        for event, _ in self._selector.select(timeout):
            if event.fd == self._woken:
                os.read(self._woken, 65536)
            else:
                yield event.data

    def _shut_down(self) -> None:
        with self._lock:
            for shim in self.shims.values():
                shim.end()
        deadline = time.monotonic() + SHUTDOWN_SECONDS
        while self.shims:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                for shim in self.shims.values():
                    shim.end(signal.SIGKILL)
                remaining = 1.0
            self._await_ends(remaining)
