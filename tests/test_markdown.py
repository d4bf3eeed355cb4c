"""Texts of a job in Markdown: whatever they hold, the page keeps its form, and no secret is in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from airflow_provider_bcs.batchcompute.markdown import COLUMNS, cluster_page, job_page, task_cells, task_page
from airflow_provider_bcs.description.markdown import code, plain, table
from airflow_provider_bcs.dlc.markdown import job_page as dlc_job_page
from tests.batchcompute.clusters import cluster
from tests.batchcompute.jobs import job, put, task
from tests.batchcompute.legacy_jobs import find_prime, v1_job
from tests.dlc.bodies import role
from tests.dlc.jobs import job as dlc_job

#: As Airflow's UI reads a page: CommonMark with tables.
READER = MarkdownIt("commonmark").enable("table")
#: What a text of a job may become: words, and code.
WORDS = {"text", "text_special", "code_inline", "strong_open", "strong_close"}
#: Texts with all that means something in Markdown, in a table or in HTML.
ODD = st.text(st.one_of(st.sampled_from("`|\\*_[]()<>#-+~!&=\n\r\t :{}%$'\"1.a"), st.characters()), max_size=80)
SECRET = "hush-5b1f"


def lines_of(page: str) -> list[list[Token]]:
    """Return the words of each bullet or cell, after a check that they have no other markup."""
    lines = [token.children or [] for token in READER.parse(page) if token.type == "inline"]
    assert {child.type for line in lines for child in line} <= WORDS
    return lines


def text_of(tokens: list[Token]) -> str:
    return "".join(token.content for token in tokens)


def rows_of(page: str) -> list[list[str]]:
    """Return the cells of each row of a page's table, without its head."""
    rows: list[list[str]] = []
    for token in READER.parse(page):
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline" and rows:
            assert {child.type for child in token.children or []} <= WORDS
            rows[-1].append(text_of(token.children or []))
    return rows[1:]


@given(ODD)
def test_any_text_as_code(text):
    shown = code(text)
    [line] = lines_of(f"- **Command** {shown}")
    if not text.split():
        assert shown == ""
    else:
        assert [token.type for token in line].count("code_inline") == 1
        assert "\n" not in shown


@given(ODD)
def test_any_text_as_words(text):
    shown = plain(text)
    [line] = lines_of(f"- **Description** {shown}")
    expected = " ".join(text.split())
    if expected.isascii() and expected.isprintable() and "=" not in text and "@" not in text:
        assert text_of(line).removeprefix("Description").strip() == expected


@given(ODD, ODD, ODD)
def test_any_text_in_a_table(command, image, count):
    described = task(command, ClusterId="", InstanceCount=count, AutoCluster={"ImageId": image})
    rows = rows_of("- **Job** x" + table(COLUMNS, [task_cells("a", described), task_cells("b", task("ls | wc"))]))
    assert [len(row) for row in rows] == [4, 4]
    assert rows[0][0] == "a"
    assert rows[1] == ["b", "1", "cls-x", "ls | wc"]


@given(ODD, st.dictionaries(ODD, ODD, max_size=8))
def test_any_text_on_a_page(text, mapping):
    described = task(text, InputMapping=mapping, OutputMapping=mapping, Timeout=text)
    described["Parameters"]["Command"]["EnvVars"] = mapping
    page = job_page(job({"a": described}, Name=text, Description=text))
    assert len(lines_of(page)) == len(page.splitlines())


def test_a_page_says_what_a_task_does():
    described = task(
        "python count.py --day {{ ds }}",
        InstanceCount=3,
        Timeout=600,
        MaxRetryCount=2,
        ClusterId="",
        AutoCluster={"ImageId": "img-ubuntu", "InstanceType": "ecs.g6.large"},
        InputMapping={f"oss://b/{number}/": f"/home/{number}/" for number in range(6)},
        OutputMapping={"/home/out/": "oss://b/{{ ds }}/"},
    )
    described["Parameters"]["Command"]["EnvVars"] = {"MODE": "fast", "DB_PASSWORD": SECRET}
    assert task_page(described).splitlines() == [
        "- **Command** `python count.py --day {{ ds }}`",
        "- **Variables** `MODE` = `fast`, `DB_PASSWORD` = `***`",
        "- **Image** `img-ubuntu`",
        "- **Machine** `ecs.g6.large`",
        "- **Instances** 3",
        "- **Time-out** 600 s",
        "- **Retries** 2",
        "- **Inputs** `oss://b/0/` to `/home/0/`, `oss://b/1/` to `/home/1/`, `oss://b/2/` to `/home/2/`,"
        " `oss://b/3/` to `/home/3/`, and 2 more",
        "- **Outputs** `/home/out/` to `oss://b/{{ ds }}/`",
    ]


