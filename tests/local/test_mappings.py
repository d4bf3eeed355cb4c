"""Mappings with both isolations: files that a program finds, and files that it writes."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from .service import Service, job, task

HOME = "/home/bcs-mapping-test"


@pytest.fixture(autouse=True)
def untouched() -> Any:
    """Check that no file of a job appears on the machine itself."""
    yield
    assert not os.path.exists(HOME)
    assert not os.path.exists("/batchcompute")


def finish(service: Service, command_line: str, **fields: Any) -> str:
    """Run one instance that must finish; return the job id."""
    job_id = service.create(job({"t": task(command_line, **fields)}))
    done = service.wait(job_id)
    assert done["State"] == "Finished", done["Message"] + service.instance(job_id)["Result"]["Detail"]
    return job_id


def fail(service: Service, command_line: str = "true", **fields: Any) -> dict[str, Any]:
    """Run one instance that must fail; return its Result."""
    job_id = service.create(job({"t": task(command_line, **fields)}))
    assert service.wait(job_id)["State"] == "Failed"
    result: dict[str, Any] = service.instance(job_id)["Result"]
    return result


def stdout(service: Service, job_id: str) -> str:
    return service.object(f"logs/stdout.{job_id}.t.0")


def stderr(service: Service, job_id: str) -> str:
    return service.object(f"logs/stderr.{job_id}.t.0")


def test_input_folder_and_object(isolated: Service) -> None:
    isolated.put_object("in/deep/a.txt", "A")
    isolated.put_object("in/deep/sub/b.txt", "B")
    isolated.put_object("in/one.txt", "1")
    mapping = {
        "oss://in/deep/": f"{HOME}/deep/",
        "oss://in/one.txt": f"{HOME}/single/uno.txt",
        "oss://in/x/": f"{HOME}/x",
    }
    command = f"sh -c 'cat {HOME}/deep/a.txt {HOME}/deep/sub/b.txt {HOME}/single/uno.txt; ls -A {HOME}/x | wc -l'"
    assert stdout(isolated, finish(isolated, command, InputMapping=mapping)).split() == ["AB10"]


def test_a_mount_of_a_folder_without_its_slash(isolated: Service) -> None:
    isolated.put_object("in/plain/a.txt", "A")
    command = f"cat {HOME}/plain/a.txt"
    job_id = finish(
        isolated, command, Mounts={"Entries": [{"Source": "oss://in/plain", "Destination": f"{HOME}/plain"}]}
    )
    assert stdout(isolated, job_id) == "A"


def test_inputs_can_be_executed(isolated: Service) -> None:
    isolated.put_object("in/tools/one", "#!/bin/sh\necho one")
    isolated.put_object("in/two", "#!/bin/sh\necho two")
    mapping = {"oss://in/tools/": f"{HOME}/tools/", "oss://in/two": f"{HOME}/two"}
    assert stdout(isolated, finish(isolated, f"{HOME}/tools/one", InputMapping=mapping)) == "one\n"
    assert stdout(isolated, finish(isolated, f"{HOME}/two", InputMapping=mapping)) == "two\n"


def test_inputs_never_change(isolated: Service) -> None:
    isolated.put_object("ro/a.txt", "A")
    command = f"sh -c 'echo changed > {HOME}/ro/a.txt; echo new > {HOME}/ro/b.txt; rm -f {HOME}/ro/a.txt; true'"
    for write_support in (False, True):
        finish(isolated, command, InputMapping={"oss://ro/": f"{HOME}/ro"}, WriteSupport=write_support)
        assert isolated.objects("ro") == ["a.txt"]
        assert isolated.object("ro/a.txt") == "A"


def test_inputs_are_read_only_in_a_namespace(service: Service) -> None:
    service.put_object("ro2/a.txt", "A")
    write = f"sh -c 'echo changed > {HOME}/ro/a.txt'"
    mapping = {"oss://ro2/": f"{HOME}/ro"}
    assert "Read-only" in fail(service, write, InputMapping=mapping)["Detail"]
    finish(service, f"{write[:-1]} && grep changed {HOME}/ro/a.txt'", InputMapping=mapping, WriteSupport=True)


def test_a_read_only_folder_without_objects_is_read_only(service: Service) -> None:
    write = f"sh -c 'ls -A {HOME}/none | wc -l; echo new > {HOME}/none/a.txt'"
    entry = {"Source": "oss://ro3/none/", "Destination": f"{HOME}/none"}
    (service.data_dir / "nas/host/empty").mkdir(parents=True)
    folders: list[dict[str, Any]] = [
        {"InputMapping": {"oss://ro3/none/": f"{HOME}/none/"}},
        {"Mounts": {"Entries": [entry]}},
        {"Mounts": {"Entries": [{**entry, "WriteSupport": False}]}},
        {"Mounts": {"Entries": [{**entry, "Source": "nas://host/empty/"}]}},
        # The cluster's mounts are those of its tasks.
        {
            "ClusterId": "",
            "AutoCluster": {
                "ImageId": "img-x",
                "InstanceType": "bcs.a2.large",
                "Configs": {"Mounts": {"Entries": [entry]}},
            },
        },
    ]
    for fields in folders:
        assert "Read-only" in fail(service, write, **fields)["Detail"]
    for fields in ({**folders[0], "WriteSupport": True}, {"Mounts": {"Entries": [{**entry, "WriteSupport": True}]}}):
        finish(service, write, **fields)
    assert service.objects("ro3") == []


def test_a_read_only_folder_with_a_link_is_read_only(service: Service) -> None:
    service.put_object("ro4/a.txt", "A")
    (service.data_dir / "oss/ro4/link").symlink_to("a.txt")
    mapping = {"oss://ro4/": f"{HOME}/ro"}
    assert stdout(service, finish(service, f"ls -A {HOME}/ro", InputMapping=mapping)) == "a.txt\n"
    assert "Read-only" in fail(service, f"sh -c 'echo new > {HOME}/ro/b.txt'", InputMapping=mapping)["Detail"]


def test_an_output_inside_an_input_without_objects(isolated: Service) -> None:
    fields = {"InputMapping": {"oss://ro5/none/": f"{HOME}/n"}, "OutputMapping": {f"{HOME}/n/out": "oss://ro5/out"}}
    finish(isolated, f"sh -c 'echo new > {HOME}/n/out'", **fields)
    assert isolated.object("ro5/out") == "new\n"


def test_output_folder_and_object(isolated: Service) -> None:
    script = (
        f"mkdir -p {HOME}/out/sub && echo 1 > {HOME}/out/a && echo 2 > {HOME}/out/sub/b &&"
        f" ln -s a {HOME}/out/link && mkfifo {HOME}/out/pipe && echo 3 > {HOME}/file"
    )
    outputs = {
        f"{HOME}/out/": "oss://out/folder/",
        f"{HOME}/file": "oss://out/object",
        f"{HOME}/none": "oss://out/none",
    }
    job_id = finish(isolated, f"sh -c '{script}'", OutputMapping=outputs)
    assert isolated.objects("out") == ["folder/a", "folder/link", "folder/sub/b", "object"]
    assert isolated.object("out/folder/link") == "1\n"
    notes = stderr(isolated, job_id)
    assert f"{HOME}/out/pipe" in notes
    assert f"{HOME}/none" in notes


def test_outputs_and_logs_come_from_failed_commands_too(isolated: Service) -> None:
    script = f"mkdir -p {HOME}/out && echo 1 > {HOME}/out/rc && echo line > {HOME}/my.log && exit 3"
    fields: dict[str, Any] = {
        "OutputMapping": {f"{HOME}/out/": "oss://failed/"},
        "LogMapping": {f"{HOME}/my.log": "oss://failed/logs/"},
    }
    job_id = isolated.create(job({"t": task(f"sh -c '{script}'", **fields)}))
    assert isolated.wait(job_id)["State"] == "Failed"
    assert isolated.objects("failed") == [f"logs/my.log.{job_id}.t.0", "rc"]


def test_same_place_as_input_and_output(isolated: Service) -> None:
    isolated.put_object("both/kept", "kept")
    isolated.put_object("both/changed", "old")
    before = (isolated.data_dir / "oss/both/kept").stat()
    command = f"sh -c 'cat {HOME}/d/kept; printf new > {HOME}/d/changed; printf more > {HOME}/d/added'"
    finish(isolated, command, InputMapping={"oss://both/": f"{HOME}/d/"}, OutputMapping={f"{HOME}/d/": "oss://both/"})
    assert [isolated.object(f"both/{name}") for name in ("kept", "changed", "added")] == ["kept", "new", "more"]
    assert (isolated.data_dir / "oss/both/kept").stat().st_ino == before.st_ino


def test_output_below_and_above_an_input(isolated: Service) -> None:
    isolated.put_object("nest/a", "A")
    command = f"sh -c 'mkdir -p {HOME}/n/out; cp {HOME}/n/a {HOME}/n/out/b'"
    outputs = {f"{HOME}/n/out/": "oss://nested-out/"}
    finish(isolated, command, InputMapping={"oss://nest/": f"{HOME}/n"}, OutputMapping=outputs)
    assert isolated.objects("nested-out") == ["b"]
    inputs = {"oss://nest/": f"{HOME}/up/in", "oss://nest/a": f"{HOME}/up/single"}
    above = f"sh -c 'cat {HOME}/up/in/a {HOME}/up/single > {HOME}/up/c'"
    finish(isolated, above, InputMapping=inputs, OutputMapping={f"{HOME}/up/": "oss://above-out/"})
    assert isolated.objects("above-out") == ["c"]
    assert isolated.object("above-out/c") == "AA"


def mounts(source: str, destination: str, write_support: bool | None = None) -> dict[str, Any]:
    entry: dict[str, Any] = {"Source": source, "Destination": destination}
    if write_support is not None:
        entry["WriteSupport"] = write_support
    return {"Entries": [entry]}


def test_oss_mounts(isolated: Service) -> None:
    isolated.put_object("mnt/a", "A")
    command = f"sh -c 'cat {HOME}/m/a; echo local > {HOME}/m/b'"
    job_id = finish(isolated, command, Mounts=mounts("oss://mnt/", f"{HOME}/m/", True))
    assert stdout(isolated, job_id) == "A"
    assert isolated.objects("mnt") == ["a"]
    cluster = {"Configs": {"Mounts": mounts("oss://mnt/", f"{HOME}/m")}, "InstanceType": "x", "ImageId": "img-ubuntu"}
    job_id = finish(isolated, f"cat {HOME}/m/a", AutoCluster=cluster, ClusterId="")
    assert stdout(isolated, job_id) == "A"


@pytest.mark.parametrize("source", ["nas://host-1.example:/share", "nas://host-1.example/share!"])
def test_nas_mounts_are_written_through(isolated: Service, source: str) -> None:
    finish(isolated, f"sh -c 'echo x >> {HOME}/nas/log'", Mounts=mounts(source, f"{HOME}/nas/", True))
    share = isolated.data_dir / "nas/host-1.example/share"
    written = (share / "log").read_text()
    assert set(written.split()) == {"x"}
    assert stdout(isolated, finish(isolated, f"cat {HOME}/nas/log", Mounts=mounts(source, f"{HOME}/nas"))) == written
    finish(isolated, f"sh -c 'echo y > {HOME}/nas/log || true'", Mounts=mounts(source, f"{HOME}/nas"))
    assert (share / "log").read_text() == written


def archive(kind: str) -> bytes:
    buffer = io.BytesIO()
    script = b"#!/bin/sh\ncat data/x.txt\n"
    if kind == "zip":
        with zipfile.ZipFile(buffer, "w") as target:
            info = zipfile.ZipInfo("worker.sh")
            info.external_attr = 0o755 << 16
            target.writestr(info, script)
            target.writestr("data/x.txt", "X")
        return buffer.getvalue()
    with tarfile.open(fileobj=buffer, mode=f"w:{kind}") as tar:  # type: ignore[call-overload]
        for name, content, mode in (("./worker.sh", script, 0o755), ("./data/x.txt", b"X", 0o644)):
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), mode
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz", "", "zip"])
def test_packages(isolated: Service, kind: str) -> None:
    isolated.put_object("packages/worker.tar.gz", archive(kind))
    job_id = finish(isolated, "./worker.sh", PackagePath="oss://packages/worker.tar.gz")
    assert stdout(isolated, job_id) == "X"


def test_plain_package_is_executable(isolated: Service) -> None:
    isolated.put_object("packages/worker", "#!/bin/sh\necho ran in $PWD; pwd; ls")
    job_id = finish(isolated, "./worker", PackagePath="oss://packages/worker")
    said = stdout(isolated, job_id).split()
    assert said[2] == said[3]
    assert said[4] == "worker"


def test_home_and_workdir_are_private(isolated: Service) -> None:
    command = "sh -c 'echo x > $HOME/bcs-home-test; echo y > bcs-workdir-test; ls'"
    assert stdout(isolated, finish(isolated, command)) == "bcs-workdir-test\n"
    assert not os.path.exists("/root/bcs-home-test")


def test_paths_in_variables(isolated: Service) -> None:
    isolated.put_object("in/v", "V")
    variables = {"WHERE": f"{HOME}/v:{HOME}/v/v", "OTHER": f"{HOME}/vv"}
    command = "sh -c 'cat ${WHERE#*:}; echo $OTHER'"
    job_id = finish(isolated, command, InputMapping={"oss://in/": f"{HOME}/v"}, EnvVars=variables)
    assert stdout(isolated, job_id) == f"V{HOME}/vv\n"


def test_new_files_beside_mapped_paths_stay_private(service: Service, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("seen")
    script = f"cat {tmp_path}/there && mkdir {tmp_path}/new && echo z > {tmp_path}/in/new-dir && ls {tmp_path}"
    service.put_object("beside/a", "A")
    mapping = {"oss://beside/": f"{tmp_path}/in/"}
    job_id = finish(service, f"sh -c '{script}'", InputMapping=mapping, WriteSupport=True)
    assert stdout(service, job_id).split() == ["seenin", "new", "there"]
    assert os.listdir(tmp_path) == ["there"]


def damaged(content: bytes) -> bytes:
    """Return an archive with other bytes in its middle, as a broken transfer leaves it."""
    middle = len(content) // 2
    return content[:middle] + bytes(byte ^ 255 for byte in content[middle : middle + 40]) + content[middle + 40 :]


def zipped(flag: int = 0, method: int = 0) -> bytes:
    """Return a zip archive whose two headers of the one file have another flag or compression method."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as target:
        target.writestr("a", os.urandom(2000))
    content = bytearray(file.getvalue())
    for begin in (6, content.rindex(b"PK\1\2") + 8):
        content[begin] |= flag
        content[begin + 2] |= method
    return bytes(content)


