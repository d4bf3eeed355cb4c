"""Time to read a growing pod log, of a long log against a short one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from airflow_provider_bcs.dlc.logs import PodLogReader
from bench.rows import Row, computed, paired

LINES = 1_000_000


def log_reader(lines: int) -> Callable[[], float]:
    """Return a measurement in µs per line: a log that grows by 1,000 lines per second is read meanwhile."""
    begin = 1_700_000_000
    log = [f"line {number}" for number in range(lines)]

    def read_all() -> None:
        now = begin

        def fetch(start: int, end: int | None, most: int) -> list[str]:
            first, last = (max(0, (second - begin) * 1000) for second in (start, (end or now) + 1))
            return log[first:last][-most:]

        reader = PodLogReader(fetch, lambda: now, begin)
        found: list[str] = []
        while now < begin + lines / 1000 + 10:
            now += 10
            found += reader.read(lines)
        assert found + reader.read(lines, ended=True) == log

    return lambda: computed(read_all) / lines * 1e6


def rows() -> Iterator[Row]:
    """Yield the time per line."""
    what = f"a line of a growing pod log: of {LINES} lines / of {LINES // 10}"
    yield paired(what, log_reader(LINES), log_reader(LINES // 10), 3, "µs")
