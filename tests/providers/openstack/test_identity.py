"""Metadata, names and tags say whose a thing is, and nobody else's is taken for ours."""

import pytest

from model.cloud import Tag
from providers.openstack.identity import (
    REQUEST,
    cluster_name,
    member_name,
    metadata_of,
    neutron_tags,
    tag_of,
    tag_of_cluster,
    tag_of_member,
)
from tests.providers.openstack.samples import TAG, UUID

LONGEST = Tag(cluster_id=UUID, cluster="a" + "b" * 39, member="a" + "b" * 39 + "-99")


@pytest.mark.parametrize("tag", [TAG, LONGEST])
def test_what_is_written_is_read_back(tag: Tag) -> None:
    assert tag_of(metadata_of(tag)) == tag_of(metadata_of(tag, "of this create")) == tag
    assert metadata_of(tag, "of this create")[REQUEST] == "of this create"
    assert tag_of_member(member_name(tag)) == tag
    assert tag_of_cluster(cluster_name(tag)) == tag.model_copy(update={"member": ""})


@pytest.mark.parametrize(
    "name", [None, "", "orders-1", "durabase-orders-1", f"durabase-{UUID}", f"x-durabase-{UUID}-a-1"]
)
def test_a_foreign_name_is_nobody_s(name: str | None) -> None:
    assert tag_of_member(name) is None
    assert tag_of_cluster(name) is None


def test_half_of_the_metadata_is_nobody_s() -> None:
    for key in metadata_of(TAG):
        assert tag_of({**metadata_of(TAG), key: ""}) is None
    assert tag_of({}) is None


def test_tags_are_sorted_and_short_enough_for_an_old_neutron() -> None:
    tags = neutron_tags(LONGEST)
    assert tags == sorted(tags)
    assert max(map(len, tags)) <= 60
    assert neutron_tags(TAG.model_copy(update={"member": ""})) == ["durabase", f"durabase-cluster={UUID}"]
