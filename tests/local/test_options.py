"""Options of ``airflow-bcs local``: each field of the model is an option, and a wrong value is refused."""

import argparse
from dataclasses import asdict
from pathlib import Path

import pytest

from airflow_provider_bcs.batchcompute.facts import Quotas
from airflow_provider_bcs.cli import main
from airflow_provider_bcs.local.options import LocalOptions, add_arguments, read_options


def read(*arguments: str) -> LocalOptions:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return read_options(parser.parse_args(arguments))


def test_without_arguments_the_options_are_the_defaults_of_the_model() -> None:
    assert read() == LocalOptions()


def test_each_field_is_an_option() -> None:
    values = {
        "host": "::1",
        "port": 1,
        "oss_port": 65535,
        "data_dir": Path("data"),
        "isolation": "rewrite",
        "access_key_id": "a.B-1",
        "access_key_secret": "s",
        "max_instances": 1,
        "cluster_delay": 0.0,
        "max_pods": 7,
        "clock_rate": 1e6,
        "time_limit_status": "Failed",
    }
    arguments = [f"--{name.replace('_', '-')}={value}" for name, value in values.items()]
    lists = ["--quota", "MaxJobCount=3", "--quota=MaxJobTaskCount=0", "--allow-host=a.example", "--allow-host=b-c_d"]
    options = read(*arguments, "--install-libs", *lists)
    rest = options.model_dump(exclude={"quota", "allow_host"})
    assert rest == {**values, "install_libs": True}
    assert options.allow_host == ["a.example", "b-c_d"]
    assert options.quotas == Quotas(MaxJobCount=3, MaxJobTaskCount=0)


@pytest.mark.parametrize(
    ("argument", "text"),
    [
        ("--port=70000", "argument --port: found '70000'; expected less than or equal to 65535"),
        ("--oss-port=-1", "argument --oss-port: found '-1'; expected greater than or equal to 0"),
        ("--port=x", "argument --port: found 'x'; expected a valid integer"),
        ("--data-dir=", "argument --data-dir: found ''; expected a path, such as '.'"),
        ("--isolation=chroot", "argument --isolation: found 'chroot'; expected 'auto', 'namespace' or 'rewrite'"),
        ("--access-key-id=a/b", "argument --access-key-id: found 'a/b'; expected text that matches the pattern"),
        ("--access-key-id=a\n", "argument --access-key-id: found 'a\\n'; expected text that matches the pattern"),
        (
            "--allow-host=http://a",
            "argument --allow-host: found 'http://a'; expected a host name without scheme and port",
        ),
        ("--allow-host=a:80", "argument --allow-host: found 'a:80'; expected a host name without scheme and port"),
        ("--access-key-secret=", "argument --access-key-secret: found ''; expected at least 1 character"),
        ("--max-instances=0", "argument --max-instances: found '0'; expected greater than or equal to 1"),
        ("--cluster-delay=-1", "argument --cluster-delay: found '-1'; expected greater than or equal to 0"),
        ("--cluster-delay=soon", "argument --cluster-delay: found 'soon'; expected a valid number"),
        ("--cluster-delay=inf", "argument --cluster-delay: found 'inf'; expected a finite number"),
        ("--cluster-delay=nan", "argument --cluster-delay: found 'nan'; expected a finite number"),
        ("--clock-rate=0", "argument --clock-rate: found '0'; expected greater than 0"),
        ("--clock-rate=1000001", "argument --clock-rate: found '1000001'; expected less than or equal to 1000000"),
        (
            "--quota=Jobs=1",
            "argument --quota: found 'Jobs=1'; expected NAME=VALUE with one of the names MaxJobTaskCount",
        ),
        ("--quota=MaxJobCount=x", "argument --quota: found 'MaxJobCount=x'; expected a valid integer"),
    ],
)
def test_a_wrong_value_is_refused(argument: str, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["local", argument])
    assert ended.value.code == 2
    assert text in capsys.readouterr().err


def test_help_says_what_can_be_repeated_and_the_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["local", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    for option, default in (("--allow-host NAME", "none"), ("--quota NAME=VALUE", "MaxJobTaskCount=")):
        help_text = text.rpartition(f"{option} ")[2].partition(" --")[0]
        assert f"; can be repeated ({default}" in help_text
    for name, value in asdict(Quotas()).items():
        assert f"{name}={value}" in text
