"""What of a description is a secret, and how it is hidden and put back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_bcs.description.secrets import (
    literal_secrets,
    secret_values,
    with_secrets,
    without_secrets,
)


@pytest.mark.parametrize(
    ("description", "shown", "secrets"),
    [
        ({"Mounts": {"OSS": {"AccessKeyId": "id", "AccessKeySecret": "x"}}}, None, ["x"]),
        ({"ImageConfig": {"Username": "u", "Password": "x", "Auth": "y"}}, None, ["x", "y"]),
        ({"CustomEnvs": [{"Key": "A_TOKEN", "Value": "x"}, {"Key": "A", "Value": "b"}]}, None, ["x"]),
        ({"Env": [{"Name": "MYSQL_PWD", "Value": "x"}, {"Name": "PWD", "Value": "/"}]}, None, ["x"]),
        ({"tokens": ["x", "y"]}, {"tokens": ["***", "***"]}, ["x", "y"]),
        ({"TOKENIZERS_PARALLELISM": "false", "TOKENIZER": "bert", "USE_TOKEN": "True", "TOKEN": "$A"}, {}, []),
        (
            "PASSWORD=x python a.py --api-key='y z' --out=b",
            "PASSWORD=*** python a.py --api-key='***' --out=b",
            ["x", "y z"],
        ),
        ('export A_TOKEN="x y"; b --token=$A_TOKEN', 'export A_TOKEN="***"; b --token=$A_TOKEN', ["x y"]),
        (
            "fs.oss.accessKeyId=a,fs.oss.accessKeySecret=x,b=1",
            "fs.oss.accessKeyId=a,fs.oss.accessKeySecret=***,b=1",
            ["x"],
        ),
        ('{"fs.jindo.args": "-oaccessKeySecret=x -ob=1"}', '{"fs.jindo.args": "-oaccessKeySecret=*** -ob=1"}', ["x"]),
        ("DB=postgres://me:x@host/db git://a:b/c", "DB=postgres://me:***@host/db git://a:b/c", ["x"]),
        ("https://a/b?token=x&c=d", "https://a/b?token=***&c=d", ["x"]),
        ("oss://bucket/key=1", "oss://bucket/key=1", []),
        ("{not json}", "{not json}", []),
    ],
)
def test_what_is_a_secret(description, shown, secrets):
    assert sorted(secret_values(description)) == secrets
    hidden = without_secrets(description)
    if shown:
        assert hidden == shown
    assert list(secret_values(hidden)) == ["***"] * len(secrets)
    assert with_secrets(hidden, hidden, description) == description


def test_templates_are_shown():
    templates = {"TOKEN": "{{ var.value.a }}", "c": "PASSWORD={{ var.value.b }} x", "d": "a://b:{{params.c}}@d"}
    assert without_secrets(templates) == templates


def test_what_was_changed_since_stays_changed():
    whole = {"Envs": {"TOKEN": "x", "A": "1"}, "Args": ["--token=x", "b"], "Name": "n"}
    now = without_secrets(whole)
    now["Envs"] |= {"A": "2", "B": "3"}
    now["Args"].append("c")
    del now["Name"]
    assert with_secrets(now, without_secrets(whole), whole) == {
        "Envs": {"TOKEN": "x", "A": "2", "B": "3"},
        "Args": ["--token=x", "b", "c"],
    }


def test_where_secrets_stand():
    content = {"a": [{"TOKEN": "x"}, {"b": "PASSWORD=y"}], "SECRET": ["{{ z }}", "z"], "TOKEN": "{{ w }}"}
    assert list(literal_secrets(content)) == ["a.0.TOKEN", "a.1.b", "SECRET.1"]


names = st.sampled_from(["A", "TOKEN", "Key", "Name", "Value", "Auth", "DB_PASSWORD"])
texts = st.text("aT=:/@*$ '\"{}[]", max_size=12) | st.sampled_from(["TOKEN=a b", "***", "a://b:c@d", '{"TOKEN": "a"}'])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
)


@given(values)
def test_what_is_hidden_comes_back(description):
    hidden = without_secrets(description)
    assert with_secrets(hidden, hidden, description) == description
    assert without_secrets(hidden) == hidden
