"""A fence on a guest: what belongs to an earlier attempt than one that has changed the guest changes it no more."""

from typing import NamedTuple

SUPERSEDED = 214
"""The script's exit code for a command of an earlier attempt."""

FENCE = f"""\
set -eu
kept=$1 operation=$2 step=$3 attempt=$4
shift 4
o=0 s=0 a=0
[ ! -s "$kept" ] || read -r o s a < "$kept"
later=$((o > operation || (o == operation && (s > step || (s == step && a > attempt)))))
[ "$later" = 0 ] || {{ echo "attempt $a of step $s of operation $o" >&2; exit {SUPERSEDED}; }}
if [ "$o $s $a" != "$operation $step $attempt" ]; then
    mkdir -p -- "${{kept%/*}}"
    echo "$operation $step $attempt" > "$kept.new"
    mv -f -- "$kept.new" "$kept"
fi
exec "$@"
"""
"""Runs $5 and what follows it, under the guest's lock, unless the file $1 holds a later turn than $2 $3 $4."""


class Turn(NamedTuple):
    """Which attempt works on a guest: the number of the cluster's operation, of its step there, and of the attempt.

    Later ones are greater. The guest keeps the greatest that has changed it.
    """

    operation: int
    step: int
    attempt: int
