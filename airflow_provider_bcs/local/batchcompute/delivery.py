"""Delivery of messages to topics in a separate thread, so that a slow topic does not delay jobs."""

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
#: Timeouts for connect and read, in seconds.
_TIMEOUTS = (1.0, 2.0)
#: Delays before the second and the third attempt, in seconds.
_WAITS = (0.2, 1.0)
#: Seconds without delivery to a topic after its attempts have failed.
_PAUSE = 10.0
#: Seconds for delivery during the shutdown of the service.
_CLOSING = 2.0
_HEADERS = {"Content-Type": "text/xml;charset=utf-8", "x-mns-version": "2015-06-06"}


class _Message(NamedTuple):
    url: str
    body: dict[str, Any]


class Delivery:
    """Queue of messages for all topics, and its thread, which starts with the first message."""

    def __init__(self) -> None:
        self._messages: queue.Queue[_Message | None] = queue.Queue(_QUEUED)
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()
        self._deadline = float("inf")
        self._resume: dict[str, float] = {}
        self._lock = threading.Lock()
        self._dropped: Counter[str] = Counter()

    def put(self, url: str, body: dict[str, Any]) -> None:
        """Queue a message without blocking, because the caller holds the lock of the store."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="notification", daemon=True)
            self._thread.start()
        message = _Message(url, body)
        try:
            self._messages.put_nowait(message)
        except queue.Full:
            self._drop(message, f"the queue has its maximum of {_QUEUED} messages")

    def close(self) -> None:
        """Deliver the queued messages within a short time limit; log the number of dropped messages."""
        if self._thread is None:
            return
        self._deadline = time.monotonic() + _CLOSING
        self._closing.set()
        try:
            self._messages.put(None, timeout=_CLOSING + sum(_TIMEOUTS))
        except queue.Full:
            log.warning("The delivery thread of notifications has not ended.")
        self._thread.join(_CLOSING + sum(_TIMEOUTS))
        for url in list(self._dropped):
            self._log_dropped(url)
        if self._thread.is_alive():
            log.warning("About %d notifications were not delivered.", self._messages.qsize())

    def _run(self) -> None:
        import requests

        with requests.Session() as session:
            # Ignore proxies and .netrc of the environment.
            session.trust_env = False
            while message := self._messages.get():
                self._deliver(session, message)

    def _deliver(self, session: requests.Session, message: _Message) -> None:
        begin = time.monotonic()
        if begin >= self._deadline:
            return self._drop(message, "the service is shutting down")
        if begin < self._resume.get(message.url, 0):
            return self._drop(message, "the previous delivery failed")
        for wait in (*_WAITS, None):
            reason, is_transient = _post(session, message)
            if not reason:
                if message.url in self._dropped and self._messages.empty():
                    self._log_dropped(message.url)
                return None
            if not is_transient or wait is None or self._closing.wait(wait):
                break
        if is_transient:
            self._resume[message.url] = time.monotonic() + _PAUSE
        return self._drop(message, reason)

    def _drop(self, message: _Message, reason: str) -> None:
        with self._lock:
            self._dropped[message.url] += 1
            is_first = self._dropped[message.url] == 1
        if is_first:
            event = f"{message.body['Event']} of {message.body['JobId']}"
            log.warning("Topic %s: dropped %s and will count further messages: %s", message.url, event, reason)

    def _log_dropped(self, url: str) -> None:
        with self._lock:
            count = self._dropped.pop(url, 0)
        log.warning("Topic %s: %d messages were dropped.", url, count)


def _post(session: requests.Session, message: _Message) -> tuple[str, bool]:
    """Post a message once; return the reason of a failure (empty for success) and whether it is transient."""
    # JSON in ASCII has no character that XML forbids. Assumption: MessageBody is not in Base64.
    text = f"<MessageBody>{escape(json.dumps(message.body))}</MessageBody>"
    xml = f'<?xml version="1.0" encoding="UTF-8"?>\n<Message xmlns="http://mns.aliyuncs.com/doc/v1/">{text}</Message>'
    try:
        # A redirect could lead to another machine.
        response = session.post(
            message.url, data=xml.encode(), headers=_HEADERS, timeout=_TIMEOUTS, allow_redirects=False
        )
    except Exception as error:
        # No error may end the thread.
        return str(error), True
    status = response.status_code
    return "" if 200 <= status < 300 else f"status {status}", status >= 500
