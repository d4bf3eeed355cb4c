"""The script that a pod runs, run by real shells; only where its files are is another place here."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_bcs.container.platform import Platform
from airflow_provider_bcs.container.script import Script, quote

#: How pods of PAI-DLC are named.
PLATFORM = Platform(
    job=("${bc_pod%-master-*}", "${bc_job%-worker-*}"), rank="${RANK:-0}", variables=("RANK", "MASTER_ADDR")
)
SHELLS = [shell for shell in ("dash", "bash") if shutil.which(shell)]
#: Anything that an argument can hold, and often what a shell takes for its own.
WORDS = st.text(
    st.one_of(
        st.sampled_from("'\"$`\\!*?[]{}()<>|&;#~ \n\t=-a1é"), st.characters(exclude_characters="\0", codec="utf-8")
    ),
    max_size=30,
)
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
#: What shells keep for themselves, and what the script keeps for itself.
OWN = re.findall(
    r"\w+",
    """_ BASH BASHOPTS BASHPID BASH_ARGC BASH_ARGV BASH_ARGV0 BASH_ENV BASH_SUBSHELL BASH_VERSINFO BASH_VERSION COLUMNS
    DIRSTACK ENV EPOCHREALTIME EPOCHSECONDS EUID FUNCNAME GLOBIGNORE GROUPS HISTCMD HOSTTYPE IFS LINENO LINES MACHTYPE
    MAIL OPTARG OPTERR OPTIND OSTYPE PIPESTATUS PPID PS1 PS2 PS4 RANDOM REPLY SECONDS SHELL SHELLOPTS SHLVL SRANDOM
    TERM TMOUT UID USER
    RANK PATH HOME PWD OLDPWD CDPATH HOSTNAME TAR_OPTIONS bc_run BC_ENV_PATH BATCH_COMPUTE_PRIVATE_PATHS""",
)
_SHOW = """
import json, os, sys
with open(sys.argv[1], "w") as file:
    json.dump([sys.argv[2:], dict(os.environ), os.getcwd()], file)
"""


class Place:
    """Where the files of a script are instead of in /batchcompute."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def run(self, script: Script, shell: str = "sh", **variables: str) -> subprocess.CompletedProcess[str]:
        script.constants = {
            "bc_task": "t",
            "bc_attempts": "1",
            "bc_timeout": "20",
            "bc_stdout": "",
            "bc_stderr": "",
        } | (script.constants)
        text = script.text().replace("/batchcompute", str(self.root / "bc"))
        environment = {"PATH": os.environ["PATH"], "HOSTNAME": "dlc1-worker-4", "RANK": "5", **variables}
        return subprocess.run([shell, "-c", text], env=environment, capture_output=True, text=True, timeout=30)


