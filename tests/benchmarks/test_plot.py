from xml.etree import ElementTree

from benchmarks.plot import bars
from benchmarks.throughput import Throughput


def test_the_longest_bar_is_the_fastest_engine_and_none_is_what_was_not_measured() -> None:
    picture = bars(
        [
            Throughput("durabase", 0, 50, 50, 50, 4.0),
            Throughput("<other>", 0, 50, 50, 50, 2.0),
            Throughput("third", 0, 50, 50, error="it died"),
        ]
    )
    root = ElementTree.fromstring(picture)  # noqa: S314 - it is ours
    widths = [float(each.attrib["width"]) for each in root.iter("{http://www.w3.org/2000/svg}rect")]
    assert widths[0] == 2 * widths[1]
    assert widths[2] == 0
    assert "not measured" in picture
