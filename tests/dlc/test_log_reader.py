"""The log reader against every way in which the service may answer that its documentation leaves open."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_bcs.dlc.logs import FIRST_MAX_LINES, PodLogReader

BEGIN = 1_700_000_000


@dataclass
class PodLog:
    """A log as a service may keep it: lines with the time they were written and the time they can be read."""

    lines: list[tuple[float, float, str]]
    end_is_inclusive: bool = True
    keeps_last: bool = True
    ahead: float = 0.0  # of the clock that stamps lines, before the one that the reader is told
    now: float = BEGIN
    requests: int = 0

    def fetch(self, start: int, end: int | None, max_lines: int) -> list[str]:
        self.requests += 1
        present = self.now + self.ahead
        last = int(present) if end is None else end
        found = [
            text
            for written, readable, text in sorted(self.lines, key=lambda line: line[0])
            if readable <= present
            and int(written) >= start
            and (end is None or int(written) < last + self.end_is_inclusive)
        ]
        return found[-max_lines:] if self.keeps_last else found[:max_lines]


def read_all(log: PodLog, until: float, interval: float, limit: int = 100_000) -> list[str]:
    """Poll while the pod writes, then to the end."""
    reader = PodLogReader(log.fetch, lambda: log.now, BEGIN - 60)
    found: list[str] = []
    while log.now < until:
        log.now += interval
        lines = reader.read(limit)
        assert len(lines) <= limit
        found += lines
    log.now += 60
    while lines := reader.read(limit, ended=True):
        assert len(lines) <= limit
        found += lines
    return found


@settings(max_examples=300, deadline=None)
@given(
    gaps=st.lists(st.sampled_from([0.0, 0.0, 0.0, 0.001, 0.4, 1.0, 7.0]), max_size=120),
    repeat=st.integers(1, 40),
    words=st.integers(1, 3),
    inclusive=st.booleans(),
    keeps_last=st.booleans(),
    ahead=st.sampled_from([0.0, 0.0, 1.5, -1.5]),
    interval=st.sampled_from([0.3, 1.0, 5.0, 30.0]),
    limit=st.sampled_from([7, 500, 100_000]),
)
def test_each_line_once_and_in_order(gaps, repeat, words, inclusive, keeps_last, ahead, interval, limit):
    lines, time = [], float(BEGIN)
    for index, gap in enumerate(gaps):
        time += gap
        # Equal lines are the hard case: only their number tells what is new.
        lines += [(time + ahead, time + ahead, f"line {index % words}")] * repeat
    log = PodLog(lines, inclusive, keeps_last, ahead)
    assert read_all(log, time + 1, interval, limit) == [text for _, _, text in lines]


@settings(max_examples=200, deadline=None)
@given(
    lines=st.lists(st.tuples(st.floats(0, 100), st.floats(0, 60), st.sampled_from("abc")), max_size=250),
    interval=st.sampled_from([1.0, 5.0, 30.0]),
)
def test_lines_that_turn_up_late_are_not_lost(lines, interval):
    written = [(BEGIN + time, BEGIN + time + lag, text) for time, lag, text in lines]
    found = read_all(PodLog(written), BEGIN + 100, interval)
    assert Counter(found) == Counter(text for _, _, text in lines)


@pytest.mark.parametrize("keeps_last", [True, False])
@pytest.mark.parametrize("interval", [1.0, 10.0, 100.0])
def test_many_lines_a_second(keeps_last, interval):
    lines = [(BEGIN + index / 1000, BEGIN + index / 1000 + 2, f"line {index}") for index in range(30_000)]
    log = PodLog(lines, keeps_last=keeps_last)
    assert read_all(log, BEGIN + 40, interval) == [text for _, _, text in lines]
    # A window is read once, and twice more when its start is moved.
    assert log.requests < 200


def test_more_lines_in_one_second_than_a_request_gives():
    lines = [(BEGIN + 0.5, BEGIN + 0.5, f"line {index}") for index in range(3 * FIRST_MAX_LINES)]
    assert read_all(PodLog(lines), BEGIN + 5, 1.0) == [text for _, _, text in lines]


def test_a_quiet_log_costs_one_request_a_poll():
    log = PodLog([(BEGIN + index, BEGIN + index, "still here") for index in range(100)])
    reader = PodLogReader(log.fetch, lambda: log.now, BEGIN)
    found = []
    for _ in range(50):
        log.now += 2
        found += reader.read(1000)
    assert log.requests <= 50
    assert 90 <= len(found) <= 100
