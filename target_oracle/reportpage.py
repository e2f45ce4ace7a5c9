"""
A report's facts -> one HTML page that needs no network: style and charts are in it, and there is no script.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Final

from target_oracle.stages import LOADER, READER
from target_oracle.summary import RESULTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Facts = dict[str, Any]
Point = tuple[float, float]

_WIDTH: Final = 900
_HEIGHT: Final = 220
_LEFT: Final = 70
_RIGHT: Final = 25
_BOTTOM: Final = 30
_TOP: Final = 12
_TICKS: Final = 4
_COLORS: Final = {
    "read": "#4c78a8",
    "decode": "#f58518",
    "wait": "#b9b0ac",
    "connect": "#72b7b2",
    "tables": "#b279a2",
    "execute": "#54a24b",
    "commit": "#e45756",
    "idle": "#b9b0ac",
}
_MEANINGS: Final = {
    "read": "read: waiting for the tap",
    "decode": "decode: making rows of lines",
    "wait": "wait: for the database",
    "connect": "connect: and look around",
    "tables": "tables: dictionary and DDL",
    "execute": "execute: sending rows",
    "commit": "commit: with the ledger",
    "idle": "idle: nothing to do",
}
# Columns of the stream table that are shown even where all are 0.
_ALWAYS: Final = ("inserted", "rejected")

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1d2129; --soft: #5b6472; --line: #d9dde3; --paper: #ffffff;
  --tile: #f4f6f8; --good: #1a7f37; --bad: #c62828; --blue: #2f6db3; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --soft: #9aa4b2; --line: #343b46;
  --paper: #14171c; --tile: #1d2229; --good: #4cc26b; --bad: #ff7b72; --blue: #79b0ee; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 0 auto;
  max-width: 60rem; padding: 2rem 1.25rem; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.1rem; margin: 2.2rem 0 .6rem; }
p { margin: .3rem 0; } .soft { color: var(--soft); } .good { color: var(--good); } .bad { color: var(--bad); }
.tiles { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1.2rem 0; padding: 0; list-style: none; }
.tiles li { background: var(--tile); border-radius: .5rem; padding: .7rem 1rem; min-width: 7.5rem; }
.tiles b { display: block; font-size: 1.4rem; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th, td { padding: .35rem .6rem; text-align: left; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; } td:not(:last-child) { white-space: nowrap; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
svg { width: 100%; height: auto; display: block; } svg text { fill: var(--soft); font-size: 12px; }
.grid { stroke: var(--line); } .curve { fill: none; stroke: var(--blue); stroke-width: 2; }
.area { fill: var(--blue); opacity: .15; }
.key { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; padding: 0; margin: .5rem 0; list-style: none; }
.key i { display: inline-block; width: .8rem; height: .8rem; border-radius: .15rem; margin-right: .4rem; }
pre { background: var(--tile); border-radius: .5rem; padding: .8rem 1rem; overflow-x: auto;
  font-size: 13px; }
"""


def page(facts: Facts) -> str:
    """
    Return the page.
    """
    title = f"target-oracle: run {facts['run_id']}"
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>",
        *_head(facts),
        *_streams(facts["streams"]),
        *_rejects(facts["rejects"]),
        *_throughput(facts["timeline"]),
        *_stages(facts["stages"], facts["seconds"]),
        *_ddl(facts["ddl"]),
        "</body></html>",
    ]
    return "\n".join(parts) + "\n"


def _head(facts: Facts) -> Iterator[str]:
    yield f"<header><h1>Run {escape(facts['run_id'])}</h1>"
    if facts["failure"]:
        yield f'<p class="bad"><b>Failed, exit {facts["exit_code"]}:</b> {escape(facts["failure"])}</p>'
    else:
        yield '<p class="good"><b>Done</b></p>'
    words = [f"started {facts['started']}", f"{facts['seconds']:.1f} s", f"target-oracle {facts['version']}"]
    words += [facts["server"]] if facts["server"] else []
    words += [f"loader_id {facts['loader_id']}"] if facts["loader_id"] else []
    yield f'<p class="soft">{escape(", ".join(words))}</p></header>'
    rate = facts["received"] / facts["seconds"] if facts["seconds"] else 0
    tiles = [("received", facts["received"]), ("stored", facts["stored"]), ("rejected", facts["rejected"])]
    tiles += [("rows a second", round(rate)), ("checkpoints", facts["checkpoints"])]
    tiles += [("retries", facts["retries"]), ("connections lost", facts["lost_connections"])]
    yield '<ul class="tiles">'
    yield from (f"<li><b>{count:,}</b>{name}</li>" for name, count in tiles)
    yield "</ul>"


def _table(
    heads: Sequence[str], rows: Iterable[Sequence[object]], *, numbers: frozenset[int]
) -> Iterator[str]:
    """
    Give a table; columns whose place is in *numbers* stand to the right.
    """
    sort = [' class="n"' if n in numbers else "" for n in range(len(heads))]
    yield '<div class="wide"><table><thead><tr>'
    yield "".join(f"<th{sort[n]}>{escape(head)}</th>" for n, head in enumerate(heads))
    yield "</tr></thead><tbody>"
    for row in rows:
        yield "<tr>" + "".join(f"<td{sort[n]}>{_cell(value)}</td>" for n, value in enumerate(row)) + "</tr>"
    yield "</tbody></table></div>"


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else escape(str(value))


