"""`codec`: the codec endpoint, by which the Web UI and Temporal's CLI read what only the payload keys can read."""

import logging
import os
from collections.abc import Sequence
from ipaddress import ip_address

from cli.voice import DONE, Failed
from model.base import refusal
from settings import Settings, load_settings
from temporal.codec import PayloadKeys
from temporal.logs import log_to_stderr

STOP_SECONDS = 5.0
"""What a request that is being answered may take when the endpoint stops."""

logger = logging.getLogger("durabase.codec")


def codec() -> int:
    """Show payloads plainly to Temporal's Web UI and CLI: Temporal's codec endpoint, until SIGTERM or Ctrl-C."""
    settings = load_settings()
    log_to_stderr(log_format=settings.log_format)
    serve(settings.payload_ring(), settings.codec_address, settings.codec_origins, _token(settings))
    return DONE


def serve(ring: PayloadKeys, address: str, origins: Sequence[str], token: str | None) -> None:
    """Serve the codec endpoint at `host:port` until SIGTERM or SIGINT. Raises Failed if it cannot listen there.

    Without a token it serves this process's user alone.
    """
    # Imported here: aiohttp takes a third of a second, and every command would pay it.
    from aiohttp import web

    from temporal.codec_server import Access, CodecServer

    # Its lines would repeat a malformed request, token included.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    host, _, port = address.rpartition(":")
    # A token is a secret of its own, by which a proxy of another user asks.
    uid = os.getuid() if token is None else None
    server = CodecServer(ring, Access(tuple(origins), _is_loopback(address), token, uid))
    logger.info("the codec endpoint is http://%s, for %s", address, ", ".join(origins) or "no Web UI (codec_origins)")
    try:
        web.run_app(
            server.app(),
            host=host.strip("[]"),
            port=int(port),
            access_log=None,
            print=None,
            shutdown_timeout=STOP_SECONDS,
        )
    except OSError as error:
        raise Failed(f"the codec endpoint cannot listen on {address}: {error.strerror}") from error


def _token(settings: Settings) -> str | None:
    """Return the token that is demanded. Raises BadInput where the endpoint would be open to other hosts."""
    if settings.codec_token is None and not _is_loopback(settings.codec_address):
        raise refusal("codec_address", settings.codec_address, "a loopback address as long as there is no codec_token")
    return settings.codec_token


def _is_loopback(address: str) -> bool:
    return ip_address(address.rpartition(":")[0].strip("[]")).is_loopback
