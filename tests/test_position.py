"""The line of each field of a file, whatever its keys are and however it is written."""

from __future__ import annotations

import json
import time

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_bcs.description.position import Positions

keys = st.text("ab./:#-'\"\\é\N{GRINNING FACE} ", min_size=1, max_size=6)
trees = st.recursive(
    st.just("leaf"),
    lambda inner: st.lists(inner, min_size=1, max_size=3) | st.dictionaries(keys, inner, min_size=1, max_size=3),
    max_leaves=12,
)


def numbered(value, path, paths):
    """Make each leaf a text of its own; note where it is."""
    if isinstance(value, dict):
        return {key: numbered(element, [*path, key], paths) for key, element in value.items()}
    if isinstance(value, list):
        return [numbered(element, [*path, str(index)], paths) for index, element in enumerate(value)]
    paths.append(path)
    return f"@{len(paths) - 1}@"


@settings(max_examples=300)
@given(st.dictionaries(keys, trees, min_size=1, max_size=3), st.sampled_from(["json", "ascii", "tabs", "yaml"]))
def test_every_leaf_is_found(tree, form):
    paths: list[list[str]] = []
    tree = numbered(tree, [], paths)
    if form == "yaml":
        text = yaml.safe_dump(tree, sort_keys=False, width=10_000)
    else:
        text = json.dumps(tree, ensure_ascii=form == "ascii", indent="\t" if form == "tabs" else 2)
    lines = text.split("\n")
    for number, path in enumerate(paths):
        joined = ".".join(path)
        if sum(".".join(other) == joined for other in paths) > 1 or (form == "ascii" and "\N{GRINNING FACE}" in joined):
            continue
        (expected,) = (index for index, line in enumerate(lines, 1) if f"@{number}@" in line)
        assert Positions(text).line(joined) == expected


@pytest.mark.parametrize(
    ("path", "line"),
    [("$", 1), ("a", 2), ("a.x", 2), ("a.b.c", 3), ("a.b.c.value", 3), ("a.list.1", 6), ("a.list.9", 4), ("z", 1)],
)
def test_the_nearest_parent(path, line):
    text = (
        '{\n  "a": {\n    "b.c": "x\\/y",\n    "list": [\n      {"n": 1},\n      {"n": "\\ud83d\\ude00"}\n    ]\n  }\n}'
    )
    assert Positions(text).line(path) == line


def test_a_key_with_dots_beside_a_shorter_one():
    assert Positions('{\n"a": {\n"b.c": 1},\n"a.b": {\n"x": 1}}').line("a.b.c") == 3


@pytest.mark.parametrize("text", ['{"a: 1}', "", '{"' + "k" * 20_000 + '": 1}'])
def test_text_without_lines(text):
    assert Positions(text).line("a") is None


@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("letter", ["\x7f", "\x85", "\x9f", "\u2028", "\u2029", "\ufeff", "\uffff"])
def test_letters_that_mean_something_else_in_yaml(letter, ascii_only):
    content = {"text": f"a{letter}b", f"key{letter}": {"x": 1}, "z": 3}
    text = json.dumps(content, indent=1, ensure_ascii=ascii_only)
    assert [Positions(text).line(path) for path in ("text", f"key{letter}.x", "z")] == [2, 4, 6]


@pytest.mark.parametrize("key", ["k" * 1017, "k" * 5000, '"' * 600, "\n" * 499, "é" * 1200])
def test_long_keys(key):
    text = json.dumps({"a": {"b": key, key: {"x": 1}}, "z": 3}, indent=1)
    assert [Positions(text).line(path) for path in ("a.b", f"a.{key}.x", "z")] == [3, 5, 8]


def test_each_of_many_keys_is_found_without_a_search():
    count = 20_000
    positions = Positions("{" + ",\n".join(f'"key{number}": 1' for number in range(count)) + "}")
    positions.line("$")
    started = time.process_time()
    assert [positions.line(f"key{number}") for number in range(count)] == list(range(1, count + 1))
    # A search takes 20,000 * 20,000 / 2 steps, which is half a minute.
    assert time.process_time() - started < 3
