"""Data that a cluster has had while it was ACTIVE: it is never replaced by nothing."""

from model.base import Noun
from model.errors import DataLost


class Holding(Noun):
    """A member that has been part of its cluster while that was ACTIVE, and the id of the volume it had then.

    `volume` is None where members have no volumes, or where an older version has forgotten it.
    """

    member: str
    volume: str | None = None


class Data(Noun):
    """The data of a primary that holds some: its volume's id, as in Holding, and the replicas that have a copy.

    An activity that is given this may make nothing in its place, and change nothing where it is missing.
    """

    volume: str | None = None
    copies: tuple[str, ...] = ()

    def lost(self, cluster: str, member: str, reason: str) -> DataLost:
        """Return the error that says why the data of a member cannot be had, and what can be done."""
        missing = f"volume {self.volume}" if self.volume else "it"
        retry, delete = f"bring {missing} back and `durabase retry {cluster}`", f"`durabase delete {cluster}`"
        if self.copies:
            ways = (
                f"{' and '.join(self.copies)} had a copy, but durabase cannot make a replica the primary yet: "
                f"{retry}, or save what you need there before {delete}"
            )
        else:
            ways = (
                f"{retry}, or begin with an empty database by `durabase retry {cluster} --discard-data {member}`, "
                f"or {delete}"
            )
        return DataLost(f"the data of {member} is not there: {reason}; nothing was made in its place; {ways}")
