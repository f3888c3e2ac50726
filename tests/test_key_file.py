"""The key file: what it holds, what a rotation changes in it, and what is refused."""

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from key_file import KEY_FILE, KeyFile, make_local_keys
from keys import KEY_BYTES, Ring, key_text
from model.base import BadInput
from tests.house import ROOT as REPOSITORY

ONE, TWO = (key_text(bytes([number]) * KEY_BYTES) for number in (1, 2))


def read(state_dir: Path, tree: object) -> KeyFile:
    (state_dir / KEY_FILE).write_text(json.dumps(tree))
    return KeyFile.read(state_dir)


def test_a_file_from_before_rotation_is_read(tmp_path: Path) -> None:
    """As the first release wrote it: one key a ring, and none named current."""
    keys = read(tmp_path, {"payload": {"1": ONE}, "root": {"1": TWO}})
    assert keys.current == {Ring.PAYLOAD: "1", Ring.ROOT: "1"}
    assert keys.keys == {Ring.PAYLOAD: {"1": b"\x01" * KEY_BYTES}, Ring.ROOT: {"1": b"\x02" * KEY_BYTES}}


@pytest.mark.parametrize("ring", list(Ring))
def test_a_new_key_is_current_and_the_other_ring_is_left_alone(tmp_path: Path, ring: Ring) -> None:
    before = read(tmp_path, {"payload": {"1": ONE}, "root": {"1": TWO}})
    after = before.with_new(ring)
    [other] = set(Ring) - {ring}
    assert after.current == {ring: "2", other: "1"}
    assert after.keys[other] == before.keys[other]
    assert after.keys[ring]["1"] == before.keys[ring]["1"]
    assert len({*after.keys[ring].values()}) == 2
    assert {len(key) for key in after.keys[ring].values()} == {KEY_BYTES}


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    keys = read(tmp_path, {"payload": {"1": ONE}, "root": {"1": TWO}}).with_new(Ring.PAYLOAD)
    assert read(tmp_path, json.loads(keys.text())) == keys


def test_a_removed_key_s_id_is_not_given_again(tmp_path: Path) -> None:
    """What the old key encrypted may still lie in an archive, under its id."""
    keys = read(tmp_path, {"payload": {"1": ONE}, "root": {"1": TWO}}).with_new(Ring.ROOT)
    left = keys.without(Ring.ROOT, "1")
    assert list(left.keys[Ring.ROOT]) == ["2"]
    assert left.with_new(Ring.ROOT).current[Ring.ROOT] == "3"


@pytest.mark.parametrize(
    "tree",
    [
        {"payload": {"1": ONE}},
        {"payload": {}, "root": {"1": ONE}},
        {"payload": {"1": ONE, "2": TWO}, "root": {"1": ONE}},
        {"payload": {"1": ONE}, "root": {"1": ONE}, "current": {"payload": "2"}},
        {"payload": {"1": ONE}, "root": {"1": ONE}, "current": ["1"]},
        {"payload": {"1": ONE}, "root": {"1": ONE}, "current": {"root": {}}},
        {"payload": {"1": ONE[4:]}, "root": {"1": ONE}},
    ],
)
def test_what_durabase_did_not_write_is_refused_and_not_repeated(tmp_path: Path, tree: object) -> None:
    with pytest.raises(BadInput) as refused:
        read(tmp_path, tree)
    path = tmp_path / KEY_FILE
    assert str(refused.value) == f"{path} is not allowed: it must be what durabase wrote; restore it"


def test_no_key_is_shown(tmp_path: Path) -> None:
    keys = read(tmp_path, {"payload": {"1": ONE}, "root": {"1": TWO}})
    assert "x01" not in f"{keys!r} {keys}"


def test_the_first_one_is_private_has_two_different_keys_and_names_the_current_ones(tmp_path: Path) -> None:
    make_local_keys(tmp_path)
    keys = KeyFile.read(tmp_path)
    assert keys.current == {Ring.PAYLOAD: "1", Ring.ROOT: "1"}
    assert keys.keys[Ring.PAYLOAD] != keys.keys[Ring.ROOT]
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600


def test_the_key_file_is_private_and_made_once(tmp_path: Path) -> None:
    state = tmp_path / "deep" / "state"
    make_local_keys(state)
    first = (state / KEY_FILE).read_bytes()
    make_local_keys(state)
    assert (state / KEY_FILE).read_bytes() == first
    assert stat.S_IMODE((state / KEY_FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert [path.name for path in state.iterdir()] == [KEY_FILE]


def test_processes_that_make_the_key_file_at_once_agree_on_one(tmp_path: Path) -> None:
    """Each waits for the others, makes it, and says what it then reads."""
    program = (
        "import sys; from pathlib import Path; from key_file import KEY_FILE, make_local_keys\n"
        "state = Path(sys.argv[1]); print('ready', flush=True); sys.stdin.readline()\n"
        "make_local_keys(state); print((state / KEY_FILE).read_text().replace('\\n', ''))"
    )
    makers = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path / "state")],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    assert [maker.stdout.readline() for maker in makers if maker.stdout] == ["ready\n"] * 3
    for maker in makers:
        assert maker.stdin is not None
        maker.stdin.write("\n")
        maker.stdin.flush()
    told = {maker.communicate(timeout=60)[0] for maker in makers}
    assert len(told) == 1
    assert set(json.loads(told.pop())) == {"payload", "root", "current"}
    assert [path.name for path in (tmp_path / "state").iterdir()] == [KEY_FILE]
