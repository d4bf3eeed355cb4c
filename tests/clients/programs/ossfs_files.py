"""The object store as a file system of fsspec, with the two classes of ossfs."""

import asyncio
import json
import os
import tempfile
import unittest
import uuid

import fsspec
import ossfs

LOCAL = json.loads(os.environ["LOCAL"])
OPTIONS = {"endpoint": LOCAL["oss"], "key": LOCAL["access_key_id"], "secret": LOCAL["access_key_secret"]}
#: One more than a block of ossfs, so that a file is written in parts.
BIG = os.urandom(6 * 2**20)


class Files:
    """What both classes can do."""

    def setUp(self):
        self.fs = self.make()
        self.root = f"ossfs-{uuid.uuid4().hex[:12]}"
        os.mkdir(os.path.join(LOCAL["data_dir"], "oss", self.root))

    def test_write_and_read(self):
        path = f"{self.root}/a folder/data+1&2=日.bin"
        with self.fs.open(path, "wb") as file:
            file.write(BIG)
        self.assertEqual(self.fs.size(path), len(BIG))
        with self.fs.open(path, "rb") as file:
            file.seek(5_000_000)
            self.assertEqual(file.read(100), BIG[5_000_000:5_000_100])
        self.assertEqual(self.fs.cat(path), BIG)
        self.assertTrue(self.fs.exists(path))
        self.assertTrue(self.fs.isfile(path))
        self.assertFalse(self.fs.exists(f"{path}.missing"))
        with self.assertRaises(FileNotFoundError):
            self.fs.open(f"{path}.missing", "rb").read()

    def test_append(self):
        path = f"{self.root}/log.txt"
        for line in ("one\n", "two\n"):
            with self.fs.open(path, "ab") as file:
                file.write(line.encode())
        self.assertEqual(self.fs.cat(path), b"one\ntwo\n")

    @staticmethod
    def names(paths):
        return sorted(path.split("/", 1)[1] for path in paths)

    def test_folders(self):
        for name in ("x/1.txt", "x/2.csv", "x/y/3.txt", "z z/4.txt"):
            self.fs.pipe(f"{self.root}/{name}", name.encode())
        self.fs.invalidate_cache()
        self.assertEqual(self.names(self.fs.find(self.root)), ["x/1.txt", "x/2.csv", "x/y/3.txt", "z z/4.txt"])
        self.assertEqual(self.names(self.fs.glob(f"{self.root}/**/*.txt")), ["x/1.txt", "x/y/3.txt", "z z/4.txt"])
        self.assertEqual(self.names(self.fs.ls(f"{self.root}/x", detail=False)), ["x/1.txt", "x/2.csv", "x/y/"])
        # A listed folder has a slash at the end, with which the cache does not find it.
        self.fs.invalidate_cache()
        self.assertTrue(self.fs.isdir(f"{self.root}/x"))
        self.assertEqual(self.fs.du(self.root), sum(map(len, ("x/1.txt", "x/2.csv", "x/y/3.txt", "z z/4.txt"))))
        self.assertIn(self.root, [path.strip("/") for path in self.fs.ls("", detail=False)])
        self.fs.rm(f"{self.root}/x", recursive=True)
        self.fs.invalidate_cache()
        self.assertEqual(self.names(self.fs.find(self.root)), ["z z/4.txt"])

    def test_copy_and_move(self):
        first, second, third = (f"{self.root}/{name}" for name in ("first", "second", "third"))
        self.fs.pipe(first, b"text")
        self.fs.copy(first, second)
        self.fs.mv(second, third)
        self.fs.invalidate_cache()
        self.assertEqual([self.fs.exists(path) for path in (first, second, third)], [True, False, True])
        self.assertEqual(self.fs.cat(third), b"text")
        self.assertTrue(self.fs.checksum(first))
        self.assertTrue(self.fs.modified(first))
        self.assertEqual(self.fs.info(first)["size"], 4)

    def test_local_files(self):
        with tempfile.TemporaryDirectory() as folder:
            source, target = os.path.join(folder, "source"), os.path.join(folder, "target")
            with open(source, "wb") as file:
                file.write(BIG)
            self.fs.put(source, f"{self.root}/big")
            self.fs.get(f"{self.root}/big", target)
            with open(target, "rb") as file:
                self.assertEqual(file.read(), BIG)


class Blocking(Files, unittest.TestCase):
    @staticmethod
    def make():
        return ossfs.OSSFileSystem(**OPTIONS, skip_instance_cache=True)

    def test_touch(self):
        self.fs.touch(f"{self.root}/empty")
        self.assertEqual(self.fs.info(f"{self.root}/empty")["size"], 0)


class Asynchronous(Files, unittest.TestCase):
    @staticmethod
    def make():
        return ossfs.AioOSSFileSystem(**OPTIONS, skip_instance_cache=True)

    def test_in_a_loop_of_its_own(self):
        async def walk():
            fs = ossfs.AioOSSFileSystem(**OPTIONS, asynchronous=True, skip_instance_cache=True)
            await fs.set_session()
            await fs._pipe_file(f"{self.root}/key", b"text")
            return await asyncio.gather(*(fs._cat_file(f"{self.root}/key") for _ in range(20)))

        self.assertEqual(asyncio.run(walk()), [b"text"] * 20)


class ByUrl(unittest.TestCase):
    def test_open(self):
        with fsspec.open("oss://ossfs-given/table.csv", "r", **OPTIONS) as file:
            content = file.read()
        with fsspec.open("oss://ossfs-given/copied.csv", "w", **OPTIONS) as file:
            file.write(content)


if __name__ == "__main__":
    unittest.main()
