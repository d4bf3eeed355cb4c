"""The log reader against every way in which the service may answer that its documentation leaves open."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_bcs.dlc.logs import FIRST_MAX_LINES, PodLogReader
from airflow_provider_bcs.exceptions import ServerError

BEGIN = 1_700_000_000


@dataclass
class PodLog:
    """A log as a service may keep it: lines with the time they were written and the time they can be read."""

    lines: list[tuple[float, float, str]]
    end_is_inclusive: bool = True
    keeps_last: bool = True
    ahead: float = 0.0  # of the clock that stamps lines, before the one that the reader is told
    cap: int = 10**9  # the most lines of an answer, whatever is asked for
    now: float = BEGIN
    requests: int = 0

    def fetch(self, start: int, end: int | None, max_lines: int) -> list[str]:
        self.requests += 1
        max_lines = min(max_lines, self.cap)
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


@settings(max_examples=300)
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


@settings(max_examples=200)
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


@pytest.mark.parametrize("keeps_last", [True, False])
@pytest.mark.parametrize("cap", [1000, 2000, 5000])
@pytest.mark.parametrize("rate", [1, 40, 400])
def test_a_limit_of_the_service_that_nobody_knows_of(cap, keeps_last, rate):
    lines = [(BEGIN + n / rate, BEGIN + n / rate, f"line {n}") for n in range(60 * rate)]
    log = PodLog(lines, keeps_last=keeps_last, cap=cap)
    assert read_all(log, BEGIN + 70, 10.0) == [text for _, _, text in lines]


@pytest.mark.parametrize("keeps_last", [True, False])
def test_one_second_with_too_many_lines_spoils_no_other(keeps_last):
    burst = [(BEGIN + 1.5, BEGIN + 1.5, f"burst {n}") for n in range(2500)]
    steady = [(BEGIN + 10 + n / 100, BEGIN + 10 + n / 100, f"line {n}") for n in range(6000)]
    found = read_all(PodLog(burst + steady, keeps_last=keeps_last, cap=2000), BEGIN + 75, 10.0)
    assert [line for line in found if line.startswith("line")] == [text for _, _, text in steady]
    assert len(set(found)) == len(found) == 8000


@pytest.mark.parametrize("failing", range(1, 21))
def test_no_line_is_lost_whichever_request_fails(failing):
    lines = [(BEGIN + n / 400, BEGIN + n / 400, f"line {n}") for n in range(12_000)]
    log = PodLog(lines)

    def fetch(start: int, end: int | None, max_lines: int) -> list[str]:
        answer = log.fetch(start, end, max_lines)
        if log.requests == failing:
            raise ServerError(503, "ServiceUnavailable", "Try again.")
        return answer

    reader = PodLogReader(fetch, lambda: log.now, BEGIN - 60)
    found: list[str] = []
    failures = 0
    while log.now < BEGIN + 60:
        log.now += 5
        try:
            found += reader.read(100_000)
        except ServerError:
            failures += 1
    assert (failures, found) == (1, [text for _, _, text in lines])


@pytest.mark.parametrize("ahead", [5.0, 10.0, 30.0])
def test_stamps_ahead_of_the_clock(ahead):
    lines = [(BEGIN + n / 100 + ahead, BEGIN + n / 100, f"line {n}") for n in range(6000)]
    log = PodLog(lines)
    log.ahead = 0.0
    assert Counter(read_all(log, BEGIN + 62, 10.0)) == Counter(text for _, _, text in lines)


def test_a_busy_log_whose_lines_come_late_costs_no_storm():
    lag = [0.5, 2.0, 7.5, 4.0]
    lines = [(BEGIN + n / 100, BEGIN + n / 100 + lag[n % 4], f"line {n}") for n in range(60_000)]
    log = PodLog(lines)
    assert Counter(read_all(log, BEGIN + 610, 10.0)) == Counter(text for _, _, text in lines)
    assert log.requests < 600


def test_a_long_log_read_afterwards_costs_no_storm():
    lines = [(BEGIN + n / 30, BEGIN + n / 30, f"line {n}") for n in range(100_000)]
    log = PodLog(lines, now=BEGIN + 4000)
    reader = PodLogReader(log.fetch, lambda: log.now, BEGIN - 60)
    assert reader.read(200_000, ended=True) == [text for _, _, text in lines]
    assert log.requests < 300


@pytest.mark.parametrize("late", [20.0, 45.0, 90.0])
def test_a_service_that_shows_all_lines_late(late):
    lines = [(BEGIN + n / 20, BEGIN + n / 20 + late, f"line {n}") for n in range(12_000)]
    log = PodLog(lines)
    reader = PodLogReader(log.fetch, lambda: log.now, BEGIN - 60)
    found: list[str] = []
    while log.now < BEGIN + 600 + late:
        log.now += 10
        found += reader.read(100_000)
    assert found + reader.read(100_000, ended=True) == [text for _, _, text in lines]
