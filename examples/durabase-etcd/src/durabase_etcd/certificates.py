"""The members' certificates, for traffic between members only; derived, so that a second run writes the same bytes."""

from datetime import UTC, datetime
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from datastores.context import InstanceContext, address_of
from durabase_etcd import layout

CA = "durabase"
BEGINS = datetime(2020, 1, 1, tzinfo=UTC)
ENDS = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
"""No certificate ends while its cluster lives (RFC 5280, 4.1.2.5): the cluster's key is what is rotated."""

LOOPBACK = ip_address("127.0.0.1")


def files(context: InstanceContext) -> dict[str, str]:
    """Return the member's certificate, its key and the cluster's CA: path to content."""
    ca_key, key = context.secrets.private_key("ca"), context.secrets.private_key(f"peer/{context.instance.name}")
    certificate = _certificate(context.instance.name, key.public_key(), ca_key, address_of(context.instance))
    pem, form = Encoding.PEM, PrivateFormat.PKCS8
    return {
        context.guest.path(layout.CA_FILE): _certificate(CA, ca_key.public_key(), ca_key),
        context.guest.path(layout.CERTIFICATE_FILE): certificate,
        context.guest.path(layout.KEY_FILE): key.private_bytes(pem, form, NoEncryption()).decode(),
    }


def _certificate(name: str, key: Ed25519PublicKey, ca_key: Ed25519PrivateKey, address: str | None = None) -> str:
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(CA))
        .public_key(key)
        .serial_number(1 if address is None else int(ip_address(address)) + 2)
        .not_valid_before(BEGINS)
        .not_valid_after(ENDS)
        .add_extension(x509.BasicConstraints(ca=address is None, path_length=None), critical=True)
    )
    if address is not None:
        # etcd compares it with where a peer's connection comes from: on one host, always 127.0.0.1.
        own = ip_address(address)
        addresses = {own, LOOPBACK} if own.is_loopback else {own}
        names = [x509.IPAddress(each) for each in sorted(addresses, key=int)]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(ca_key, None).public_bytes(Encoding.PEM).decode()


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
