"""Posts messages to topics from a thread of its own, so that a topic can neither stop nor slow a job."""

from __future__ import annotations

import json
import logging
import queue
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    import requests

log = logging.getLogger(__name__)

_QUEUED = 50_000
_TIMEOUTS = (1.0, 2.0)  # seconds to connect, seconds without a byte
_WAITS = (0.2, 1.0)  # seconds before the second and the third attempt
_PAUSE = 10.0  # seconds in which a topic that did not answer is not asked again
_CLOSING = 2.0  # seconds in which an ending service still posts
_HEADERS = {"Content-Type": "text/xml;charset=utf-8", "x-mns-version": "2015-06-06"}


class _Message(NamedTuple):
    url: str
    body: dict[str, Any]


class Delivery:
    """The queue of messages and its thread, which lives from the first message on; all topics share it."""

    def __init__(self) -> None:
        self._messages: queue.Queue[_Message | None] = queue.Queue(_QUEUED)
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()
        self._deadline = float("inf")
        self._resume: dict[str, float] = {}
        self._lock = threading.Lock()
        self._dropped: Counter[str] = Counter()

    def put(self, url: str, body: dict[str, Any]) -> None:
        """Queue a message, without ever waiting; the caller holds the store's lock."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="notification", daemon=True)
            self._thread.start()
        message = _Message(url, body)
        try:
            self._messages.put_nowait(message)
        except queue.Full:
            self._drop(message, f"{_QUEUED} messages wait already")

    def close(self) -> None:
        """Post what is left, for a short time; tell what was dropped."""
        if self._thread is None:
            return
        self._deadline = time.monotonic() + _CLOSING
        self._closing.set()
        try:
            self._messages.put(None, timeout=_CLOSING + sum(_TIMEOUTS))
        except queue.Full:
            log.warning("Topics: the thread that posts does not end.")
        self._thread.join(_CLOSING + sum(_TIMEOUTS))
        for url in list(self._dropped):
            self._tell_dropped(url)
        if self._thread.is_alive():
            log.warning("Topics: about %d messages were not posted.", self._messages.qsize())

    def _run(self) -> None:
        import requests

        with requests.Session() as session:
            # Neither proxies nor .netrc of the environment.
            session.trust_env = False
            while message := self._messages.get():
                self._deliver(session, message)

    def _deliver(self, session: requests.Session, message: _Message) -> None:
        begin = time.monotonic()
        if begin >= self._deadline:
            return self._drop(message, "the service ends")
        if begin < self._resume.get(message.url, 0):
            return self._drop(message, "it did not answer before")
        for wait in (*_WAITS, None):
            reason, may_pass = _post(session, message)
            if not reason:
                if message.url in self._dropped and self._messages.empty():
                    self._tell_dropped(message.url)
                return None
            if not may_pass or wait is None or self._closing.wait(wait):
                break
        if may_pass:
            self._resume[message.url] = time.monotonic() + _PAUSE
        return self._drop(message, reason)

    def _drop(self, message: _Message, reason: str) -> None:
        with self._lock:
            self._dropped[message.url] += 1
            is_first = self._dropped[message.url] == 1
        if is_first:
            what = f"{message.body['Event']} of {message.body['JobId']}"
            log.warning("Topic %s: %s is dropped; further ones are only counted: %s", message.url, what, reason)

    def _tell_dropped(self, url: str) -> None:
        with self._lock:
            count = self._dropped.pop(url, 0)
        log.warning("Topic %s: %d messages were dropped.", url, count)


def _post(session: requests.Session, message: _Message) -> tuple[str, bool]:
    """Post once; return why that failed, empty when it did not, and whether another attempt may help."""
    # JSON in ASCII has no character that XML forbids. That it is not in Base64 is an assumption.
    text = f"<MessageBody>{escape(json.dumps(message.body))}</MessageBody>"
    xml = f'<?xml version="1.0" encoding="UTF-8"?>\n<Message xmlns="http://mns.aliyuncs.com/doc/v1/">{text}</Message>'
    try:
        # A redirect could lead away from this machine.
        answer = session.post(
            message.url, data=xml.encode(), headers=_HEADERS, timeout=_TIMEOUTS, allow_redirects=False
        )
    except Exception as error:
        # Whatever it is, the thread goes on with the next message.
        return str(error), True
    return "" if answer.ok and answer.status_code < 300 else f"status {answer.status_code}", answer.status_code >= 500
