"""The variables DURABASE_…: which of them are settings. A mistyped one is refused, not silently dropped."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import get_origin

from pydantic.fields import FieldInfo

from model.base import BadInput

PREFIX = "DURABASE_"

CONFIG = f"{PREFIX}CONFIG"
"""The variable that names durabase.toml; all others of this prefix are settings."""

NESTED = "__"
"""What stands between a table and its key in a variable's name."""

SERVICE_LINK = re.compile(
    r"_SERVICE_(HOST|PORT(_\w+)?)=|_PORT=(tcp|udp|sctp)://|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?="
)
"""Variables that Kubernetes sets for a Service, which may well be named durabase (its documentation, "Service")."""


def refuse_unknown(environment: Mapping[str, str], fields: Mapping[str, FieldInfo]) -> None:
    """Refuse a variable that is no setting by BadInput, with the nearest that is one. No value is shown."""
    known = [CONFIG, *(f"{PREFIX}{name.upper()}" for name in fields)]
    tables = [name for name, field in fields.items() if get_origin(field.annotation) in (dict, tuple)]
    prefixes = tuple(f"{PREFIX}{name.upper()}{NESTED}" for name in tables)
    for name, value in environment.items():
        variable = name.upper()
        if not variable.startswith(PREFIX) or variable in known or variable.startswith(prefixes):
            continue
        if not SERVICE_LINK.search(f"{variable}={value}"):
            nearest = get_close_matches(variable, known, n=1, cutoff=0)[0]
            raise BadInput(f"{ascii(name)[1:-1]} is not a setting: the nearest that is one is {nearest}")