def _streams(streams: dict[str, Facts]) -> Iterator[str]:
    yield "<h2>Streams</h2>"
    if not streams:
        yield '<p class="soft">No stream was read.</p>'
        return
    shown = [name for name in RESULTS if name in _ALWAYS or any(said[name] for said in streams.values())]
    heads = ["stream", "received", *shown, "adds up", "batches", "rows/s"]
    rows = [
        (
            name,
            said["received"],
            *(said[result] for result in shown),
            "yes" if said["adds_up"] else "no",
            said["batches"],
            said["rows_per_second"],
        )
        for name, said in streams.items()
    ]
    yield from _table(heads, rows, numbers=frozenset(range(1, len(heads))))


def _rejects(rejects: list[Facts]) -> Iterator[str]:
    if rejects:
        yield "<h2>Rejects</h2>"
        rows = [
            (said["count"], said["code"], said["stream"], said["column"], said["cure"]) for said in rejects
        ]
        yield from _table(["rows", "code", "stream", "column", "cure"], rows, numbers=frozenset({0}))


def _ddl(ddl: list[str]) -> Iterator[str]:
    yield "<h2>DDL that was run</h2>"
    statements = escape("".join(f"{statement};\n" for statement in ddl))
    yield f"<pre>{statements}</pre>" if ddl else '<p class="soft">None.</p>'


# --- charts


def _throughput(timeline: list[Facts]) -> Iterator[str]:
    """
    Give the rows a second between commits, over the run.
    """
    yield "<h2>Rows a second</h2>"
    points = rates([(said["second"], said["received"]) for said in timeline])
    if not points:
        yield '<p class="soft">Too short to draw: nothing was committed.</p>'
        return
    yield from _chart(points)


def rates(committed: Sequence[tuple[float, int]]) -> list[Point]:
    """
    Return a step for each commit: its rows a second hold from the commit before to its own.

    >>> rates([(1.0, 100), (3.0, 500)])
    [(0.0, 100.0), (1.0, 100.0), (1.0, 200.0), (3.0, 200.0)]
    """
    points: list[Point] = []
    before, had = 0.0, 0
    for second, received in committed:
        if second > before:
            rate = (received - had) / (second - before)
            points += [(before, rate), (second, rate)]
            before, had = second, received
    return points


def _chart(points: list[Point]) -> Iterator[str]:
    most_x, most_y = points[-1][0], _ceiling(max(y for _, y in points))
    plot_width, plot_height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
    base = _TOP + plot_height

    def place(x: float, y: float) -> str:
        return f"{_LEFT + x / most_x * plot_width:.1f},{base - y / most_y * plot_height:.1f}"

    yield f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="rows a second over the run">'
    for n in range(_TICKS + 1):
        y = base - n / _TICKS * plot_height
        yield f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{most_y * n / _TICKS:,.0f}</text>'
        x = _LEFT + n / _TICKS * plot_width
        yield f'<text x="{x:.1f}" y="{_HEIGHT - 8}" text-anchor="middle">{most_x * n / _TICKS:.2g} s</text>'
    curve = " ".join(place(x, y) for x, y in points)
    yield f'<polygon class="area" points="{place(0, 0)} {curve} {place(most_x, 0)}"/>'
    yield f'<polyline class="curve" points="{curve}"/></svg>'


def _ceiling(value: float) -> float:
    """
    Return a round number that is no less.

    >>> [_ceiling(value) for value in (0, 7, 43, 2100)]
    [1.0, 8.0, 60.0, 4000.0]
    """
    step = 1.0
    while value > step * 8:
        step *= 10
    return next((step * n for n in (1, 2, 4, 6, 8) if step * n >= value), step * 8)


def _stages(stages: Facts, elapsed: float) -> Iterator[str]:
    yield "<h2>Where the time went</h2>"
    yield f"<p>Most of it was <b>{escape(stages['bottleneck'])}</b>.</p>"
    seconds = stages["seconds"]
    yield f'<svg viewBox="0 0 {_WIDTH} 84" role="img" aria-label="seconds by stage">'
    for row, (who, names) in enumerate((("reader", READER), ("database", LOADER))):
        y, x = 6 + row * 42, float(_LEFT)
        yield f'<text x="{_LEFT - 8}" y="{y + 19}" text-anchor="end">{who}</text>'
        for name in names:
            width = seconds[name] / elapsed * (_WIDTH - _LEFT - _RIGHT) if elapsed else 0.0
            yield f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="28" fill="{_COLORS[name]}"/>'
            x += width
    yield '</svg><ul class="key">'
    for name in (*READER, *LOADER):
        key = f'<i style="background:{_COLORS[name]}"></i>'
        yield f"<li>{key}{escape(_MEANINGS[name])}, {seconds[name]:.1f} s</li>"
    yield "</ul>"
