"""What a failed call means: refused for good, or something that may pass. The one place that decides it."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

import keystoneauth1.exceptions
import openstack.exceptions
from novaclient import exceptions as nova_exceptions

from model.errors import ProviderError, ProviderRefused

TOO_BUSY = frozenset({408, 425, 429})
"""The only answers of 4xx that ask for the same request again, later."""

PASSING_CONFLICT = "while it is in"
"""How Nova begins to say which state of a server forbids a request (nova.exception.InstanceInvalidState, HTTP 409)."""

FAILURES = (
    keystoneauth1.exceptions.ClientException,
    openstack.exceptions.SDKException,
    nova_exceptions.ClientException,
    nova_exceptions.UnsupportedVersion,
)

WRONG_CONFIGURATION = (
    keystoneauth1.exceptions.CatalogException,
    keystoneauth1.exceptions.AuthPluginException,
    openstack.exceptions.ConfigException,
    nova_exceptions.UnsupportedVersion,
)
"""Failures without an HTTP status that no later attempt could mend: no endpoint of a service, missing credentials."""

WRONG_TLS = ("CERTIFICATE_VERIFY_FAILED", "WRONG_VERSION_NUMBER")
"""OpenSSL's words for a certificate that is not trusted, and for a server that does not speak TLS there."""

P = ParamSpec("P")
T = TypeVar("T")


class _Named(Protocol):
    cloud: str


Self = TypeVar("Self", bound=_Named)


def typed(method: Callable[Concatenate[Self, P], T]) -> Callable[Concatenate[Self, P], T]:
    """Make a provider's method raise ProviderRefused and ProviderError, in the cloud's own words, and nothing else."""

    @wraps(method)
    def call(self: Self, /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(self, *args, **kwargs)
        except FAILURES as error:
            raise failure_of(self.cloud, error) from error

    return call


def failure_of(cloud: str, error: Exception) -> ProviderError:
    """Return what to raise for what a client library raised.

    A request whose answer never came may have taken effect: it is a ProviderError, and who asked looks again.
    """
    status, words = status_of(error), words_of(error)
    refused = is_misconfigured(error) if status is None else is_refusal(status, words)
    return (ProviderRefused if refused else ProviderError)(f"cloud {cloud}: {words}")


def is_misconfigured(error: BaseException | None) -> bool:
    """Return whether a failure without an HTTP status is one that no later attempt could mend."""
    if isinstance(error, keystoneauth1.exceptions.DiscoveryFailure):
        # It says "check that your auth_url is correct" of a Keystone that is down, too: what it met tells them apart.
        met = error.__context__
        status = status_of(met)
        return is_misconfigured(met) if status is None else is_refusal(status, str(met))
    if isinstance(error, keystoneauth1.exceptions.SSLError):
        return any(words in str(error).upper().replace(" ", "_") for words in WRONG_TLS)
    return isinstance(error, WRONG_CONFIGURATION)


def is_refusal(status: int, words: str) -> bool:
    """Return whether an HTTP status says that the same request will never be taken; quotas are 403, 409 or 413."""
    return 400 <= status < 500 and status not in TOO_BUSY and not (status == 409 and PASSING_CONFLICT in words)


def status_of(error: BaseException | None) -> int | None:
    """Return the HTTP status that a client library's exception carries, None if there was no answer."""
    for name in ("http_status", "status_code", "code"):
        status = getattr(error, name, None)
        if isinstance(status, int) and status:
            return status
    return None


def words_of(error: Exception) -> str:
    """Return the cloud's own words, on one line, without the URL that the library puts before them."""
    words = error.details if isinstance(error, openstack.exceptions.HttpException) and error.details else str(error)
    return " ".join(words.split()) or type(error).__name__
