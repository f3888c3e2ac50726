"""The variables of the environment: a mistyped one is refused, what Kubernetes makes for a Service is not."""

import pytest
from pydantic import BaseModel

from environment import refuse_unknown
from model.base import BadInput


class Fields(BaseModel):
    cloud: str
    cloud_threads: int | None
    clouds: dict[str, str]
    datastores: tuple[str, ...]


def refuse(name: str, value: str = "s3cret") -> None:
    refuse_unknown({"PATH": "/bin", name: value}, Fields.model_fields)


@pytest.mark.parametrize(
    "name",
    [
        *("DURABASE_CLOUD", "durabase_cloud", "DURABASE_CLOUD_THREADS", "DURABASE_CLOUDS", "DURABASE_CONFIG"),
        *("DURABASE_CLOUDS__LAB__PROVIDER", "DURABASE_DATASTORES__0", "_DURABASE_COMPLETE", "TEMPORAL_ADDRESS"),
    ],
)
def test_settings_and_what_is_not_durabase_s_are_known(name: str) -> None:
    refuse(name)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("DURABASE_CLOWD", "DURABASE_CLOUD"),
        ("durabase_clouds_threads", "DURABASE_CLOUD_THREADS"),
        ("DURABASE_CLOUD__LAB", "DURABASE_CLOUD"),
        ("DURABASE_CLOUD_THREADS__X", "DURABASE_CLOUD_THREADS"),
        ("DURABASE_CONFIGURATION", "DURABASE_CONFIG"),
    ],
)
def test_a_mistyped_one_is_refused_with_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(BadInput) as refused:
        refuse(name)
    assert str(refused.value) == f"{name} is not a setting: the nearest that is one is {nearest}"


@pytest.mark.parametrize("name", ["DURABASE_", "DURABASE_\n", "DURABASE_\udcff", "DURABASE_" + "X" * 9])
def test_no_value_is_shown_and_the_sentence_is_one_line(name: str) -> None:
    with pytest.raises(BadInput) as refused:
        refuse(name)
    assert "s3cret" not in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DURABASE_SERVICE_HOST", "10.0.0.7"),
        ("DURABASE_SERVICE_PORT", "8234"),
        ("DURABASE_CODEC_SERVICE_PORT_HTTP", "8234"),
        ("DURABASE_PORT", "tcp://10.0.0.7:8234"),
        ("DURABASE_CODEC_PORT_8234_TCP", "tcp://10.0.0.7:8234"),
        ("DURABASE_PORT_8234_TCP_PROTO", "tcp"),
    ],
)
def test_a_service_of_kubernetes_may_be_named_durabase(name: str, value: str) -> None:
    refuse(name, value)


def test_a_port_that_is_no_service_s_is_refused() -> None:
    with pytest.raises(BadInput, match=r"^DURABASE_CODEC_PORT is not a setting"):
        refuse("DURABASE_CODEC_PORT", "8234")
