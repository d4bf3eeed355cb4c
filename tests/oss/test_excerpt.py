"""First and last lines, against a plain split of the whole."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_bcs.oss import excerpt
from airflow_provider_bcs.oss.excerpt import read_excerpt

LINES = st.lists(st.binary(max_size=12).filter(lambda line: not set(line) & set(b"\r\n")), max_size=30)


@given(lines=LINES, ending=st.booleans(), first=st.integers(0, 12), last=st.integers(0, 12), block=st.integers(1, 40))
def test_lines(lines: list[bytes], ending: bool, first: int, last: int, block: int) -> None:
    content = b"\n".join(lines) + (b"\n" if ending and lines else b"")
    reads = []

    def read(begin: int, end: int) -> tuple[bytes, int]:
        reads.append((begin, end))
        return content[begin:end], len(content) if begin < len(content) else 0

    original, excerpt._BLOCK = excerpt._BLOCK, block
    try:
        found = read_excerpt(read, first, last)
    finally:
        excerpt._BLOCK = original
    texts = [line.decode(errors="replace") for line in content.split(b"\n")]
    if texts[-1] == "":
        texts.pop()
    assert found.first == texts[:first]
    rest = texts[first:]
    assert found.last == (rest[-last:] if last else [])
    assert (found.omitted > 0) == (len(texts) > first + last)
    assert found.size == len(content)


def test_a_line_without_an_end() -> None:
    size = 50_000_000
    asked = 0

    def read(begin: int, end: int) -> tuple[bytes, int]:
        nonlocal asked
        asked += end - begin
        return b"x" * (min(end, size) - begin), size

    found = read_excerpt(read, 10, 10)
    assert asked < 3_000_000
    assert all(len(line) < 2100 for line in found.lines())
    assert found.lines()[0].endswith("... (1,046,576 more characters)")
    assert found.omitted > 40_000_000
