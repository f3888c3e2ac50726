"""What is refused, and in which words."""

import sys

import pytest

from model.errors import ProviderRefused
from providers.local import host


def test_this_host_is_fit() -> None:
    host.check_host("local")


def test_another_system_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(ProviderRefused, match=r"^cloud home needs Linux, and this host runs darwin$"):
        host.check_host("home")


def test_missing_packages_are_named_with_their_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "find_spec", lambda _: None)
    with pytest.raises(ProviderRefused, match=r"needs the Python packages asyncssh, supervisor: .* extra 'local'"):
        host.check_host("local")


def test_missing_programs_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(ProviderRefused, match="needs the programs flock, timeout on PATH"):
        host.check_host("local")


@pytest.mark.parametrize("probe", ["false", "/nonexistent"])
@pytest.mark.parametrize(("user", "words"), [(0, "root"), (54321, "user id 54321, which has no entry in passwd")])
def test_a_user_that_databases_refuse_needs_user_namespaces(
    monkeypatch: pytest.MonkeyPatch, user: int, words: str, probe: str
) -> None:
    monkeypatch.setattr("os.getuid", lambda: user)
    monkeypatch.setattr(host, "namespace", lambda: [probe])
    with pytest.raises(ProviderRefused, match=f"^cloud local cannot run here as {words}: .*; run durabase as a plain"):
        host.check_host("local")