def is_running(pid: str) -> bool:
    """Tell whether a process runs; one that nobody has collected yet does not."""
    try:
        return Path("/proc", pid, "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def has_ended(pid: str) -> bool:
    """Tell whether a process ends; one that was just killed may be there for a moment."""
    deadline = time.monotonic() + 5
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not is_running(pid)


@pytest.fixture(autouse=True)
def this_python(monkeypatch):
    """The first python3 is that of the tests; another one may be a script that needs more around it."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


@settings(max_examples=120)
@given(st.sampled_from(SHELLS), st.lists(WORDS, max_size=5), st.dictionaries(NAMES, WORDS, max_size=4))
def test_arguments_and_variables_arrive_as_they_are(shell, words, variables):
    with tempfile.TemporaryDirectory() as root:
        shown = Path(root, "it's shown")
        script = Script("title", PLATFORM, ["python3", "-c", _SHOW, str(shown), *words])
        done = Place(Path(root)).run(script, shell, **script.carry(variables))
        assert done.returncode == 0, done.stderr
        arguments, environment, directory = json.loads(shown.read_text())
        assert arguments == words
        assert {name: environment.get(name) for name in variables} == variables
        assert directory == os.path.realpath(f"{root}/bc/workdir")


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("value", ["mine", ""])
def test_variables_that_shell_or_script_needs_itself(place, shell, value):
    shown = place.root / "shown"
    script = Script("title", PLATFORM, [shutil.which("python3"), "-c", _SHOW, str(shown)])
    own = dict.fromkeys((*OWN, "BATCH_COMPUTE_DAG_JOB_ID"), value)
    done = place.run(script, shell, **script.carry(own))
    assert done.returncode == 0, done.stderr
    _, environment, _ = json.loads(shown.read_text())
    assert {name: environment[name] for name in own} == own
    assert environment["BATCH_COMPUTE_DAG_INSTANCE_ID"] == "5"
    assert environment["BATCH_COMPUTE_WORKER_ID"] == "dlc1-worker-4"


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("host", ["dlc1-master-0", "dlc1-worker-12"])
def test_the_job_id_comes_from_the_host_name(place, shell, host):
    script = Script("title", PLATFORM, ["sh", "-c", 'echo "$BATCH_COMPUTE_DAG_JOB_ID $HOME $USER"'])
    assert place.run(script, shell, HOSTNAME=host).stdout == "dlc1 /root root\n"


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(("command", "code"), [("exit 7", 7), ("kill -KILL $$", 137), ("exit 0", 0)])
def test_exit_codes(place, shell, command, code):
    assert place.run(Script("title", PLATFORM, ["sh", "-c", command]), shell).returncode == code


@pytest.mark.parametrize("shell", SHELLS)
def test_a_program_that_is_not_there(place, shell):
    done = place.run(Script("title", PLATFORM, ["no-such-program"]), shell)
    assert done.returncode in (126, 127)
    assert "no-such-program" in done.stderr


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("word", ["--version", "-f", "A=1"])
def test_a_program_that_looks_like_an_option(place, shell, word):
    done = place.run(Script("title", PLATFORM, [word, "true"]), shell)
    assert (done.returncode, done.stdout) == (127, "")
    assert word in done.stderr


@pytest.mark.parametrize("shell", SHELLS)
def test_names_with_anything_in_them(place, shell):
    name = 'it\'s a "file" $(x) *'
    mounted, local = place.root / "mounted dir", place.root / "local dir"
    mounted.mkdir()
    (local / "out" / "sub").mkdir(parents=True)
    (mounted / name).write_text("in")
    for file in ("out/a b", "out/.hidden", "out/sub/..two", f"out/sub/{name}"):
        (local / file).write_text(file)
    (local / "out" / "inside").symlink_to("a b")
    (local / "out" / "outside").symlink_to("/etc/passwd")
    script = Script("title", PLATFORM, ["cat", str(local / "deep" / name)])
    script.prepare = [f"bc_link {quote(str(mounted / name))} {quote(str(local / 'deep' / name))}"]
    script.collect = [f"bc_put_folder {quote(str(local / 'out'))} {quote(str(mounted / 'up'))}"]
    done = place.run(script, shell)
    assert (done.returncode, done.stdout) == (0, "in")
    found = {
        str(path.relative_to(mounted / "up")): path.read_text()
        for path in (mounted / "up").rglob("*")
        if path.is_file()
    }
    files = ("a b", ".hidden", "sub/..two", f"sub/{name}")
    assert found == {**{file: f"out/{file}" for file in files}, "inside": "out/a b"}
    assert "outside is not a file of the output" in done.stderr


@pytest.mark.parametrize("shell", SHELLS)
def test_what_the_program_leaves_running_is_ended(place, shell):
    script = Script("title", PLATFORM, ["sh", "-c", "sleep 300 & echo $!"])
    script.constants = {"bc_stdout": str(place.root / "logs"), "bc_stderr": ""}
    done = place.run(script, shell)
    assert done.returncode == 0
    assert has_ended(done.stdout.strip())
    assert (place.root / "logs" / "stdout.dlc1.t.5").read_text() == done.stdout


@pytest.mark.parametrize("shell", SHELLS)
def test_a_timeout_ends_the_whole_group(place, shell):
    script = Script("title", PLATFORM, ["sh", "-c", "sleep 300 & echo $!; wait"])
    script.constants = {"bc_timeout": "1"}
    done = place.run(script, shell)
    assert done.returncode == 124
    assert "ran longer than 1 s" in done.stderr
    assert has_ended(done.stdout.strip())


@pytest.mark.parametrize("shell", SHELLS)
def test_without_setsid(place, shell):
    tools = place.root / "tools"
    tools.mkdir()
    for name in ("rm", "mkdir", "sh", "sleep", "uname", "cat", "mkfifo", "tee", "cp", "env"):
        (tools / name).symlink_to(shutil.which(name))
    script = Script("title", PLATFORM, ["sh", "-c", "exec sleep 300"])
    script.constants = {"bc_timeout": "1"}
    assert place.run(script, shutil.which(shell), PATH=str(tools)).returncode == 124


def pack(path: Path, *names: str) -> None:
    if path.suffix.lower() == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name in names:
                archive.writestr(name, name)
        return
    with tarfile.open(path, "w:gz") as archive:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = len(name)
            archive.addfile(member, io.BytesIO(name.encode()))


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("name", ["UP.TGZ", "a b.Tar.gz", "UP.ZIP"])
def test_a_package_is_known_in_capitals_too(place, shell, name):
    pack(place.root / name, "a..b", "d/..c")
    script = Script("title", PLATFORM, ["cat", "a..b", "d/..c"], [f"bc_install {quote(str(place.root / name))}"])
    done = place.run(script, shell)
    assert (done.returncode, done.stdout) == (0, "a..bd/..c"), done.stderr


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("package", ["p.tgz", "p.zip"])
@pytest.mark.parametrize("name", ["../evil", "d/../../evil"])
def test_a_package_stays_in_the_working_directory(place, shell, package, name):
    pack(place.root / package, "ok", name)
    done = place.run(Script("title", PLATFORM, ["true"], [f"bc_install {quote(str(place.root / package))}"]), shell)
    assert done.returncode == 1
    assert f"{name}\n" in done.stderr
    assert "InvalidPackage" in done.stderr
    assert not any((place.root / "bc" / "workdir").iterdir())


def test_a_zip_stays_in_the_working_directory_without_unzip(place):
    tools = place.root / "tools"
    tools.mkdir()
    for name in ("rm", "mkdir", "sh", "sleep", "uname", "env", "tr", "python3"):
        (tools / name).symlink_to(shutil.which(name))
    for name, code in (("../evil", 1), ("fine", 0)):
        pack(place.root / "p.zip", "ok", name)
        script = Script("title", PLATFORM, ["env"], [f"bc_install {quote(str(place.root / 'p.zip'))}"])
        done = place.run(script, PATH=str(tools))
        assert (done.returncode, (place.root / "bc" / "workdir" / "ok").exists()) == (code, code == 0), done.stderr
