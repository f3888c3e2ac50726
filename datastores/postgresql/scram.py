"""SCRAM-SHA-256 verifiers, made on our side so that a plain password is in no statement, log or plan.

Forms and computations: RFC 5802, 5803 and 7677; password preparation as PostgreSQL does it (src/common/saslprep.c).
"""

import base64
import hashlib
import hmac
import secrets
import stringprep
import unicodedata

ITERATIONS = 4096
"""PostgreSQL's default (`scram_iterations`) and RFC 7677's least."""

SALT_BYTES = 16
SCHEME = "SCRAM-SHA-256"


def new_verifier(password: str) -> str:
    """Return a password's verifier with a fresh salt, as `ALTER ROLE … PASSWORD` takes it."""
    return verifier(password, secrets.token_bytes(SALT_BYTES), ITERATIONS)


def verifier(password: str, salt: bytes, iterations: int) -> str:
    """Return a password's verifier for a given salt."""
    salted = hashlib.pbkdf2_hmac("sha256", prepare(password).encode(), salt, iterations)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    stored_key = hashlib.sha256(client_key).digest()
    return f"{SCHEME}${iterations}:{_base64(salt)}${_base64(stored_key)}:{_base64(server_key)}"


def matches(stored: str, password: str) -> bool:
    """Return whether a stored verifier (`pg_authid.rolpassword`) is the password's; False for another scheme."""
    parts = stored.split("$")
    if len(parts) != 3 or parts[0] != SCHEME:
        return False
    iterations, _, salt = parts[1].partition(":")
    return hmac.compare_digest(stored, verifier(password, base64.b64decode(salt), int(iterations)))


def prepare(password: str) -> str:
    """Prepare a password by SASLprep (RFC 4013); one that SASLprep prohibits is taken as it is, as PostgreSQL does.

    PostgreSQL looks for prohibited characters before the normalisation, not after: so does this.
    """
    if password.isascii():
        return password
    mapped = "".join(
        " " if stringprep.in_table_c12(char) else char
        for char in password
        if stringprep.in_table_c12(char) or not stringprep.in_table_b1(char)
    )
    if not mapped or any(_is_prohibited(char) for char in mapped) or not _is_bidirectionally_sound(mapped):
        return password
    return unicodedata.normalize("NFKC", mapped)


def _is_prohibited(char: str) -> bool:
    tables = (
        *(stringprep.in_table_c12, stringprep.in_table_c21_c22, stringprep.in_table_c3, stringprep.in_table_c4),
        *(stringprep.in_table_c5, stringprep.in_table_c6, stringprep.in_table_c7, stringprep.in_table_c8),
        *(stringprep.in_table_c9, stringprep.in_table_a1),
    )
    return any(is_in(char) for is_in in tables)


def _is_bidirectionally_sound(text: str) -> bool:
    right_to_left = [stringprep.in_table_d1(char) for char in text]
    if not any(right_to_left):
        return True
    return right_to_left[0] and right_to_left[-1] and not any(stringprep.in_table_d2(char) for char in text)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
