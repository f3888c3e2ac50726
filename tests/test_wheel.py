"""The wheel: it holds what runs, and runs where there is no checkout."""

import subprocess
import sys
import sysconfig
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parent.parent
BUILD_SECONDS = 120
RUN_SECONDS = 60

PACKAGES = {init.parent.name for init in ROOT.glob("*/__init__.py")}
MODULES = {module.name for module in ROOT.glob("*.py")}

LOAD_EVERYTHING = """
import inspect
from importlib.metadata import entry_points
from pathlib import Path
from jinja2 import Environment, FileSystemLoader
from datastores import postgresql, valkey
from datastores.postgresql import parameters
from datastores.valkey import parameters as valkey_parameters

for group in ("durabase.datastores", "durabase.providers"):
    for entry in entry_points(group=group):
        print(entry.name, inspect.getfile(entry.load()))
for engine, template in ((postgresql, "postgresql.conf.j2"), (valkey, "valkey.conf.j2")):
    templates = Path(inspect.getfile(engine)).parent / "templates"
    Environment(loader=FileSystemLoader(templates), autoescape=True).get_template(template)
for version in ("15", "18"):
    parameters.configuration_manager(version)
for version in ("7.0", "9.1"):
    valkey_parameters.configuration_manager(version)
"""


def _run(*command: str | Path, cwd: Path, seconds: int = RUN_SECONDS) -> str:
    ran = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=seconds, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet")
    _run(*pip, "--no-deps", "--no-build-isolation", "--wheel-dir", folder, ROOT, cwd=folder, seconds=BUILD_SECONDS)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel, and with this environment's packages but for the checkout."""
    environment = tmp_path_factory.mktemp("installed")
    _run(sys.executable, "-m", "venv", "--without-pip", environment, cwd=environment)
    python = environment / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python)
    _run(*pip, "install", "--quiet", "--no-deps", "--no-index", wheel, cwd=environment)
    packages = _run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=environment).strip()
    # A .pth file adds a directory, but not what the .pth files in it add: the editable install stays out.
    Path(packages, "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return environment


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that is no checkout, in an environment that names none."""
    monkeypatch.delenv("PYTHONPATH", raising=False)
    return tmp_path


def test_holds_everything_that_runs(wheel: Path) -> None:
    names = set(ZipFile(wheel).namelist())

    shipped = [path for package in PACKAGES for path in (ROOT / package).rglob("*") if path.is_file()]
    wanted = {path.relative_to(ROOT).as_posix() for path in shipped if "__pycache__" not in path.parts}
    assert {*wanted, *MODULES} <= names
    assert "datastores/postgresql/templates/18/parameters.tsv" in names
    assert "datastores/postgresql/templates/postgresql.conf.j2" in names


def test_holds_nothing_else(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in ZipFile(wheel).namelist()}

    (metadata,) = (top for top in tops if top.endswith(".dist-info"))
    assert tops == {*PACKAGES, *MODULES, metadata}


def test_names_its_command_and_its_plugins(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        (name,) = (each for each in archive.namelist() if each.endswith("/entry_points.txt"))
        entry_points = archive.read(name).decode()

    assert "durabase = starter:main" in entry_points
    assert "[durabase.datastores]" in entry_points
    assert "[durabase.providers]" in entry_points


def test_command_runs_without_the_checkout(installed: Path, elsewhere: Path) -> None:
    durabase = installed / "bin" / "durabase"

    assert _run(durabase, "--version", cwd=elsewhere).startswith("durabase ")
    assert "demo" in _run(durabase, "--help", cwd=elsewhere)


def test_plugins_load_without_the_checkout(installed: Path, elsewhere: Path) -> None:
    printed = _run(installed / "bin" / "python", "-c", LOAD_EVERYTHING, cwd=elsewhere)

    loaded = dict(line.split(" ", 1) for line in printed.splitlines())
    assert set(loaded) == {"mysql", "postgresql", "redis", "valkey", "local", "openstack"}
    assert all(Path(path).is_relative_to(installed) for path in loaded.values())
