"""Commands of the vendor's command line bcs, which the commands of the page have logged in."""

import json
import os
import re
import subprocess
import tempfile
import time
import unittest


def bcs(*arguments):
    """Run a command; return what it prints. Its exit code is 0 also after an error."""
    done = subprocess.run(["bcs", *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "ERROR" not in done.stdout, done.stdout + done.stderr
    return done.stdout


def made(*arguments):
    """Run a command that creates something; return its id."""
    return re.search(r"(?:job|cls|img)-[0-9a-f]{20,}", bcs(*arguments), re.IGNORECASE)[0]


def wait(text, *arguments):
    """Repeat a command until it prints a text."""
    deadline = time.monotonic() + 60
    while text not in (shown := bcs(*arguments)):
        assert time.monotonic() < deadline, shown
        time.sleep(0.5)
    return shown


class Commands(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        os.chdir(folder.name)

    def write(self, name, content):
        os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
        with open(name, "w") as file:
            file.write(content)

    def test_a_packed_program_with_mounts(self):
        self.write("words.txt", "input\n")
        bcs("o", "up", "words.txt", "oss://my-bucket/in/words.txt")
        self.assertIn("words.txt", bcs("o", "ls", "oss://my-bucket/in/"))
        self.assertIn("input", bcs("o", "cat", "oss://my-bucket/in/words.txt"))
        self.write(
            "program/main.py",
            "import os, sys\n"
            "print('packed', sys.argv[1:], os.environ['K'], open('/home/in/words.txt').read())\n"
            "open('/home/out/%s.txt' % os.environ['BATCH_COMPUTE_DAG_INSTANCE_ID'], 'w').write('made')\n",
        )
        job = ["python main.py a b", "packed", "-p", "./program", "-n", "2", "-e", "K:v"]
        mounts = ["-r", "oss://my-bucket/in/:/home/in/", "-w", "oss://my-bucket/out/:/home/out/"]
        job_id = made("sub", *job, *mounts)
        wait("Finished", "j", job_id)
        self.assertIn("2 / 2", bcs("j", job_id, "task"))
        self.assertIn("InstanceId: 1 (Finished)", bcs("ch", job_id))
        self.assertIn("packed ['a', 'b'] v input", bcs("log", job_id))
        bcs("log", job_id, "-d", "logs")
        self.assertIn(f"stdout.{job_id}.task.1", os.listdir("logs"))
        bcs("o", "down", "oss://my-bucket/out/", "./got/")
        self.assertEqual(sorted(os.listdir("got")), ["0.txt", "1.txt"])
        bcs("o", "cp", "oss://my-bucket/in/words.txt", "oss://my-bucket/in/copy.txt")
        bcs("o", "del", "oss://my-bucket/in/words.txt", "-y")
        shown = bcs("o", "ls", "oss://my-bucket/in/")
        self.assertIn("copy.txt", shown)
        self.assertNotIn("words.txt", shown)

    def test_a_job_that_is_stopped_changed_and_started(self):
        job_id = made("sub", "sleep 60", "sleeper")
        wait("Running", "j", job_id)
        bcs("sj", job_id, "-y")
        wait("Stopped", "j", job_id)
        bcs("uj", job_id, "-p", "7", "-y")
        self.assertIn("Priority: 7", bcs("j", job_id))
        bcs("rj", job_id, "-y")
        wait("Running", "j", job_id)
        self.assertIn(job_id, bcs("j", "-s", "Running"))
        bcs("sj", job_id, "-y")
        wait("Stopped", "j", job_id)
        bcs("dj", job_id, "-y")
        self.assertNotIn(job_id, bcs("j", "-a"))

    def test_a_cluster_and_an_image(self):
        image = made("ci", "mine", "m-1")
        self.assertIn(image, bcs("i"))
        cluster = made("cc", "workers", "-n", "1", "-i", image, "-t", "ecs.sn1ne.large")
        wait("Active", "c", cluster)
        job_id = made("sub", "echo on the cluster", "on-cluster", "-c", cluster)
        wait("Finished", "j", job_id)
        self.assertIn("on the cluster", bcs("log", job_id))
        bcs("uc", cluster, "-n", "2", "-y")
        wait("2 / 2", "c", cluster)
        bcs("dc", cluster, "-y")
        bcs("di", image, "-y")
        self.assertNotIn(image, bcs("i"))

    def test_an_app(self):
        app = {
            "Name": "sorter",
            "CommandLine": "sort -o ${sorted} ${words}",
            "Docker": {"Image": "ubuntu"},
            "InputParameters": {"words": {"Type": "String", "LocalPath": "/home/in/words.txt"}},
            "OutputParameters": {"sorted": {"Type": "String", "LocalPath": "/home/out/sorted.txt"}},
            "Config": {"InstanceType": {"Default": "ecs.sn1ne.large", "Overwritable": False}},
        }
        self.write("app.json", json.dumps(app))
        self.write("words.txt", "b\na\n")
        bcs("ca", "--file", "app.json")
        self.assertIn("sorter", bcs("a"))
        bcs("o", "up", "words.txt", "oss://my-bucket/app/words.txt")
        paths = ["--input_words", "oss://my-bucket/app/words.txt", "--output_sorted", "oss://my-bucket/app/sorted.txt"]
        wait("Finished", "j", made("asub", "sorter", "sorted", *paths))
        self.assertIn("a\nb", bcs("o", "cat", "oss://my-bucket/app/sorted.txt"))
        bcs("da", "sorter", "-y")

    def test_what_is_offered(self):
        self.assertIn("ecs.sn1ne.large", bcs("t"))
        self.assertIn("OnDemand", bcs("r"))
        self.assertIn("cloud", bcs("d"))

    def test_an_error_is_shown(self):
        with self.assertRaisesRegex(AssertionError, "InvalidResource.NotFound"):
            bcs("j", "job-0")


if __name__ == "__main__":
    unittest.main()
