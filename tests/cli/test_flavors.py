"""`flavors`, of the real local cloud and of one that is not there."""

import json

import pytest

from cli.flavors import flavors, flavors_lines
from model.base import BadInput
from model.cloud import Flavor
from providers.local.provider import FLAVORS


def test_a_cloud_s_flavors_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert flavors("local", json=True) == 0
    assert json.loads(capsys.readouterr().out) == [flavor.model_dump() for flavor in FLAVORS]
    assert flavors() == 0
    header, small, *others = capsys.readouterr().out.splitlines()
    assert header.split() == ["name", "vcpus", "memory", "disk"]
    assert small.split() == ["small", "1", "512", "MiB", "1", "GiB"]
    assert len(others) == len(FLAVORS) - 1


def test_an_id_that_is_no_name_is_shown() -> None:
    lines = flavors_lines([Flavor(id="42", name="m1.tiny", vcpus=1, memory=512, disk=0), FLAVORS[0]])
    assert [line.plain.split()[-1] for line in lines] == ["id", "42", "GiB"]


def test_an_unknown_cloud_and_an_unknown_provider_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadInput, match=r"^cloud 'mars' is not allowed: it must be one of local-"):
        flavors("mars")
    monkeypatch.setenv("DURABASE_CLOUDS__LAB__PROVIDER", "aws")
    with pytest.raises(BadInput, match=r"^clouds.lab.provider 'aws' is not allowed: it must be one of .*local"):
        flavors("lab")
