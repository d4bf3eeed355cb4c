"""Reading job descriptions: every form they come in, and every way they can be unreadable."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from airflow_provider_bcs.batchcompute import JobDescription, JobSourceError, read_job, validate_job
from airflow_provider_bcs.description.source import parse_description
from airflow_provider_bcs.exceptions import JobSyntaxError
from tests.batchcompute.jobs import job


class VendorObject:
    """What the vendor SDK's classes look like from outside."""

    def detail(self):
        return job()


def test_all_forms_are_equal(tmp_path):
    expected = job()
    text = json.dumps(expected)
    (tmp_path / "a.json").write_text(text)
    (tmp_path / "a.yaml").write_text(
        "Name: a-job\n" + json.dumps({k: v for k, v in expected.items() if k != "Name"})[1:-1]
    )
    (tmp_path / "b.yml").write_text(f"\ufeff{text}", encoding="utf-8")
    forms = [expected, text, f"\n  {text}", str(tmp_path / "a.json"), tmp_path / "a.json", tmp_path / "b.yml"]
    forms += [VendorObject(), {**expected, "DAG": JobDescription(expected).DAG}]
    for form in forms[:-1]:
        assert read_job(form) == expected
    assert JobDescription(forms[-1]).detail() == JobDescription(expected).detail()


def test_yaml(tmp_path):
    file = tmp_path / "job.yaml"
    file.write_text(
        "Name: a-job\nType: DAG\nDAG:\n  Tasks:\n    a: &task\n      InstanceCount: 1\n      ClusterId: cls-x\n"
        "      Parameters: {Command: {CommandLine: echo 2024-01-01, EnvVars: {DAY: 2024-01-01}}}\n    b: *task\n"
    )
    content = read_job(file)
    assert validate_job(content) == []
    tasks = content["DAG"]["Tasks"]
    assert tasks["a"] == tasks["b"]
    assert tasks["a"] is not tasks["b"]
    assert tasks["a"]["Parameters"]["Command"]["EnvVars"]["DAY"] == "2024-01-01"


def test_what_is_read_is_a_copy():
    original = job()
    read_job(original)["DAG"]["Tasks"]["count"]["Timeout"] = 5
    assert original == job()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"  \n", "is empty"),
        (b"{,}", "is not JSON: found a comma too many; remove the comma at line 1 column 2"),
        (b'{"Name": "a",, "Type": "DAG"}', "a comma too many; remove the comma at line 1 column 14"),
        (b'{"Name": "a"},\n', "a comma too many; remove the comma at line 1 column 14"),
        (b"{'Name': 'a'}", """found "'"; expected a double quote at line 1 column 2"""),
        ("{“Name”: 1}".encode(), "found '“'; expected a double quote at line 1 column 2"),
        ('{"Name"： 1，\n"Type": 2}'.encode(), "found '：'; expected ':' at line 1 column 8"),
        ('{"Name": 1，\n"Type": 2}'.encode(), "found '，'; expected ',' at line 1 column 11"),
        ('{"Name": "a"}'.encode("utf-16-le"), "is not UTF-8 text: found the character 0; save it as UTF-8"),
        ('{"Name": "a"}'.encode("utf-16-be"), "is not UTF-8 text: found the character 0; save it as UTF-8"),
        (b'{"Name": "a", "Name": "b"}', "the key 'Name' twice"),
        (b'{"Priority": NaN}', "NaN, which is not JSON"),
        (b"[]", "found an array"),
        (b'"x"', "found a string"),
        (b"\xff\xfe\x00", "is not UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"Priority": ' + b"9" * 5000 + b"}", "a number that cannot be read"),
        (b'{"Name": ' + b"[" * 900 + b"]" * 900 + b"}", "nested too deeply"),
        (b'{"DAG": {"UserData": {"x": 1e999}}}', "a float that JSON cannot hold"),
    ],
)
def test_unreadable_files(tmp_path, content, says):
    file = tmp_path / "job.json"
    file.write_bytes(content)
    with pytest.raises(JobSourceError) as error:
        read_job(file)
    assert str(file) in str(error.value)
    assert says in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [", "is not YAML"),
        ("a: 1\n---\nb: 2", "expected a single document in the stream, but found another document at line 2"),
        ("a: 1\na: 2", "the key 'a' twice"),
        ("Priority: 0b_", "a value that cannot be read"),
        ("Priority: !!bool x", "a value that cannot be read"),
        ("Name: !!timestamp x", "a value that cannot be read"),
        ("Priority: 0x" + "f" * 5000, "a number that cannot be read"),
        ("on: 1", "Found the key True, a boolean; expected a text. In YAML, write it in quotes"),
        ("a: \0", "is not YAML: unacceptable character #x0000: special characters are not allowed in"),
        ("a: &x [*x]", "nested too deeply"),
        ("a: !!python/object/apply:os.system [id]", "could not determine a constructor"),
        (
            "\n".join(
                ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
                + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
            ),
            "found more than 2,000,000 values",
        ),
    ],
)
def test_unreadable_yaml(tmp_path, text, says):
    file = tmp_path / "job.yaml"
    file.write_text(text)
    with pytest.raises(JobSourceError, match=says):
        read_job(file)