def many(kind: str) -> bytes:
    """Return a tar archive of files that cannot be compressed."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=f"w:{kind}") as target:
        for name in "abc":
            member = tarfile.TarInfo(name)
            member.size = 20_000
            target.addfile(member, io.BytesIO(os.urandom(20_000)))
    return file.getvalue()


DAMAGED = {
    **{f"middle.tar.{kind}": damaged(many(kind)) for kind in ("gz", "bz2", "xz")},
    **{f"cut.tar.{kind}": many(kind)[:30_000] for kind in ("gz", "bz2", "xz")},
    "header.tar": many("")[:20_992] + b"x" * 512 + many("")[21_504:],
    "cut.tar": many("")[:30_000],
    "sum.tar.gz": many("gz")[:-8] + b"sum-size",
    "middle.zip": damaged(zipped()),
    "encrypted.zip": zipped(flag=1),
    "method.zip": zipped(method=97),
    "cut.zip": zipped()[:1000],
    "empty.tar.gz": b"",
    "empty.zip": b"",
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_packages(service: Service, name: str) -> None:
    service.put_object(f"damaged/{name}", DAMAGED[name])
    result = fail(service, PackagePath=f"oss://damaged/{name}")
    assert result["ErrorCode"] == "InvalidPackage"
    assert f"oss://damaged/{name} cannot be unpacked" in result["ErrorMessage"]


@pytest.mark.parametrize(
    ("fields", "code", "text"),
    [
        ({"PackagePath": "oss://none/p.tar.gz"}, "PackageNotFound", "oss://none/p.tar.gz"),
        ({"PackagePath": "oss://bad/p.tar.gz"}, "InvalidPackage", "oss://bad/p.tar.gz"),
        ({"PackagePath": "oss://bad/page.tar.gz"}, "InvalidPackage", "oss://bad/page.tar.gz"),
        ({"PackagePath": "oss://bad/page.ZIP"}, "InvalidPackage", "oss://bad/page.ZIP"),
        ({"InputMapping": {"oss://none/x": f"{HOME}/x"}}, "InputNotFound", "oss://none/x"),
        ({"InputMapping": {"oss://bad/p.tar.gz/": f"{HOME}/x"}}, "InputNotFound", "folder"),
        ({"Mounts": mounts("nas://host/none", f"{HOME}/x")}, "InputNotFound", "nas://host/none"),
        ({"Mounts": mounts("smb://host/x", f"{HOME}/x")}, "UnsupportedMount", "smb://host/x"),
        ({"InputMapping": {"oss://bad/": "E:"}}, "InvalidPath", "E:"),
        ({"OutputMapping": {"/proc/x": "oss://bad/x"}}, "InvalidPath", "/proc/x"),
    ],
)
def test_what_cannot_be_prepared(isolated: Service, fields: dict[str, Any], code: str, text: str) -> None:
    isolated.put_object("bad/p.tar.gz", archive("gz")[:100])
    for name in ("page.tar.gz", "page.ZIP"):
        isolated.put_object(f"bad/{name}", "<html>404 Not Found</html>")
    result = fail(isolated, **fields)
    assert result["ErrorCode"] == code
    assert text in result["ErrorMessage"]
    assert code in result["Detail"]
