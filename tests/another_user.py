"""A process of another user of this host: real for root; a plain user stands in for it where whose it is can be set."""

import os
import subprocess
from urllib.parse import urlsplit

NOBODY = 65534
SECONDS = 60


def owner() -> int:
    """Return the user whose things `posted` is not allowed to use: this one, or one that this plain user is not."""
    return os.getuid() and os.getuid() + 1


def posted(url: str, body: str) -> str:
    """Return the whole answer to a POST by another user: with what every Debian has, whatever that user may read."""
    parts = urlsplit(url)
    head = f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n"
    asked = subprocess.run(
        ["bash", "-c", f"exec 3<>/dev/tcp/{parts.hostname}/{parts.port} && cat >&3 && cat <&3"],
        input=f"{head}Content-Length: {len(body)}\r\n\r\n{body}",
        user=NOBODY if os.getuid() == 0 else None,
        cwd="/",
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    return asked.stdout
