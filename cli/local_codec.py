"""The codec endpoint of the embedded default: for the local Web UI alone, on loopback, with the local keys."""

import asyncio
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from cli.codec import serve
from cli.daemon import Daemon
from cli.dev_server import HOST, free_port, port_of
from cli.exits import run
from cli.voice import Failed
from settings import load_settings
from temporal.logs import log_to_stderr

CODEC_FILE = "codec.address"
"""In the state directory: where the Web UI looks for the codec endpoint."""

PORT = 8234
START_SECONDS = 60.0
STOP_SECONDS = 15.0
POLL_SECONDS = 0.1


def daemon(state_dir: Path) -> Daemon:
    """Return the codec endpoint's process."""
    return Daemon("codec", state_dir)


async def start(state_dir: Path, web_ui: str) -> str:
    """Start the codec endpoint for a Web UI, wait until it answers, and return its address. Raises Failed.

    One that died comes back where its Web UI looks for it.
    """
    server, file = daemon(state_dir), state_dir / CODEC_FILE
    address = f"{HOST}:{port_of(file) or free_port(PORT)}"
    server.start([sys.executable, "-P", "-m", "cli.local_codec", address, web_ui])
    ends = time.monotonic() + START_SECONDS
    while server.runs and time.monotonic() < ends:
        if await _answers(address, web_ui):
            file.write_text(f"{address}\n")
            return f"http://{address}"
        await asyncio.sleep(POLL_SECONDS)
    words = server.last_words()
    server.stop(STOP_SECONDS)
    raise Failed(f"the codec endpoint did not start; {server.log} ends with:\n{words}")


def stop(state_dir: Path) -> None:
    """Stop the codec endpoint."""
    daemon(state_dir).stop(STOP_SECONDS)
    (state_dir / CODEC_FILE).unlink(missing_ok=True)


async def _answers(address: str, web_ui: str) -> bool:
    """Return whether a page of the Web UI may ask there."""
    # Imported here: aiohttp takes a third of a second, and every command would pay it.
    from aiohttp import ClientError, ClientSession

    try:
        async with (
            ClientSession(headers={"Origin": web_ui}) as session,
            session.options(f"http://{address}/decode") as response,
        ):
            return response.headers.get("Access-Control-Allow-Origin") == web_ui
    except (ClientError, OSError):
        return False


def _main(
    address: Annotated[str, typer.Argument(help="Where to listen, host:port.")],
    web_ui: Annotated[str, typer.Argument(help="The Web UI's address.")],
) -> None:
    """Serve the local Web UI, which people also open as localhost. It knows no token, so none is demanded."""
    settings = load_settings()
    log_to_stderr(log_format=settings.log_format)
    serve(settings.payload_ring(), address, [web_ui, web_ui.replace(HOST, "localhost")], token=None)


if __name__ == "__main__":
    app = typer.Typer()
    app.command()(_main)
    sys.exit(run(app, sys.argv[1:], "codec"))
