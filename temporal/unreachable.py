"""Why Temporal cannot be reached, in words for people: the SDK's transport wraps them in several of its own."""

import asyncio
import re
import ssl
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from temporalio.envconfig import ClientConfig

PROBE_SECONDS = 2.0

BROKEN_OFF = ("CertificateRequired", "transport error", "operation was canceled")
"""rustls' word for the alert that says so, and tonic's and hyper's for a connection that ends before it is read."""

START_ONE = "run `durabase up` for a local one, or set TEMPORAL_ADDRESS"
NAMED = "TEMPORAL_ADDRESS, or the profile in temporal.toml, names it"


async def why_unreachable(config: Mapping[str, Any], error: Exception, seconds: float) -> str:
    """Return the sentence on a failed connection by these arguments of Client.connect, which was given so many seconds.

    What a server without an answer speaks is found out by asking it for TLS.
    """
    address, words = str(config["target_host"]), str(error)
    if isinstance(error, TimeoutError):
        reason = f"no answer within {seconds:g} s"
    elif "InvalidContentType" in words:
        asker = "an API key" if config.get("api_key") else "TEMPORAL_TLS, or the profile in temporal.toml,"
        return (
            f"Temporal at {address} cannot be used: it does not speak TLS, which {asker} turns on (TEMPORAL_TLS=false)"
        )
    elif bad := re.search(r"InvalidCertificate\((\w+)", words):
        return (
            f"Temporal at {address} cannot be used: its certificate is not accepted ({bad[1]}); "
            "TEMPORAL_TLS_SERVER_CA_CERT_PATH names the authority that signed it"
        )
    elif config.get("tls") and any(each in words for each in BROKEN_OFF):
        return (
            f"Temporal at {address} cannot be used: it breaks the connection off, as a server does that asks "
            "for a client certificate (TEMPORAL_TLS_CLIENT_CERT_PATH, TEMPORAL_TLS_CLIENT_KEY_PATH)"
        )
    elif not config.get("tls") and await _speaks_tls(address):
        return f"Temporal at {address} cannot be used: it speaks TLS only, and TEMPORAL_TLS=true is not set"
    else:
        inner = re.search(r'(?:message|error): "([^"]+)"', words)
        reason = inner[1].replace("transport error", "it broke the connection off") if inner else words
    configured = ClientConfig.load_client_connect_config().get("target_host") == address
    return f"Temporal does not answer at {address} ({reason}); {NAMED if configured else START_ONE}"


async def _speaks_tls(address: str) -> bool:
    """Return whether what listens there takes part in a TLS handshake; whose certificate it has does not matter."""
    host, _, port = address.rpartition(":")
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    with suppress(OSError, ValueError, TimeoutError):
        async with asyncio.timeout(PROBE_SECONDS):
            _, writer = await asyncio.open_connection(host.strip("[]"), int(port), ssl=context)
            writer.close()
            return True
    return False
