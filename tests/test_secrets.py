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


def words(text):
    return text.split()


# Of training and data jobs. The values are texts, so that only the names decide.
EVERYDAY = words("""
    TOKENIZER TOKENIZERS_PARALLELISM TOKENIZER_PATH tokenizer_name tokenization_mode MAX_TOKENS max_new_tokens maxTokens
    NUM_TOKENS TOKENS_PER_BATCH batch_by_tokens PAD_TOKEN eos_token bos_token UNK_TOKEN mask_token special_tokens
    IMAGE_TOKEN next_token TOKEN_BUDGET TOKEN_TYPE_IDS token_embedding_dim TOKEN_FILE PASSWORD_FILE SECRET_NAME
    ACCESS_KEY_ID accessKeyId SECRETARY PASSENGERS PASSES first_pass FORWARD_PASS PASSWORDLESS PRIMARY_KEY sort_key
    PARTITION_KEY KEY_COLUMN KEYWORDS MONKEY PWD OLDPWD AUTHOR AUTHORITY GOOGLE_APPLICATION_CREDENTIALS token_level
    DETOKENIZE train.max_tokens API_KEY_NAME completion_tokens generated_tokens target_tokens source_tokens new_tokens
    reserved_tokens added_tokens seq_tokens context_tokens chunk_tokens warmup_tokens ignore_tokens eval_tokens
    valid_tokens epoch_tokens fim_prefix_token fim_middle_token fim_suffix_token token-level-loss TOKEN_MIXER
    secret_store TOKEN_EXPIRES
""")
SECRET = words("""
    HF_TOKEN HUGGING_FACE_HUB_TOKEN GITHUB_TOKEN GITLAB_TOKEN_PROD WANDB_API_KEY OPENAI_API_KEY COMET_API_KEY apikey
    DB_PASSWORD PGPASSWORD MYSQL_PWD MYSQL_ROOT_PASSWORD REDIS_PASSWORD REDISCLI_AUTH SMTP_PASS SSH_PASSPHRASE passwd
    AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN OSS_ACCESS_KEY_SECRET ALIBABA_CLOUD_ACCESS_KEY_SECRET accessKeySecret
    ALIBABA_CLOUD_SECURITY_TOKEN securityToken STS_TOKEN AZURE_STORAGE_ACCOUNT_KEY AZURE_CLIENT_SECRET clientSecret
    SSH_PRIVATE_KEY private-key ENCRYPTION_KEY FERNET_KEY SIGNING_KEY DJANGO_SECRET_KEY JWT_SECRET SLACK_BOT_TOKEN
    NPM_TOKEN PYPI_TOKEN DOCKER_PASSWORD fs.oss.accessKeySecret DBPassword SECRET_KEY_BASE Auth TOKEN_2 AccessKey
    spark.ssl.keyStorePassword authToken WANDB_KEY KAGGLE_KEY OPENAI_KEY AZURE_OPENAI_KEY AZURE_STORAGE_KEY GCP_SA_KEY
    TLS_KEY SSL_KEY DEPLOY_KEY APPKEY authkey SSHKEY PGPASS SSHPASS dbpass dbpwd userpass storepass keypass REDIS_AUTH
    REGISTRY_AUTH bearertoken START_API_TOKEN IMAGE_REGISTRY_TOKEN VIDEO_API_ACCESS_TOKEN AUDIO_SERVICE_ACCESS_TOKEN
    INPUT_SESSION_TOKEN
""")


@pytest.mark.parametrize("name", EVERYDAY)
def test_an_everyday_name_is_no_secret(name):
    assert list(secret_values({name: "some text", "Command": f"train --{name}=words"})) == []


@pytest.mark.parametrize("name", SECRET)
def test_a_secret_name_is_a_secret(name):
    assert sorted(secret_values({name: "some text", "Command": f"train --{name}=words"})) == ["some text", "words"]


@pytest.mark.parametrize(
    "value",
    [
        "131072",
        "0",
        "-1",
        "0.5",
        "1e-4",
        "1_000",
        "128k",
        "2.5B",
        "true",
        "False",
        "no",
        "off",
        "None",
        "$A",
        "1024MB",
        "3.5GiB",
        "10%",
        "1,024",
        "2048, 4096",
        "[128000, 128001]",
        " 12 ",
        "nan",
        "-inf",
    ],
)
def test_numbers_and_switches_are_no_secrets(value):
    assert list(secret_values({"A_TOKEN": value, "Command": f"train --token='{value}'"})) == []


def test_there_are_forty_names_each():
    assert min(len(set(EVERYDAY)), len(set(SECRET))) >= 40


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
