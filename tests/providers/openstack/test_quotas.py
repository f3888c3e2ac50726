"""Quotas: how many members still fit, and the sentence if they do not."""

from dataclasses import replace

import pytest

from providers.openstack.quotas import Quota, quota_refusal

CORES = Quota("cores", limit=20, used=13, each=2)


@pytest.mark.parametrize(
    ("quota", "members"),
    [
        (CORES, 3),
        (Quota("cores", limit=20, used=30, each=2), 0),
        (Quota("cores", limit=-1, used=30, each=2), None),
        (Quota("MiB of memory", limit=0, used=0, each=512), 0),
        (Quota("GiB of volumes", limit=10, used=10, each=0), None),
    ],
)
def test_what_is_left_is_counted_in_members(quota: Quota, members: int | None) -> None:
    assert quota.members == members


def test_the_first_quota_that_is_exceeded_is_named() -> None:
    ports = Quota("ports", limit=1, used=0, each=1)
    assert quota_refusal("lab", 3, [CORES]) is None
    assert str(quota_refusal("lab", 4, [Quota("instances", -1, 99, 1), CORES, ports])) == (
        "nodes 4 is not allowed: it must be at most 3, because the project may have 20 cores, has 13, and each member "
        "takes 2"
    )


def test_members_that_are_there_already_need_nothing() -> None:
    full = [Quota("instances", limit=1, used=1, each=1), Quota("server groups", limit=1, used=1, each=1, once=True)]
    assert quota_refusal("lab", 0, full) is None


def test_what_a_cluster_takes_once_does_not_grow_with_its_members() -> None:
    rules = Quota("rules of security groups", limit=100, used=90, each=10, once=True)
    assert quota_refusal("lab", 5, [rules]) is None
    assert str(quota_refusal("lab", 1, [replace(rules, used=91)])) == (
        "cloud 'lab' is not allowed: it must be one with room for a cluster: the project may have 100 rules of "
        "security groups, has 91, and each cluster takes 10"
    )
