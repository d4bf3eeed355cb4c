"""Readings that many pages share."""

from __future__ import annotations

import asyncio
import threading
import time

from airflow_provider_bcs.pages.shared import SharedReadings


def test_many_that_ask_at_once_cost_one_reading():
    calls: list[int | None] = []

    def read(before: int | None) -> int:
        calls.append(before)
        time.sleep(0.2)
        return len(calls)

    async def ask() -> list[int | None]:
        readings: SharedReadings[int] = SharedReadings(30)
        many = [readings.get("group", "key", read, lambda _: 0.0) for _ in range(20)]
        first = [each.value for each in await asyncio.gather(*many)]
        return [*first, (await readings.get("group", "key", read, lambda _: 60.0)).value]

    assert asyncio.run(ask()) == [1] * 20 + [2]
    assert calls == [None, 1]


def test_a_value_stays_for_its_interval():
    calls: list[int | None] = []

    async def ask() -> None:
        readings: SharedReadings[int] = SharedReadings(30)
        for _ in range(5):
            found = await readings.get("group", "key", lambda before: calls.append(before) or 1, lambda _: 60.0)
            assert (found.value, found.error, found.waited) == (1, None, 0.0)

    asyncio.run(ask())
    assert calls == [None]


def test_a_reading_that_hangs_delays_its_own_group_only():
    is_over = threading.Event()
    calls: list[str] = []

    def hang(before: str | None) -> str:
        calls.append("hang")
        is_over.wait(60)
        return "late"

    async def ask() -> None:
        readings: SharedReadings[str] = SharedReadings(0.2)
        try:
            for _ in range(2):
                found = await readings.get("slow", "key", hang, lambda _: 60.0)
                assert found.value is None
                assert found.waited > 0
            others = [readings.get("slow", number, hang, lambda _: 60.0) for number in range(20)]
            await asyncio.gather(*others)
            begin = time.monotonic()
            found = await readings.get("fast", "key", lambda _: "soon", lambda _: 60.0)
            assert found.value == "soon"
            assert time.monotonic() - begin < 10
        finally:
            is_over.set()
        while (found := await readings.get("slow", "key", hang, lambda _: 60.0)).waited:
            pass
        assert found.value == "late"

    asyncio.run(ask())
    # One thread hangs for the first key, and one for all others. The rest begins later.
    assert 2 <= len(calls) <= 21


def test_an_error_keeps_the_last_value():
    answers = iter([1, ValueError("no"), 3])
    given: list[int | None] = []

    def read(before: int | None) -> int:
        given.append(before)
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def ask() -> list[tuple[int | None, str]]:
        readings: SharedReadings[int] = SharedReadings(30)
        found = [await readings.get("group", "key", read, lambda _: 0.0) for _ in range(3)]
        return [(each.value, str(each.error or "")) for each in found]

    assert asyncio.run(ask()) == [(1, ""), (1, "no"), (3, "")]
    # After an error the reader begins anew.
    assert given == [None, 1, None]
