"""The toy engine on guests that are not there: whatever it asks of one is said to be done."""

from collections.abc import Sequence
from unittest.mock import create_autospec

from guests.base import CommandResult, Guest
from keys import EngineKeys
from model.datastore import Datastore, EngineSettings
from tests.datastores.toy_engine import ToyManager


class GuestlessManager(ToyManager):
    """For builds whose clouds have servers that nobody can log in to."""

    datastores = (Datastore(manager="toy", version="2", packages={"wheel": (), "apt": ()}, default=True),)

    def __init__(
        self,
        keys: EngineKeys,
        datastores: Sequence[Datastore],
        options: EngineSettings | None,
        packaging: str | None,
    ) -> None:
        guest = create_autospec(Guest, instance=True)
        guest.__enter__.return_value = guest
        guest.path.side_effect = str
        guest.read_file.return_value = None
        guest.run.return_value = CommandResult(0, "100 40 60", "")
        super().__init__(keys, datastores, options, connector=lambda *_: guest, packaging=packaging)
