"""How a connection is configured; that it connects is tested against a real cloud."""

from pathlib import Path

import pytest

from model.base import BadInput
from providers.openstack.connection import Connection
from providers.openstack.options import Interface
from providers.openstack.patience import CALL_SECONDS, PatientAdapter
from tests.providers.openstack.samples import OPTIONS

CLOUDS = """
clouds:
  lab:
    auth: {auth_url: "http://127.0.0.1:1/v3", username: demo, password: secret, project_name: demo,
           user_domain_name: Default, project_domain_name: Default}
    region_name: RegionOne
"""


@pytest.fixture(autouse=True)
def clouds_yaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "clouds.yaml"
    path.write_text(CLOUDS)
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(path))
    return path


def test_every_call_has_a_timeout_and_our_adapter() -> None:
    session = Connection("lab", OPTIONS).session
    assert session.timeout == CALL_SECONDS
    for scheme in ("http", "https"):
        assert isinstance(session.session.get_adapter(f"{scheme}://cloud.example.org/"), PatientAdapter)


def test_every_call_that_meets_a_forgotten_token_is_sent_again_not_only_the_first() -> None:
    session = Connection("lab", OPTIONS).session
    assert [session.invalidate(), session.invalidate()] == [True, True]


def test_a_cloud_may_have_another_name_in_clouds_yaml() -> None:
    options = OPTIONS.model_copy(update={"os_cloud": "lab"})
    assert Connection("production", options).session.timeout == CALL_SECONDS


@pytest.mark.parametrize("name", ["mars", None])
def test_a_cloud_that_clouds_yaml_does_not_have_is_refused(name: str | None) -> None:
    options = OPTIONS.model_copy(update={"os_cloud": name})
    with pytest.raises(
        BadInput, match=r"^clouds.mars.options.os_cloud 'mars' cannot be used: Cloud mars was not found"
    ):
        Connection("mars", options)


def test_a_cloud_without_credentials_is_refused(clouds_yaml: Path) -> None:
    clouds_yaml.write_text("clouds: {lab: {auth: {username: demo}}}")
    with pytest.raises(BadInput, match=r"^clouds.lab.options.os_cloud 'lab' cannot be used: "):
        Connection("lab", OPTIONS)


def test_region_interface_and_other_endpoints_than_the_catalogue_s(clouds_yaml: Path) -> None:
    overrides = {"compute": "http://nova.example.org/v2.1", "network": "http://neutron.example.org"}
    lines = [f"    {service}_endpoint_override: {url}\n" for service, url in overrides.items()]
    regions = CLOUDS.replace("region_name: RegionOne", "regions: [RegionOne, RegionTwo]")
    clouds_yaml.write_text(regions + "".join(lines))
    options = OPTIONS.model_copy(update={"region": "RegionTwo", "interface": Interface.INTERNAL})
    connection = Connection("lab", options)
    nova = connection._client("2.1").client
    assert (nova.endpoint_override, nova.region_name, nova.interface) == (
        overrides["compute"],
        "RegionTwo",
        Interface.INTERNAL,
    )
    config = connection.sdk.config
    assert (config.get_endpoint("network"), config.get_region_name(), config.get_interface("volume")) == (
        overrides["network"],
        "RegionTwo",
        "internal",
    )