@pytest.mark.parametrize("sign", ["*", "!", "!a!", "%", "@", "`", "!!int "])
def test_a_password_without_quotes_is_in_no_error(sign):
    with pytest.raises(JobSourceError) as error:
        parse_description(f"{{PASSWORD: {sign}hunter2}}", yaml=True)
    assert "hunter2" not in str(error.value)


def test_a_huge_file_is_refused_without_being_read(tmp_path):
    file = tmp_path / "huge.json"
    with file.open("wb") as handle:
        handle.truncate(100 * 1024 * 1024)
    with pytest.raises(JobSourceError, match=r"found 100\.0 MiB; expected at most 16 MiB"):
        read_job(file)


def test_no_file_and_no_regular_file(tmp_path):
    with pytest.raises(JobSourceError, match="No such file or directory"):
        read_job("missing.json")
    with pytest.raises(JobSourceError, match="cannot be read: embedded null byte"):
        read_job("a\0.json")
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(JobSourceError, match=r"folder\.json: found a directory; expected a file"):
        read_job(tmp_path / "folder.json")
    with pytest.raises(JobSourceError, match="/dev/zero: found no regular file; expected a file"):
        read_job(Path("/dev/zero"))


@pytest.mark.parametrize("thing", [3, None, ["x"], object(), b"{}"])
def test_other_things_are_no_job(thing):
    with pytest.raises(JobSourceError, match="expected a dict, JSON text"):
        read_job(thing)
    assert [item.code for item in validate_job(thing)] == ["InvalidHttpBody"]


def test_merges_of_merges_are_bounded():
    lines = ["a0: &a0 {k0: v}"]
    lines += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 12)]
    with pytest.raises(JobSyntaxError, match="more than 2,000,000 values"):
        parse_description("\n".join(lines), yaml=True)
    wide = "a: &a {" + ", ".join(f"k{n}: 1" for n in range(1000)) + "}\n"
    with pytest.raises(JobSyntaxError, match="more than 2,000,000 values"):
        parse_description(f"{wide}b: {{<<: [{', '.join(['*a'] * 3000)}]}}", yaml=True)


def test_the_one_key_of_many_that_is_there_twice_is_found_at_once():
    # Compared one with another, these would take hours.
    keys = [f'"k{n}": 1' for n in range(300_000)]
    with pytest.raises(JobSyntaxError, match="the key 'k299999' twice"):
        parse_description("{" + ", ".join([*keys, keys[-1]]) + "}")


def test_a_merged_key_may_be_given_again():
    text = "a: &a {x: 1}\nb: &b {<<: *a, x: 2}\nc: {<<: [*b, *a], y: 3}"
    assert parse_description(text, yaml=True) == {"a": {"x": 1}, "b": {"x": 2}, "c": {"x": 2, "y": 3}}


def test_a_dict_is_nested_no_deeper_than_a_file():
    deep: dict[str, object] = {}
    for _ in range(900):
        deep = {"x": deep}
    assert [item.code for item in validate_job(job(Description=deep))] == ["InvalidJsonFormat"]


def test_keys_are_text():
    assert [item.code for item in validate_job({**job(), "DAG": {"Tasks": {1: {}}}})] == ["InvalidJsonFormat"]


def test_parsing_never_opens_a_file(tmp_path):
    file = tmp_path / "job.json"
    file.write_text(json.dumps(job()))
    with pytest.raises(JobSourceError, match="is not JSON"):
        parse_description(str(file))
    with pytest.raises(JobSourceError, match="found a string"):
        parse_description(str(file), yaml=True)
