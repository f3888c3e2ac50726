"""What a cloud is asked for must not show the host key, an image is found in one way, a tag says whose a thing is."""

import pytest
from pydantic import ValidationError

from model.cloud import Image, ServerRequest, Tag, Tagged, of_cluster


def test_a_server_s_request_shows_its_name_only() -> None:
    tag = Tag(cluster_id="x", cluster="orders", member="orders-1")
    request = ServerRequest(
        name="orders-1", tag=tag, flavor="small", tcp_ports=(), login_key="ssh-ed25519 AAAA", host_key="PRIVATE KEY"
    )
    shown = f"{request!r} {request} {[request]}"
    assert "orders-1" in shown
    assert "PRIVATE KEY" not in shown


def test_what_is_a_cluster_s_carries_its_uuid_whatever_it_is_called() -> None:
    def thing(id_: str, cluster_id: str) -> Tagged:
        return Tagged(id=id_, name="orders-1", tag=Tag(cluster_id=cluster_id, cluster="orders", member="orders-1"))

    orders, namesake = thing("1", "uuid of orders"), thing("2", "uuid of another orders")
    assert of_cluster("uuid of orders", [namesake, orders]) == (orders,)
    assert of_cluster("orders", [namesake, orders]) == ()


@pytest.mark.parametrize("said", [{}, {"id": "7", "name": "debian"}, {"name": ""}, {"tags": []}, {"tag": "debian"}])
def test_an_image_has_an_id_or_a_name_or_tags(said: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Image.model_validate(said)
    assert Image.model_validate({"tags": ["debian", "12"]}).tags == ("debian", "12")
