"""What is said of a server that speaks TLS, or does not, against what the configuration says."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from temporalio.testing import WorkflowEnvironment

from connection import connect
from plugin import DurabasePlugin
from temporal.client import NoTemporal
from tests.keys_for_tests import PAYLOAD_KEYS


@pytest.fixture(autouse=True)
def _no_profile_of_whoever_runs_the_tests(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(tmp_path / "temporal.toml"))


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def certificate(folder: Path) -> Path:
    """Write a certificate for 127.0.0.1 and its key, and the authority that signed it beside them; return its path."""
    authority, signer = named("authority"), ec.generate_private_key(ec.SECP256R1())
    key, begin = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC) - timedelta(hours=1)

    def signed(subject: x509.Name, public: ec.EllipticCurvePublicKey, is_authority: bool) -> bytes:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(authority)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(begin + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        )
        return builder.sign(signer, hashes.SHA256()).public_bytes(Encoding.PEM)

    (folder / "authority.pem").write_bytes(signed(authority, signer.public_key(), True))
    leaf = folder / "server.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    leaf.write_bytes(private + signed(named("server"), key.public_key(), False))
    return leaf


@asynccontextmanager
async def tls_server(folder: Path, *, client_certificate: bool = False) -> AsyncIterator[str]:
    """Give the address of a server that ends TLS, as one before Temporal does."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate(folder))
    context.set_alpn_protocols(["h2"])
    if client_certificate:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(folder / "authority.pem")

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(hold, "127.0.0.1", 0, ssl=context) as server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def said(state_dir: Path, monkeypatch: pytest.MonkeyPatch, address: str, **variables: str) -> str:
    for name, value in {"ADDRESS": address, **variables}.items():
        monkeypatch.setenv(f"TEMPORAL_{name}", value)
    with pytest.raises(NoTemporal) as refused:
        await connect(state_dir, DurabasePlugin(PAYLOAD_KEYS))
    sentence = str(refused.value)
    assert len(sentence.splitlines()) == 1
    assert "transport" not in sentence
    return sentence.removeprefix(f"Temporal at {address} cannot be used: ")


@pytest.mark.parametrize(
    ("variables", "asker"),
    [({"TLS": "true"}, "TEMPORAL_TLS, or the profile in temporal.toml,"), ({"API_KEY": "secret"}, "an API key")],
)
async def test_a_server_without_tls_is_told_apart(
    temporal: WorkflowEnvironment,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    asker: str,
) -> None:
    address = temporal.client.service_client.config.target_host
    sentence = f"it does not speak TLS, which {asker} turns on (TEMPORAL_TLS=false)"
    assert await said(tmp_path, monkeypatch, address, **variables) == sentence
    monkeypatch.setenv("TEMPORAL_TLS", "false")
    await connect(tmp_path, DurabasePlugin(PAYLOAD_KEYS))


async def test_a_server_with_tls_is_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with tls_server(tmp_path) as address:
        spoken = await said(tmp_path, monkeypatch, address)
        untrusted = await said(tmp_path, monkeypatch, address, TLS="true")
    assert spoken == "it speaks TLS only, and TEMPORAL_TLS=true is not set"
    assert untrusted.startswith("its certificate is not accepted (UnknownIssuer); TEMPORAL_TLS_SERVER_CA_CERT_PATH")


async def test_a_client_certificate_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with tls_server(tmp_path, client_certificate=True) as address:
        authority = {"TLS": "true", "TLS_SERVER_CA_CERT_PATH": str(tmp_path / "authority.pem")}
        sentence = await said(tmp_path, monkeypatch, address, **authority)
    assert sentence.startswith("it breaks the connection off, as a server does that asks for a client certificate (")


async def test_an_address_that_is_set_is_not_to_be_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int
) -> None:
    address = f"127.0.0.1:{unused_tcp_port}"
    assert await said(tmp_path, monkeypatch, address) == (
        f"Temporal does not answer at {address} (Connection refused); "
        "TEMPORAL_ADDRESS, or the profile in temporal.toml, names it"
    )
