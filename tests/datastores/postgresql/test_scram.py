"""The form and the computation; that PostgreSQL computes alike is checked against the real server in test_manager."""

import hashlib
import hmac
from base64 import b64decode

import hypothesis.strategies as st
import pytest
from hypothesis import given

from datastores.postgresql.scram import matches, new_verifier, prepare, verifier

PASSWORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n"), min_size=1, max_size=64)


def test_it_takes_part_in_the_exchange_of_rfc_7677() -> None:
    # RFC 7677, section 3: user "user", password "pencil".
    salt, nonce = "W22ZaJ0SNY7soEsUEjb6gQ==", "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    message = f"n=user,r=rOprNGfwEbeRWgbNEkqO,r={nonce},s={salt},i=4096,c=biws,r={nonce}".encode()
    scheme, parameters, keys = verifier("pencil", b64decode(salt), 4096).split("$")
    assert (scheme, parameters) == ("SCRAM-SHA-256", f"4096:{salt}")
    stored_key, server_key = (b64decode(key) for key in keys.split(":"))
    proof = b64decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
    client_key = bytes(a ^ b for a, b in zip(proof, hmac.digest(stored_key, message, "sha256"), strict=True))
    assert hashlib.sha256(client_key).digest() == stored_key
    assert hmac.digest(server_key, message, "sha256") == b64decode("6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")


@given(PASSWORDS, PASSWORDS)
def test_a_verifier_matches_its_own_password_only(password: str, other: str) -> None:
    stored = verifier(password, b"0123456789abcdef", 1)
    assert matches(stored, password)
    assert matches(stored, other) == (prepare(password) == prepare(other))


def test_two_verifiers_of_one_password_have_different_salts() -> None:
    assert new_verifier("secret") != new_verifier("secret")


@pytest.mark.parametrize("stored", ["", "md5c4f1f7a4", "SCRAM-SHA-512$1:AA==$AA==:AA=="])
def test_another_scheme_matches_nothing(stored: str) -> None:
    assert not matches(stored, "secret")


@pytest.mark.parametrize(
    ("password", "prepared"),
    [
        ("I\N{SOFT HYPHEN}X", "IX"),
        ("\N{FEMININE ORDINAL INDICATOR}", "a"),
        ("\N{ROMAN NUMERAL NINE}", "IX"),
        ("a\N{NO-BREAK SPACE}b", "a b"),
        ("\N{SOFT HYPHEN}", "\N{SOFT HYPHEN}"),
        ("\N{ARABIC LETTER ALEF}1", "\N{ARABIC LETTER ALEF}1"),
        ("é\N{BELL}", "é\N{BELL}"),
    ],
    ids=["mapped away", "normalised", "compatibility", "space", "nothing left", "bidirectional", "prohibited"],
)
def test_passwords_are_prepared_as_postgresql_does(password: str, prepared: str) -> None:
    assert prepare(password) == prepared
