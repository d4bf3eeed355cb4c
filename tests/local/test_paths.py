"""Paths in a job: none leads outside the data directory."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_bcs.local.shim.failure import Failure
from airflow_provider_bcs.local.shim.objects import ObjectTree
from airflow_provider_bcs.local.shim.paths import local_path
from airflow_provider_bcs.local.shim.rewrite import Rewriter

from .service import Service, job, task

HOME = "/home/bcs-paths-test"


@pytest.mark.parametrize(
    "url",
    [
        "oss://b/../x",
        "oss://b/a/../../x",
        "oss://../x",
        "oss://b/./x",
        "oss://b//x",
        "oss://b/x//",
        "oss:///etc/passwd",
        "oss://b/a\0b",
        "oss://b/\ud800",
        "oss://b/" + "x" * 256,
        "oss://.hidden/x",
        "/etc/passwd",
        "file:///etc/passwd",
    ],
)
def test_bad_object_paths(tmp_path: Path, url: str) -> None:
    with pytest.raises(Failure, match="InvalidPath"):
        ObjectTree(str(tmp_path)).path(url)


@pytest.mark.parametrize("url", ["nas://h:/a/../..", "nas://../x", "nas://h/a//b", "nas:///x"])
def test_bad_nas_paths(tmp_path: Path, url: str) -> None:
    with pytest.raises(Failure, match="InvalidPath"):
        ObjectTree(str(tmp_path)).nas_path(url)


@pytest.mark.parametrize("url", ["oss://b/k", "oss://B_1/k", "oss://my-bucket/a/b c/ü"])
def test_good_object_paths(tmp_path: Path, url: str) -> None:
    assert ObjectTree(str(tmp_path)).path(url) == f"{tmp_path}/oss/{url[6:]}"


def test_links_among_objects_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "oss/b").mkdir(parents=True)
    (tmp_path / "oss/b/out").symlink_to("/etc")
    (tmp_path / "oss/b/passwd").symlink_to("/etc/passwd")
    for url in ("oss://b/out/passwd", "oss://b/passwd", "oss://b/out/"):
        with pytest.raises(Failure, match="symbolic link"):
            ObjectTree(str(tmp_path)).path(url)


@pytest.mark.parametrize("path", ["/", "/a/../b", "/a//b", "relative", "/proc/1", "/dev/x", "/a\0", "E:", "C:\\x", ""])
def test_bad_local_paths(path: str) -> None:
    with pytest.raises(Failure, match="InvalidPath"):
        local_path(path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/home/x", "<x>"),
        ("/home/x/y /home/xy /home/x.txt", "<x>/y /home/xy /home/x.txt"),
        ("/home/x/deep/z", "<deep>/z"),
        ("--in=/home/x,/home/x;'/home/x'", "--in=<x>,<x>;'<x>'"),
        ("-I/home/x cc -I/home/x", "-I<x> cc -I<x>"),
        ("/data/home/x relative/home/x ~/home/x", "/data/home/x relative/home/x ~/home/x"),
        ("/home/x/*.txt $(/home/x)", "<x>/*.txt $(<x>)"),
    ],
)
def test_rewriting_at_path_boundaries(text: str, expected: str) -> None:
    assert Rewriter({"/home/x": "<x>", "/home/x/deep": "<deep>"})(text) == expected


@pytest.mark.parametrize(
    "fields",
    [
        {"InputMapping": {"oss://b/../../../etc/": f"{HOME}/x"}},
        {"InputMapping": {"oss://b/evil/": f"{HOME}/x"}},
        {"InputMapping": {"oss://b/": f"{HOME}/../../x"}},
        {"OutputMapping": {f"{HOME}/x": "oss://b/../../out"}},
        {"OutputMapping": {f"{HOME}/x": "oss://b/evil/out"}},
        {"OutputMapping": {f"{HOME}/../x": "oss://b/out"}},
        {"LogMapping": {f"{HOME}/x": "oss://../logs/"}},
        {"PackagePath": "oss://b/evil/passwd"},
        {"Mounts": {"Entries": [{"Source": "nas://h:/../../..", "Destination": f"{HOME}/x", "WriteSupport": True}]}},
    ],
)
def test_escapes_fail_the_instance(isolated: Service, fields: dict[str, Any]) -> None:
    bucket = isolated.data_dir / "oss/b"
    bucket.mkdir(parents=True, exist_ok=True)
    if not (bucket / "evil").is_symlink():
        (bucket / "evil").symlink_to("/etc")
    job_id = isolated.create(job({"t": task("true", **fields)}))
    assert isolated.wait(job_id)["State"] == "Failed"
    assert isolated.instance(job_id)["Result"]["ErrorCode"] == "InvalidPath"


def test_redirects_cannot_escape(isolated: Service) -> None:
    description = task("echo x")
    description["Parameters"]["StdoutRedirectPath"] = "oss://b/../../"
    job_id = isolated.create(job({"t": description}))
    assert isolated.wait(job_id)["State"] == "Failed"
    assert isolated.instance(job_id)["Result"]["ErrorCode"] == "InvalidPath"


def test_links_in_an_input_folder_are_left_out(isolated: Service) -> None:
    isolated.put_object("linked/a", "A")
    link = isolated.data_dir / "oss/linked/passwd"
    if not link.is_symlink():
        link.symlink_to("/etc/passwd")
    job_id = isolated.create(job({"t": task(f"ls {HOME}/in", InputMapping={"oss://linked/": f"{HOME}/in"})}))
    assert isolated.wait(job_id)["State"] == "Finished"
    assert isolated.object(f"logs/stdout.{job_id}.t.0") == "a\n"


def test_links_out_of_an_output_are_skipped(isolated: Service) -> None:
    names = {
        "passwd": "/etc/passwd",
        "up": "../../../../../../../../etc/passwd",
        "etc": "/etc",
        "secret": f"{HOME}/secret",
    }
    links = "; ".join(f"ln -s {target} {HOME}/out/{name}" for name, target in names.items())
    command = f"sh -c 'mkdir -p {HOME}/out; echo ok > {HOME}/out/ok; {links}'"
    job_id = isolated.create(job({"t": task(command, OutputMapping={f"{HOME}/out/": "oss://links-out/"})}))
    assert isolated.wait(job_id)["State"] == "Finished"
    assert isolated.objects("links-out") == ["ok"]
    notes = isolated.object(f"logs/stderr.{job_id}.t.0")
    assert all(f"{HOME}/out/{name}" in notes for name in names)


def test_an_output_that_is_a_link_is_skipped(isolated: Service) -> None:
    command = f"sh -c 'ln -s /etc/passwd {HOME}/file; rmdir {HOME}/out; ln -s /etc {HOME}/out'"
    outputs = {f"{HOME}/file": "oss://link-out/file", f"{HOME}/out/": "oss://link-out/dir/"}
    description = task(f"sh -c '{command[7:-1]}'", OutputMapping=outputs)
    job_id = isolated.create(job({"t": description}))
    assert isolated.wait(job_id)["State"] == "Finished"
    assert not (isolated.data_dir / "oss/link-out").exists()


def test_a_link_replacing_a_directory_above_an_output(isolated: Service) -> None:
    command = f"sh -c 'rm -rf {HOME}/d && ln -s /etc {HOME}/d'"
    fields: dict[str, Any] = {
        "OutputMapping": {f"{HOME}/d/passwd": "oss://above/passwd", f"{HOME}/d/ssl/": "oss://above/ssl/"}
    }
    fields["LogMapping"] = {f"{HOME}/d/hostname": "oss://above/"}
    if isolated.options[1] == "rewrite":
        # With rewrite, only whole paths in the command are replaced.
        fields["InputMapping"] = {"oss://none/": f"{HOME}/d"}
    job_id = isolated.create(job({"t": task(command, **fields)}))
    isolated.wait(job_id)
    assert not (isolated.data_dir / "oss/above").exists()


@pytest.mark.parametrize("kind", ["tar", "tar-link", "zip"])
def test_packages_cannot_escape(isolated: Service, kind: str) -> None:
    buffer = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("../../../escaped", "x")
    else:
        with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
            if kind == "tar-link":
                link = tarfile.TarInfo("link")
                link.type, link.linkname = tarfile.SYMTYPE, "/etc"
                tar.addfile(link)
            member = tarfile.TarInfo("link/escaped" if kind == "tar-link" else "../../../escaped")
            tar.addfile(member, io.BytesIO(b""))
    isolated.put_object("packages/evil", buffer.getvalue())
    job_id = isolated.create(job({"t": task("true", PackagePath="oss://packages/evil")}))
    assert isolated.wait(job_id)["State"] == "Failed"
    assert isolated.instance(job_id)["Result"]["ErrorCode"] == "InvalidPackage"
    assert not list(isolated.data_dir.rglob("escaped"))
    assert not os.path.exists("/etc/escaped")
