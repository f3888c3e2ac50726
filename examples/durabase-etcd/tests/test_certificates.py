"""The members' certificates: each run derives the same, for the member's address, signed by the cluster's own CA."""

import socket
import ssl
from ipaddress import ip_address

import pytest
from cryptography import x509

from durabase_etcd import certificates, layout
from tests.datastores.local_cluster import LocalCluster


def test_every_member_has_one_of_the_clusters_ca_and_a_second_run_the_same(cluster: LocalCluster) -> None:
    authorities = set()
    for member in cluster.members:
        with cluster.context(member) as context:
            files = certificates.files(context)
            assert certificates.files(context) == files
            for path, content in files.items():
                assert context.guest.read_file(path) == content
            authorities.add(files[context.guest.path(layout.CA_FILE)])
            own = x509.load_pem_x509_certificate(files[context.guest.path(layout.CERTIFICATE_FILE)].encode())
        (authority,) = authorities
        own.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.encode()))
        names = own.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert ip_address(cluster.address(member)) in names.get_values_for_type(x509.IPAddress)


def test_a_peer_without_a_certificate_is_not_answered(cluster: LocalCluster) -> None:
    anyone = ssl.create_default_context()
    anyone.check_hostname, anyone.verify_mode = False, ssl.CERT_NONE
    where = (cluster.address("orders-1"), layout.PEER_PORT)
    with socket.create_connection(where, timeout=30) as peer, pytest.raises((ssl.SSLError, ConnectionError)):
        ask(anyone.wrap_socket(peer))


def ask(peer: ssl.SSLSocket) -> bytes:
    """Return the beginning of an answer. In TLS 1.3 a refusal arrives in its place."""
    peer.sendall(b"GET /members HTTP/1.0\r\n\r\n")
    return peer.recv(1)
