"""The picture of table 2: a bar for each engine and number in flight, as SVG written by hand. Pure."""

from collections.abc import Sequence
from html import escape

from benchmarks.throughput import Throughput

WIDTH, LEFT, BAR, GAP = 720, 190, 16, 22
COLOURS = {"durabase": "#1f6feb"}
OTHERS = "#8b949e"


def bars(results: Sequence[Throughput]) -> str:
    """Return clusters per second as horizontal bars, in groups of one build time and number in flight."""
    most = max((each.per_second for each in results), default=0) or 1
    lines, y, group = [], 10, None
    for each in sorted(results, key=lambda each: (each.build, each.in_flight)):
        if (each.build, each.in_flight) != group:
            group = (each.build, each.in_flight)
            y += GAP
            lines.append(
                f'<text x="10" y="{y}" font-weight="bold">{each.in_flight} in flight, build {each.build:g} s</text>'
            )
            y += 8
        width = each.per_second / most * (WIDTH - LEFT - 90)
        label = "not measured" if each.error else f"{each.per_second:.1f}/s"
        colour = COLOURS.get(each.engine, OTHERS)
        lines += [
            f'<text x="{LEFT - 8}" y="{y + 12}" text-anchor="end">{escape(each.engine)}</text>',
            f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR - 3}" fill="{colour}"/>',
            f'<text x="{LEFT + width + 6:.1f}" y="{y + 12}">{label}</text>',
        ]
        y += BAR
    size = f'width="{WIDTH}" height="{y + 12}" viewBox="0 0 {WIDTH} {y + 12}"'
    title = "<title>clusters per second, more is better</title>"
    body = "\n".join(lines)
    font = 'font-family="sans-serif" font-size="12"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {font}>\n{title}\n{body}\n</svg>\n'