@pytest.mark.parametrize(
    "text",
    [
        f"curl -H API_TOKEN={SECRET} x",
        f"curl postgres://me:{SECRET}@host/db",
        f"{'x' * 200} PASSWORD={SECRET}",
        # A text that is cut in the middle of a URL has no @ any more.
        f"{'x' * 130} postgres://me:{SECRET}{'y' * 40}@host/db",
    ],
)
def test_secrets_in_texts(text):
    whole = job({"a": task(text, InputMapping={text: "/i/"}, OutputMapping={"/o/": text})}, Name=text, Description=text)
    pages = [job_page(whole), job_page(put(whole, "DAG.Tasks.b", task(text)))]
    pages += [cluster_page(cluster(Name=text, Description=text)), dlc_job_page(dlc_job(text, Description=text))]
    for page in pages:
        assert SECRET[:6] not in page
        assert len(page) < 2000


def test_secrets_in_variables():
    described = task("true")
    described["Parameters"]["Command"]["EnvVars"] = {"DB_PASSWORD": f"{SECRET} and {SECRET}"}
    page = dlc_job_page(dlc_job("true", Envs={"API_TOKEN": SECRET}))
    assert SECRET not in page + task_page(described)
    assert "`API_TOKEN` = `***`" in page


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from _paths(value[key], (*path, key))


def _with(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    copied = json.loads(json.dumps(value))
    place = copied
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = new
    return copied


APP = {"Name": "x", "Type": "App", "App": {"AppName": ":a", "Inputs": {"A_TOKEN": SECRET}, "Config": {"Timeout": 9}}}
DLC = dlc_job(
    "ls",
    JobSpecs=[role(), role(Type="Worker", ResourceConfig={"CPU": "2"})],
    DataSources=[{"Uri": "oss://b/", "MountPath": "/m/"}],
    Envs={"A": "b"},
    JobMaxRunningTimeMinutes=60,
)
AUTO = {"ImageId": "i", "InstanceType": "t"}
WHOLES = [
    (job_page, job({"a": task(ClusterId="", AutoCluster=AUTO, InputMapping={"oss://b/": "/i/"}), "b": task()})),
    (job_page, job({"a": put(task(), "Parameters.Command.EnvVars.A", "b")}, Description="d")),
    (job_page, APP),
    (job_page, v1_job({"a": find_prime()})),
    (dlc_job_page, DLC),
    (cluster_page, cluster(Description="d")),
]


@pytest.mark.parametrize(("page", "whole"), WHOLES)
@pytest.mark.parametrize("new", ["{{ params.x | tojson }}", None, {}, [], 5])
def test_a_template_may_stand_for_any_value(page, whole, new):
    before = page(whole)
    assert SECRET not in before
    for path in _paths(whole):
        # The first API has rules for its fields, which are checked before a page is made.
        if page is job_page and "TaskDag" in whole and new != "{{ params.x | tojson }}":
            continue
        text = page(_with(whole, path, new))
        assert rows_of(text) or len(lines_of(text)) == len(text.splitlines())


def test_a_job_of_the_first_api():
    page = job_page(v1_job({"Find": find_prime()}))
    assert "- **Command** `python " in page
    assert "- **Machine** `ecs." in page


def test_a_table_of_many_tasks_is_cut():
    page = job_page(job({f"t{number}": task() for number in range(3000)}))
    assert len(rows_of(page)) == 100
    assert page.endswith("\n\nand 2,900 more tasks")


def test_roles_of_a_dlc_job():
    assert dlc_job_page(DLC).splitlines()[2:] == [
        "- **Variables** `A` = `b`",
        "- **Worker** 1 pod `example/train:1` `ecs.c6.large`",
        "- **Worker** 1 pod `example/train:1` `ecs.c6.large`",
        "- **Time-out** 60 min",
        "- **Data** `oss://b/` at `/m/`",
    ]
