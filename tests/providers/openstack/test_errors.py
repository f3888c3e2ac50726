"""Each client library's failures, in the cloud's own words: refused for good, or something that may pass."""

import keystoneauth1.exceptions
import openstack.exceptions
import pytest
import requests
from novaclient import exceptions as nova_exceptions

from model.errors import ProviderError, ProviderRefused
from providers.openstack.errors import failure_of, is_refusal, typed


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 413, 422])
def test_what_the_client_did_wrong_is_refused(status: int) -> None:
    assert is_refusal(status, "Quota exceeded for cores")


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_what_may_pass_is_not_refused(status: int) -> None:
    assert not is_refusal(status, "busy")


def test_a_conflict_with_what_a_server_is_at_may_pass() -> None:
    assert not is_refusal(409, "Cannot 'attach_volume' instance s-1 while it is in vm_state building")


def sdk_error(status: int, details: str) -> openstack.exceptions.HttpException:
    response = requests.Response()
    response.status_code = status
    response.url = "http://cloud.example.org/volumes"
    return openstack.exceptions.HttpException(message="Error", response=response, details=details)


@pytest.mark.parametrize(
    ("error", "words", "retryable"),
    [
        (nova_exceptions.Forbidden(403, "Quota exceeded for cores"), "Quota exceeded for cores (HTTP 403)", False),
        (nova_exceptions.ClientException(500, "Unexpected API Error"), "Unexpected API Error (HTTP 500)", True),
        (sdk_error(413, "VolumeLimitExceeded: 10"), "VolumeLimitExceeded: 10", False),
        (sdk_error(503, "no backend\n is up"), "no backend is up", True),
        (keystoneauth1.exceptions.ConnectTimeout("Request timed out"), "Request timed out", True),
        (keystoneauth1.exceptions.ConnectFailure("Unable to establish connection"), "Unable to establish", True),
        (keystoneauth1.exceptions.Unauthorized("wrong password"), "wrong password (HTTP 401)", False),
        (keystoneauth1.exceptions.EndpointNotFound("no endpoint of volumev3"), "no endpoint of volumev3", False),
    ],
)
def test_a_failure_keeps_the_cloud_s_words(error: Exception, words: str, retryable: bool) -> None:
    failure = failure_of("lab", error)
    assert str(failure).startswith(f"cloud lab: {words}")
    assert failure.retryable is retryable


def met(error: BaseException | None) -> keystoneauth1.exceptions.DiscoveryFailure:
    failure = keystoneauth1.exceptions.DiscoveryFailure("Please check that your auth_url is correct.")
    failure.__context__ = error
    return failure


UNTRUSTED = "SSL exception connecting to https://x: [SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate"
NO_TLS = "SSL exception connecting to https://x: [SSL: WRONG_VERSION_NUMBER] wrong version number"


@pytest.mark.parametrize(
    ("error", "retryable"),
    [
        (keystoneauth1.exceptions.SSLError(UNTRUSTED), False),
        (keystoneauth1.exceptions.SSLError(NO_TLS), False),
        (keystoneauth1.exceptions.SSLError("SSL exception: EOF occurred in violation of protocol"), True),
        (met(keystoneauth1.exceptions.NotFound()), False),
        (met(keystoneauth1.exceptions.SSLError(UNTRUSTED)), False),
        (met(keystoneauth1.exceptions.ServiceUnavailable()), True),
        (met(keystoneauth1.exceptions.ConnectFailure("Unable to establish connection")), True),
        (met(None), True),
        (openstack.exceptions.ServiceDisabledException("not present in the service catalog"), False),
    ],
)
def test_a_cloud_that_is_misconfigured_for_good_is_refused_at_once(error: Exception, retryable: bool) -> None:
    assert failure_of("lab", error).retryable is retryable


class Lab:
    cloud = "lab"

    @typed
    def fail(self, error: Exception) -> None:
        raise error


def test_a_method_raises_typed_failures_and_leaves_bugs_alone() -> None:
    with pytest.raises(ProviderRefused, match=r"^cloud lab: no such image"):
        Lab().fail(nova_exceptions.NotFound(404, "no such image"))
    with pytest.raises(ProviderError, match=r"^mine$"):
        Lab().fail(ProviderError("mine"))
    with pytest.raises(KeyError):
        Lab().fail(KeyError("bug"))
