"""The line of each field of a file, whatever its keys are and however it is written."""

from __future__ import annotations

import json

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


@settings(max_examples=300, deadline=None)
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


@pytest.mark.parametrize("text", ['{"a": "\x7f"}', "", '{"' + "k" * 2000 + '": 1}'])
def test_text_without_lines(text):
    assert Positions(text).line("a") is None
