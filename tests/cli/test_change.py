"""`set`: what is named is changed."""

import pytest

from cli.exits import run
from starter import app


def test_a_change_must_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(app, ["set", "orders"], "durabase") == 2
    sentence = "nothing is named to be set: it must be --protected or --no-protected\n"
    assert capsys.readouterr().err == sentence
