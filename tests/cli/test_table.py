"""What people read."""

from datetime import timedelta

import pytest
from rich.console import Console

from cli.table import cluster_table, fault_sentence, gibibytes, span, waits
from cli.times import clock
from cli.view import ClusterView, cluster_view, with_probes
from model.cluster import Fault, FilesystemStats, OperatingStatus, Probe, Status
from tests.cli.samples import LATER, NOW, attributes, building, pending, record

LONG = "start postgresql on orders-1 failed with exit code 1: " + "word " * 100 + "\nlast words"


def shown(view: ClusterView, width: int | None = None, brief: bool = False) -> str:
    console = Console(width=width or 10_000, highlight=False)
    with console.capture() as capture:
        console.print(cluster_table(view, NOW, width, brief))
    return capture.get()


def test_a_standing_cluster_shows_addresses() -> None:
    lines = shown(cluster_view(attributes(), record(), None, ())).splitlines()
    assert lines[0] == "orders  provision  ACTIVE  postgresql 18 on here"
    assert lines[1].split() == ["member", "role", "status", "address"]
    assert lines[2].split() == ["orders-1", "primary", "ACTIVE", "127.1.1.1:5432"]


def test_a_build_shows_steps_and_its_deadline() -> None:
    view = building(pending("prepare", "orders-1"), deadline=NOW + timedelta(minutes=20))
    lines = shown(view).splitlines()
    assert lines[0].endswith(f"until {clock(NOW + timedelta(minutes=20))} (20 min left)")
    assert lines[1].split() == ["member", "role", "status", "step", "progress", "attempt"]
    assert lines[2].split() == ["orders-1", "primary", "BUILD", "prepare", "0", "%", "1"]


def test_a_wait_that_fits_stands_beside_its_member() -> None:
    lines = shown(building(pending("prepare", "orders-1", note="waits for x")), width=100).splitlines()
    assert lines[1].endswith("last error / waits for")
    assert lines[2].endswith("waits for x")


def test_a_wait_that_does_not_fit_stands_below_and_is_not_cut() -> None:
    view = building(pending("prepare", "orders-1", attempt=2, failure=LONG, next_retry=LATER))
    for width in (80, None):
        lines = shown(view, width).splitlines()
        below = lines[lines.index(next(line for line in lines if line.startswith("orders-1"))) + 1 :]
        text = " ".join(" ".join(line.strip() for line in below if line.startswith("    ")).split())
        assert text.startswith(f"again at {clock(LATER)} (in 30 s); last error: start postgresql on orders-1")
        assert text.count("word ") == 100
        assert text.endswith("last words")


def test_a_brief_error_keeps_its_beginning_and_its_end() -> None:
    member = building(pending("prepare", "orders-1", attempt=2, failure=LONG)).members[0]
    said = waits(member, brief=True)
    assert said.startswith("last error: start postgresql on orders-1 failed with exit code 1: word")
    assert said.endswith("word last words")
    assert " … " in said
    assert "\n" not in said


def test_a_fault_is_said_once() -> None:
    fault = Fault(member="orders-2", step="prepare", message="no space", attempt=3, at=NOW)
    sentence = f"failed at prepare of orders-2, attempt 3, {clock(NOW)}: no space"
    view = cluster_view(attributes(), record(Status.FAILED, fault=fault), None, ())
    assert fault_sentence(fault) == sentence
    assert shown(view).count(sentence) == 1
    assert shown(view).splitlines()[1].split() == ["member", "role", "status", "step", "address"]
    assert sentence not in shown(view, brief=True)


def test_a_fault_of_the_whole_cluster_names_no_member() -> None:
    fault = Fault(member=None, step="plan", message="refused", attempt=None, at=NOW)
    assert fault_sentence(fault) == f"failed at plan, {clock(NOW)}: refused"


def test_a_probe_shows_who_answers_and_how_full_the_volume_is() -> None:
    stats = FilesystemStats(total=10 * 1024**3, used=1024**3, free=9 * 1024**3)
    probes = [
        Probe(member="orders-1", operating_status=OperatingStatus.HEALTHY, filesystem=stats),
        Probe(member="orders-2", operating_status=OperatingStatus.UNKNOWN, filesystem=None, error="no route"),
    ]
    lines = shown(with_probes(cluster_view(attributes(), record(), None, ()), probes)).splitlines()
    assert lines[2].endswith("HEALTHY  1.0 GiB of 10.0 GiB used")
    assert lines[3].endswith("UNKNOWN  no route")


def test_a_probe_says_why_a_member_is_not_healthy() -> None:
    stats = FilesystemStats(total=10 * 1024**3, used=1024**3, free=9 * 1024**3)
    status = OperatingStatus.CRASHED
    probes = [Probe(member="orders-2", operating_status=status, reason="its slot is lost", filesystem=stats)]
    probed = with_probes(cluster_view(attributes(), record(), None, ()), probes)
    lines = shown(probed).splitlines()
    assert lines[1].endswith("why")
    assert lines[3].endswith("CRASHED  1.0 GiB of 10.0 GiB used  its slot is lost")
    assert shown(probed, 80).splitlines()[4] == "    its slot is lost"


@pytest.mark.parametrize(("seconds", "text"), [(-5, "0 s"), (0.6, "1 s"), (89, "89 s"), (150, "2 min"), (7300, "2 h")])
def test_spans(seconds: float, text: str) -> None:
    assert span(seconds) == text


def test_gibibytes() -> None:
    assert gibibytes(3 * 1024**3 // 2) == "1.5 GiB"
