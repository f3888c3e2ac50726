"""What a cloud is asked for must not show the host key, and an image is found in one way."""

import pytest
from pydantic import ValidationError

from model.cloud import Image, ServerRequest, Tag


def test_a_server_s_request_shows_its_name_only() -> None:
    tag = Tag(cluster_id="x", cluster="orders", member="orders-1")
    request = ServerRequest(
        name="orders-1", tag=tag, flavor="small", tcp_ports=(), login_key="ssh-ed25519 AAAA", host_key="PRIVATE KEY"
    )
    shown = f"{request!r} {request} {[request]}"
    assert "orders-1" in shown
    assert "PRIVATE KEY" not in shown


@pytest.mark.parametrize("said", [{}, {"id": "7", "name": "debian"}, {"name": ""}, {"tags": []}, {"tag": "debian"}])
def test_an_image_has_an_id_or_a_name_or_tags(said: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Image.model_validate(said)
    assert Image.model_validate({"tags": ["debian", "12"]}).tags == ("debian", "12")
