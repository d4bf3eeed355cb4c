"""Check the text of the project: ``python tests/prose.py`` prints ``file:line: finding``, and exits with 1 if any.

The rules are those of CONTRIBUTING.md that a program can see: the opening of docstrings, the length of sentences, the
width of pages.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
MAX_WORDS = 40
MAX_WIDTH = 120
# "What is read" names nothing; a verb or a noun does.
_NO_STATEMENT = re.compile(r"(What|Which|How|Where|Who|Whether|Why)\b")
_LITERAL = re.compile(r"``[^`]*``|`[^`]*`|\]\([^)]*\)")
# A list item, a field of a docstring and a table cell end a sentence too.
_SENTENCE_END = re.compile(r"(?<=[.!?:;])\s+|\n\s*\n|\n\s*[-*|:]|\n\s*\d+\. ")
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def long_sentences(text: str) -> Iterator[str]:
    """Yield a finding for each sentence that is too long."""
    for sentence in _SENTENCE_END.split(_LITERAL.sub("x", text)):
        if (words := len(sentence.split())) > MAX_WORDS:
            yield f"found a sentence of {words} words; expected at most {MAX_WORDS}"


def in_code(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and finding for the docstrings of a Python file."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, _DOCUMENTED) and (text := ast.get_docstring(node)):
            line = getattr(node, "lineno", 1)
            if opening := _NO_STATEMENT.match(text):
                yield line, f"found a docstring that begins with {opening[0]!r}; expected a verb or a noun"
            yield from ((line, finding) for finding in long_sentences(text))


def in_page(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and finding for the paragraphs of a Markdown page; code and tables have rules of their own."""
    is_code, paragraph, first = False, list[str](), 0
    for number, line in enumerate([*source.splitlines(), ""], 1):
        if line.lstrip().startswith("```"):
            is_code = not is_code
        elif not is_code and line.strip() and not line.lstrip().startswith(("|", "#", ">")):
            first = first or number
            paragraph.append(line)
            if len(line) > MAX_WIDTH and "](" not in line:
                yield number, f"found a line of {len(line)} characters; expected at most {MAX_WIDTH}"
            continue
        yield from ((first, finding) for finding in long_sentences("\n".join(paragraph)))
        paragraph, first = [], 0


def main() -> int:
    """Print all findings; return the exit code."""
    found = 0
    for pattern, check in (("*.py", in_code), ("*.md", in_page)):
        files = [
            path for room in ("airflow_provider_bcs", "docs", "example_dags") for path in (ROOT / room).rglob(pattern)
        ]
        for path in sorted([*files, *ROOT.glob(pattern)]):
            for line, finding in check(path.read_text(encoding="utf-8")):
                print(f"{path.relative_to(ROOT)}:{line}: {finding}.")
                found += 1
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
