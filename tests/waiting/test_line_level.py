"""The level of a line is that of its prefix; what only looks like a level is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_bcs.waiting.line_level import level_of

LINES = {
    "error": [
        # The text alone, and Python's basicConfig.
        "ERROR boom",
        "ERROR: boom",
        "ERROR - boom",
        "  ERROR boom",
        "[ERROR] boom",
        "ERROR:root:boom",
        "CRITICAL:root:boom",
        "FATAL boom",
        "\x1b[31mERROR\x1b[0m boom",
        # Command-line tools.
        "error: linking failed",
        "fatal: not a git repository",
        "Error: Cannot find module",
        "[error] boom",
        # A time before it.
        "2026-01-02 03:04:05,123 ERROR name boom",
        "2026-01-02 03:04:05,123 - my.name - ERROR - boom",
        "2026-01-02T03:04:05.123456789Z ERROR boom",
        "2026-01-02 03:04:05 +0800 ERROR boom",
        "[2026-01-02 03:04:05,123] ERROR in app: boom",
        "[2026-01-02T03:04:05.123+0000] {file.py:12} ERROR - boom",
        "2026-01-02 03:04:05.123 | ERROR    | module:function:1 - boom",
        "2026-01-02 03:04:05,123 [main] ERROR com.example - boom",
        "2026-01-02 03:04:05.123 ERROR 1234 --- [main] boom",
        "26/01/02 03:04:05 ERROR Executor: boom",
        "2026/01/02 03:04:05 [error] 1#1: boom",
        "03:04:05 ERROR boom",
        # The time that PAI-DLC puts before a line, and then that of the program.
        "2026-01-02 03:04:06 2026-01-02 03:04:05,123 ERROR boom",
        "2026-01-02 03:04:06 [E socket.cpp:12] boom",
        # glog, absl, PyTorch, TensorFlow.
        "E0102 03:04:05.123456 12345 file.cc:12] boom",
        "[E socket.cpp:12] boom",
        "[rank1]:[E0102 03:04:05.123 ProcessGroupNCCL.cpp:523] boom",
        "2026-01-02 03:04:05.123456: E tensorflow/file.cc:12] boom",
    ],
    "warning": [
        "WARNING: odd",
        "WARN odd",
        "warning: unused variable",
        "WARNING:tensorflow:odd",
        "2026-01-02 03:04:05,123 WARNING odd",
        "[W0102 03:04:05.1 file.cpp:12] odd",
        "2026-01-02 03:04:06 node-1:123:456 [0] NCCL WARN odd",
    ],
    "info": [
        "",
        "INFO no ERROR",
        "DEBUG ERROR",
        "Errors: 0",
        "error rate 0.1",
        "Error rate 0.1",
        "ERRORS 3",
        "ERROR_COUNT=3",
        "error-free",
        "An ERROR happened",
        "0.1 ERROR",
        "[E 1 2 3]",
        "[E]",
        "E 123",
        "train - ERROR - behind no time",
        "2026-01-02 03:04:05 loss 0.3",
        "2026-01-02 03:04:05 no ERROR",
        "2026-01-02 03:04:05,123 - name - INFO - ERROR",
        "[Errno 2] No such file",
        "Traceback (most recent call last):",
        "ValueError: boom",
        "node-1:1:2 [0] NCCL INFO x",
    ],
}


@pytest.mark.parametrize(("level", "line"), [(level, line) for level, lines in LINES.items() for line in lines])
def test_the_level_of_a_line(level, line):
    assert level_of(line) == level


@given(st.text() | st.text("[]()<>|-:., 0123456789EWDIF ERROR\x1b").map(lambda text: text * 200))
def test_any_line_has_a_level(line):
    assert level_of(line, "warning") in ("info", "warning", "error")


def test_a_line_without_a_level_has_the_default():
    assert (level_of("out of cheese", "error"), level_of("INFO fine", "error")) == ("error", "info")
