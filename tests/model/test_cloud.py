"""What a cloud is asked for must not show the host key."""

from model.cloud import ServerRequest, Tag


def test_a_server_s_request_shows_its_name_only() -> None:
    tag = Tag(cluster_id="x", cluster="orders", member="orders-1")
    request = ServerRequest(
        name="orders-1", tag=tag, flavor="small", tcp_ports=(), login_key="ssh-ed25519 AAAA", host_key="PRIVATE KEY"
    )
    shown = f"{request!r} {request} {[request]}"
    assert "orders-1" in shown
    assert "PRIVATE KEY" not in shown
