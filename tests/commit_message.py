"""Check a commit message: a subject of at most 60 characters, an empty line, a body that says why.

Used as a commit-msg hook: ``python3 tests/commit_message.py .git/COMMIT_EDITMSG``.
"""

from __future__ import annotations

import sys
from pathlib import Path

MAX_SUBJECT = 60
_MADE_BY_GIT = ("Merge ", "Revert ", "fixup! ", "squash! ")


def problems(message: str) -> list[str]:
    """Return what is wrong with a commit message, one sentence each."""
    lines = [line for line in message.splitlines() if not line.startswith("#")]
    subject = lines[0] if lines else ""
    if subject.startswith(_MADE_BY_GIT):
        return []
    found = []
    if not subject:
        found.append("subject: found none; expected an imperative sentence.")
    if len(subject) > MAX_SUBJECT:
        found.append(f"subject: found {len(subject)} characters; expected at most {MAX_SUBJECT}.")
    if subject.endswith("."):
        found.append("subject: found a full stop at its end; expected none.")
    if len(lines) > 1 and lines[1]:
        found.append("second line: found text; expected an empty line.")
    if not any(lines[2:]):
        found.append("body: found none; expected a sentence that says why.")
    return found


if __name__ == "__main__":
    found = problems(Path(sys.argv[1]).read_text(encoding="utf-8"))
    print(*found, sep="\n", file=sys.stderr)
    sys.exit(bool(found))
