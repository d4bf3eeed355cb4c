"""The page of a job as HTML. Each value is masked and escaped by one function, :attr:`JobHtml.text`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from html import escape
from typing import Any, TypeAlias
from urllib.parse import quote

from airflow_provider_bcs.description.secrets import HIDDEN, secret_values, texts_to_mask, without_secrets

from .assets import SCRIPT, STYLE
from .drawing import counted, draw, part_anchor
from .model import MAX_OPEN, JobView, Log, LogName, Part, Unit
from .states import BAD, RUNNING, SIGNS, kind
from .times import duration, shown

#: Seconds between two updates of the page of a job that runs, and of one that has ended, which may be started again.
REFRESH_ACTIVE, REFRESH_ENDED = 5, 30

#: Function from the name of a log to the address of the page that has its lines.
LogLink: TypeAlias = Callable[[LogName], str]


def job_page(job: JobView, log_link: LogLink | None = None) -> str:
    """Return the page of a job.

    :param log_link: function from the name of a log to the address of the page with its lines; None: the page has the
        lines of all logs
    """
    text = text_without([*job.secrets, *secret_values(job.description)])
    seconds = REFRESH_ACTIVE if job.is_active else REFRESH_ENDED
    title = f"{SIGNS[kind(job.state)]} {text(job.name)} {text(job.state)}"
    return _page(title, "".join(_body(job, text, seconds, log_link)), seconds)


def sentence_page(title: str, sentence: str, secrets: Iterable[str] = ()) -> str:
    """Return a page that says why no job is shown, and that updates itself as the page of a job does."""
    text = text_without(secrets)
    body = (
        f'<main data-seconds="{REFRESH_ACTIVE}"><h1>{text(title)}</h1><p class="message">{text(sentence)}</p>'
        f'<footer>Updates itself every {REFRESH_ACTIVE} s. <span id="problem"></span></footer></main>'
    )
    return _page(text(title), body, REFRESH_ACTIVE)


def _page(title: str, body: str, seconds: int) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<noscript><meta http-equiv="refresh" content="{seconds}"></noscript>'
        f"<title>{title}</title><style>{STYLE}</style></head>"
        f"<body>{body}<script>{SCRIPT}</script></body></html>"
    )


def text_without(secrets: Iterable[str]) -> Callable[[str], str]:
    """Return a function that replaces secrets by ``***`` and escapes a text for HTML.

    >>> text_without(["very-secret"])("<very-secret>")
    '&lt;***&gt;'
    """
    # A secret may be part of another one.
    hidden = sorted(set(texts_to_mask(secrets)), key=len, reverse=True)

    def text(value: str) -> str:
        for secret in hidden:
            value = value.replace(secret, HIDDEN)
        return escape(value)

    return text


def _body(job: JobView, text: Callable[[str], str], seconds: int, log_link: LogLink | None) -> Iterator[str]:
    yield f'<main data-seconds="{seconds}"><header><p class="service">{text(f"{job.service} job, {job.place}")}</p>'
    yield f"<h1>{text(job.name)} {_badge(job.state, text)}</h1><p class='id'>{text(job.id)}</p>"
    if job.notice:
        yield f'<p class="message bad">{text(job.notice)}</p>'
    if job.message:
        yield f'<p class="message {kind(job.state)}">{text(job.message)}</p>'
    yield "<dl>"
    times = _times(job.start, job.end, job.now)
    for name, value in (*job.facts, *times):
        yield f"<div><dt>{text(name)}</dt><dd>{text(value)}</dd></div>"
    yield "</dl></header>"
    yield f'<section class="graph" aria-label="Graph">{draw(job, text)}</section>'
    for part in job.parts:
        yield from _part(job, part, text, log_link)
    yield _description("Description of the job", "job-description", job.description, text)
    yield f"<footer>As of {text(shown(job.now))}. Updates itself every {seconds} s. "
    yield '<span id="problem"></span></footer></main>'


def _part(job: JobView, part: Part, text: Callable[[str], str], log_link: LogLink | None) -> Iterator[str]:
    state = f" {_badge(part.state, text)}" if part.state else ""
    yield f'<section class="part" id="{text(part_anchor(part.name))}">'
    yield f"<h2><small>{text(job.part_word)}</small> {text(part.name)}{state}</h2>"
    spent = duration(part.start, part.end or job.now)
    yield f'<p class="counts">{text(counted(part, job.unit_word))}{f", {spent}" if spent else ""}</p>'
    yield f'<pre class="command">{text(without_secrets(part.command))}</pre>'
    opened = _opened(part)
    for unit in part.units:
        yield _unit(job, part, replace(unit, is_open=unit.is_open or unit in opened), text, log_link)
    if part.hidden:
        more = f"{part.hidden} more {job.unit_word}{'' if part.hidden == 1 else 's'}"
        yield f'<p class="counts">Not shown: {text(more)}. Those that failed or run are shown first.</p>'
    yield _description("Description", f"{part_anchor(part.name)}-description", part.description, text)
    yield "</section>"


def _opened(part: Part) -> list[Unit]:
    """Return the units whose logs a reader looks for: failed ones, else running ones."""
    for wanted in (BAD, RUNNING):
        if found := [unit for unit in part.units if unit.logs and kind(unit.state) == wanted]:
            return found[:MAX_OPEN]
    return []


def _unit(job: JobView, part: Part, unit: Unit, text: Callable[[str], str], log_link: LogLink | None) -> str:
    exit_code = f"exit code {unit.exit_code}" if unit.exit_code else ""
    spent = duration(unit.start, unit.end or job.now)
    facts = "".join(f"<span>{text(each)}</span>" for each in (spent, exit_code) if each)
    times = " \u00b7 ".join(f"{name.lower()} {value}" for name, value in _times(unit.start, unit.end, "")[:2])
    inside = "".join(f"<p>{text(line)}</p>" for line in (times, *unit.notes) if line)
    # A pod has a name of its own, and a link may lead to it.
    anchor = part_anchor(unit.name if job.unit_word == "pod" else f"{part.name}.{unit.name}")
    for log in unit.logs:
        address = f"{log_link(LogName(part.name, unit.name, log.name))}#{quote(anchor)}" if log_link else ""
        inside += _log(log, text, address)
    opened = " open" if unit.is_open else ""
    return (
        f'<details class="unit" id="{text(anchor)}"{opened}><summary><b>{text(job.unit_word)} {text(unit.name)}</b>'
        f"{_badge(unit.state, text)}{facts}</summary>{inside}</details>"
    )


def _log(log: Log, text: Callable[[str], str], address: str) -> str:
    lines = f"<pre>{text(chr(10).join(log.lines))}</pre>" if log.lines else ""
    name = (
        f'<a href="{escape(address)}">{text(log.name)}</a>' if address and log.is_kept and not lines else text(log.name)
    )
    return f"<h3>{name} <small>{text(log.note)}</small></h3>{lines}"


def _badge(state: str, text: Callable[[str], str]) -> str:
    found = kind(state)
    return f'<span class="badge {found}">{SIGNS[found]} {text(state)}</span>'


def _times(start: str, end: str, now: str) -> Sequence[tuple[str, str]]:
    found = [("Started", shown(start)), ("Ended", shown(end)), ("Duration", duration(start, end or now))]
    return [(name, value) for name, value in found if value]


def _description(title: str, anchor: str, description: Any, text: Callable[[str], str]) -> str:
    lines = json.dumps(without_secrets(description), indent=2, ensure_ascii=False)
    return f'<details id="{text(anchor)}"><summary>{text(title)}</summary><pre>{text(lines)}</pre></details>'
