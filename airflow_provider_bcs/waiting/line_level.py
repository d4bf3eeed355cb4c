"""Level of a line that a program has printed: the level that the program itself put before the text.

The table holds the prefixes of Python's ``logging``, loguru, log4j, glog and absl, PyTorch, NCCL and command-line
tools. A line without such a prefix has no level of its own.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from .polling import Log

__all__ = ["Level", "LeveledLine", "level_of", "log_line"]

Level: TypeAlias = Literal["info", "warning", "error"]

# Airflow's default level is INFO: a line that was logged as DEBUG would be missing from the task's log.
_INFO = ("TRACE", "DEBUG", "INFO", "NOTICE", "SUCCESS")
_WARNING = ("WARN", "WARNING")
_ERROR = ("ERROR", "SEVERE", "CRITICAL", "FATAL", "PANIC")
_LEVELS: dict[str, Level] = {
    **dict.fromkeys((*_INFO, "D", "I"), "info"),
    **dict.fromkeys((*_WARNING, "W"), "warning"),
    **dict.fromkeys((*_ERROR, "E", "F"), "error"),
}
_WORDS = "|".join((*_INFO, *_WARNING[::-1], *_ERROR))
#: Time, or date and time, alone or in brackets, and what separates it from the text. A line may begin with several.
_TIME = r"[\[(]?(?:\d{2,4}[-/]\d\d[-/]\d\d[T ])?\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z| ?[+-]\d\d:?\d\d)?[\])]?[\s|:;,-]*"
_PREFIXES = (
    # ERROR text, ERROR: text, ERROR - text, ERROR:name:text; small letters need a colon: "error rate" is no level.
    rf"(?:({_WORDS})(?=[\s:|,\]-]|$)|(?i:({_WORDS})):(?=\s|$))",
    # [ERROR] text, <error> text
    rf"[\[(<](?i:({_WORDS}))[\])>]",
    # E0102 03:04:05.678901 1234 file.cc:12] text
    r"([DIWEF])\d{4} \d\d:\d\d:\d\d",
    # [E socket.cpp:12] text, [W1130 22:00:00.1 file.cpp:12] text, [E 22:00:00 App] text
    r"(?:\[rank\d+\]:?\s*)?\[([DIWEF])(?:\d{4})? [^\]]*[.:]\d+[^\]]*\]",
    # host:123:456 [0] NCCL WARN text
    r"\S+:\d+:\d+ \[\d+\] NCCL (INFO|WARN)\b",
)
#: Prefixes that have a meaning behind a time only.
_PREFIXES_BEHIND_TIME = (
    # [main] ERROR text, {taskinstance.py:12} ERROR - text, name - ERROR - text
    rf"(?:\[[^\]]*\]|\{{[^}}]*\}}|[\w.-]+(?:\s*\|| -| :))\s*(?:\[)?({_WORDS})(?=[\s:|,\]-]|$)",
    # E tensorflow/core/file.cc:12] text
    r"([DIWEF]) \S+:\d+\]",
)


class LeveledLine(str):
    """Line of a log, with the level that it is logged at.

    :ivar level: ``info``, ``warning`` or ``error``
    """

    __slots__ = ("level",)
    level: Level

    def __new__(cls, text: str, level: Level = "info") -> LeveledLine:
        line = super().__new__(cls, text)
        line.level = level
        return line


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], tuple[re.Pattern[str], ...], tuple[re.Pattern[str], ...]]:
    """Return the patterns of a colour, of a time, of a prefix anywhere, and of one behind a time.

    Most processes that import an operator read no log: 2 ms of each parse of a DAG file.
    """
    anywhere, behind_time = (tuple(map(re.compile, each)) for each in (_PREFIXES, _PREFIXES_BEHIND_TIME))
    return re.compile(r"\x1b\[[0-9;]*m"), re.compile(_TIME), anywhere, behind_time


def level_of(line: str, default: Level = "info") -> Level:
    """Return the level in the prefix of a line, ``default`` for a line without one.

    :param line: the line, which may begin with the time

    >>> [level_of(line) for line in ("WARNING: low memory", "2026-01-02 03:04:05 ERROR lost", "[E socket.cpp:12] lost")]
    ['warning', 'error', 'error']
    >>> level_of("Errors: 0"), level_of("out of cheese", "error")
    ('info', 'error')
    """
    colour, time, anywhere, behind_time = _patterns()
    text = colour.sub("", line[:300]).lstrip() if "\x1b" in line[:300] else line[:300].lstrip()
    patterns = anywhere
    while found := time.match(text):
        text = text[found.end() :]
        patterns = anywhere + behind_time
    for pattern in patterns:
        if found := pattern.match(text):
            return _LEVELS[next(filter(None, found.groups())).upper()]
    return default


def log_line(log: Log, level: Level, message: str, *args: object) -> None:
    """Log a message at a level that is known by its name.

    >>> import logging
    >>> log_line(logging.getLogger("doctest"), "info", "%s", "a line")
    """
    write = {"info": log.info, "warning": log.warning, "error": log.error}[level]
    write(message, *args)
