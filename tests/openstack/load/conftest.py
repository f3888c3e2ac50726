"""The load's project is empty before and after, as that of the tests in ../real."""

from tests.openstack.emptiness import _nothing_is_left, project

__all__ = ["_nothing_is_left", "project"]
