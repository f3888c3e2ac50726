"""The command line as people use it: real processes, a real server, a real cluster."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from connection import ADDRESS_FILE
from providers.local.volumes import RECORD
from settings import local_cloud
from tests.cli.home import Home

TEMPORAL = str(Path(sys.executable).with_name("temporal"))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home in which `demo` has run."""
    home = Home(tmp_path_factory.mktemp("home"))
    try:
        said = home.done("demo")
        assert "demo is ACTIVE: postgresql 18 with 2 replicas" in said
        yield home
    finally:
        home.close()


@pytest.fixture(scope="module")
def obstacle(home: Home) -> Path:
    """A volume's record that is no file: while it is there, the local cloud cannot list its volumes."""
    record = home.state_dir / "local" / "volumes" / "torn" / RECORD
    record.mkdir(parents=True)
    return record


@pytest.fixture(scope="module")
def busy(home: Home, obstacle: Path) -> str:
    """A cluster whose build cannot end while the obstacle is there, and goes on."""
    assert obstacle.exists()
    home.done("create", "busy", "--no-wait")
    return "busy"


def terminate(home: Home, name: str) -> None:
    """Terminate a workflow, as somebody may in the Web UI."""
    address = (home.state_dir / ADDRESS_FILE).read_text().strip()
    command = [TEMPORAL, "workflow", "terminate", "--address", address, "--workflow-id", name]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def test_help_names_every_command(home: Home) -> None:
    said = home.done("--help")
    commands = "demo up down create list show wait retry restart set delete connect password orphans worker run replay"
    commands += " datastores flavors schema completion codec payload-keys root-keys engine-keys"
    assert all(f" {command} " in said for command in commands.split())
    assert home.done("-h") == said
    assert home.done("--version").startswith("durabase ")


def test_demo_again_says_what_is_there(home: Home) -> None:
    said = home.done("demo")
    assert "demo is there already" in said
    assert "connect demo --url" in said
    assert "/namespaces/default/workflows/demo" in said
    assert home.done("password", "demo").strip() not in said


def test_a_row_written_on_the_primary_is_read_on_both_replicas(home: Home) -> None:
    document = home.show("demo")
    assert (document["status"], document["cloud"], document["stale"]) == ("ACTIVE", local_cloud(), False)
    assert [member["status"] for member in document["members"]] == ["ACTIVE"] * 3
    with psycopg.connect(home.done("connect", "demo", "--url").strip(), autocommit=True) as primary:
        primary.execute("SET synchronous_commit = remote_apply")
        primary.execute("CREATE TABLE seen AS SELECT 42 AS answer")
        (position,) = primary.execute("SELECT pg_current_wal_lsn()").fetchone() or ("",)
    for member in ("demo-2", "demo-3"):
        with psycopg.connect(home.done("connect", "demo", "--member", member, "--url").strip()) as replica:
            replica.execute("SET statement_timeout = '60s'")
            while replica.execute("SELECT pg_last_wal_replay_lsn() < %s::pg_lsn", [position]).fetchone() == (True,):
                replica.rollback()
            assert replica.execute("SELECT answer FROM seen").fetchone() == (42,)


def test_connect_runs_the_client(home: Home) -> None:
    said = home.done("connect", "demo", "--", "--no-align", "--tuples-only", "--command", "SELECT session_user")
    assert said == "demo\n"
    assert "is not allowed: it must be one of demo-1" in home.refused("connect", "demo", "--member", "demo-9")


def test_password_prints_what_durabase_made(home: Home) -> None:
    password = home.done("password", "demo", "demo").strip()
    assert f":{password}@" in home.done("connect", "demo", "--url")
    assert "user 'who' is not allowed: it must be one of demo, durabase" in home.refused("password", "demo", "who")


def test_run_runs_a_command_on_a_member(home: Home) -> None:
    ran = home.run("run", "demo-2", "--timeout", "30", "--", "sh", "-c", "echo out; echo err >&2; exit 3")
    assert (ran.returncode, ran.stdout, ran.stderr) == (1, "out\n", "err\nexit code 3\n")


def test_replay_says_that_this_code_goes_on_with_what_it_wrote(home: Home) -> None:
    said = home.done("replay", "demo", "--all")
    assert [line.split()[:2] for line in said.splitlines()[1:3]] == [
        ["demo", "ClusterWorkflow"],
        ["demo/provision", "ProvisionWorkflow"],
    ]
    assert said.endswith("2 of 2 were replayed, and go on under this code\n")


def test_show_asks_the_databases(home: Home) -> None:
    probed = json.loads(home.done("show", "demo", "--probe", "--json"))
    assert probed["operating_status"] == "HEALTHY"
    assert all(member["filesystem"]["total"] > 0 for member in probed["members"])
    assert home.done("show", "demo", "--probe").count("HEALTHY") == 3


def test_list_has_a_row_for_each(home: Home) -> None:
    (row,) = (row for row in json.loads(home.done("list", "--json")) if row["name"] == "demo")
    assert (row["status"], row["stale"], row["datastore"]) == ("ACTIVE", False, "postgresql")
    assert "demo" in home.done("list")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["create", "x", "--datastore", "oracle"],
            "datastore 'oracle' is not allowed: it must be one of mysql, postgresql",
        ),
        (["create", "x", "--version", "9"], "version '9' is not allowed: it must be one of 18"),
        (["create", "x", "--cloud", "mars"], "cloud 'mars' is not allowed: it must be one of"),
        (["create", "x", "--flavor", "huge"], "flavor 'huge' is not allowed: it must be one of small, medium, large"),
        (["create", "x", "--nodes", "0"], "nodes 0 is not allowed: it must be a whole number from 1 to 99"),
        (["create", "x", "--nodes", "6"], "nodes 6 is not allowed: it must be a number from 1 to 5"),
        (["create", "x", "--user", "postgres"], "users 'postgres' is not allowed"),
        (["create", "x", "--config", "colour=red"], "configuration 'colour' is not allowed"),
        (["create", "x", "--config", "max_connections=many"], "configuration.max_connections 'many' is not allowed"),
        (["create", "demo"], "name 'demo' is not allowed: it must be a name not in use"),
        (["create", "X"], "name 'X' is not allowed: it must be 1 to 40 lower-case letters"),
        (["create", "x", "--nodes", "many"], "--nodes 'many' is not allowed: it must be a whole number"),
        (["creat"], "No such command 'creat'"),
        (["show", "nobody"], "there is no cluster 'nobody'"),
        (["delete", "nobody"], "there is no cluster 'nobody'"),
        (["retry", "demo"], "cluster demo is ACTIVE: retry takes up a cluster that is FAILED"),
    ],
)
def test_bad_input_is_one_sentence(home: Home, arguments: list[str], sentence: str) -> None:
    said = home.refused(*arguments)
    assert said.startswith(sentence)
    assert len(said.splitlines()) == 1


def test_given_passwords_are_used_and_never_shown(home: Home) -> None:
    options = ["--database", "app", "--user", "al", "--passwords", "-", "--json"]
    created = json.loads(home.done("create", "given", *options, stdin="al:s3cret-s3cret\n"))
    assert created["status"] == "ACTIVE"
    assert "s3cret" not in json.dumps(created)
    address = created["members"][0]["address"]
    with psycopg.connect(host=address, user="al", password="s3cret-s3cret", dbname="app") as database:
        assert database.execute("SELECT 1").fetchone() == (1,)
    assert "durabase does not show it" in home.refused("password", "given", "al")
    assert "given is ACTIVE" in home.done("restart", "given")
    assert "given is deleted" in home.done("delete", "given")
    assert "it was deleted at" in home.refused("show", "given")


def test_a_protected_cluster_stays_until_that_is_lifted(home: Home) -> None:
    assert json.loads(home.done("create", "kept", "--protected", "--json"))["protected"] is True
    refused = home.refused("delete", "kept", "--yes")
    assert refused.endswith("set kept --no-protected` must come before a delete")
    assert "protected" in home.done("show", "kept")
    assert json.loads(home.done("set", "kept", "--no-protected", "--json"))["protected"] is False
    assert home.done("set", "kept", "--protected").startswith("kept is protected: `")
    assert "kept is no longer protected" in home.done("set", "kept", "--no-protected")
    assert json.loads(home.done("wait", "kept", "--json"))["status"] == "ACTIVE"
    assert json.loads(home.done("delete", "kept", "--json"))["status"] in ("DELETING", "DELETED")


def test_a_request_may_be_a_file(home: Home) -> None:
    """As a person writes it: a number for the version, a word for a setting, a password that is masked from then on."""
    request = """
        name: filed
        version: 18
        databases: [{name: shop}]
        users: [{name: al, password: 20240131}]
        configuration: {jit: off, work_mem: 8MB, max_connections: 60}
    """
    created = home.done("create", "-f", "-", "--json", stdin=request)
    assert "20240131" not in created
    address = json.loads(created)["members"][0]["address"]
    with psycopg.connect(host=address, user="al", password="20240131", dbname="shop") as database:
        shown = "SELECT current_setting('jit'), current_setting('work_mem'), current_setting('max_connections')"
        assert database.execute(shown).fetchone() == ("off", "8MB", "60")
    home.done("delete", "filed", "--no-wait")
    said = home.refused("create", "-f", "-", stdin="name: filed\nnode: 3")
    assert said.startswith("node is not a field: allowed are name, datastore")


def test_the_exit_code_is_that_of_the_work_where_nothing_can_be_written(home: Home) -> None:
    """Nothing is lost but words: the cluster stands, is used, and is gone."""
    unwritable = {">/dev/full": "No space left on device", ">&-": "Bad file descriptor", ">&- 2>&-": None}
    for redirections, reason in unwritable.items():
        sentence = f"standard output cannot be written: {reason}\n" if reason else ""
        for arguments in (
            ["create", "unsaid", "--json"],
            ["run", "unsaid-1", "--", "echo", "out"],
            ["delete", "unsaid"],
        ):
            ran = home.redirected(redirections, *arguments)
            assert (ran.returncode, ran.stdout) == (0, "")
            assert ran.stderr.endswith(sentence)
            assert "Traceback" not in ran.stderr
    assert home.redirected(">/dev/full", "run", "demo-1", "--", "false").returncode == 1
    assert home.redirected("2>&-", "retry", "demo").returncode == 2


def test_what_there_is_to_ask_for(home: Home) -> None:
    served = {each["datastore"]: each["served"] for each in json.loads(home.done("datastores", "--json"))}
    assert served["postgresql"] == [local_cloud()]
    assert [each["name"] for each in json.loads(home.done("flavors", "--json"))] == ["small", "medium", "large"]
    assert json.loads(home.done("schema"))["required"] == ["name"]


def test_a_shell_completes_clusters_and_members(home: Home) -> None:
    asked = {"_DURABASE_COMPLETE": "complete_fish", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    offered = {"durabase show dem": ["demo"], "durabase connect demo --member ": ["demo-1", "demo-2", "demo-3"]}
    for line, names in offered.items():
        # On a machine under load it gives up, in silence, and a person would press Tab again.
        while not (said := home.run(**asked, _TYPER_COMPLETE_ARGS=line).stdout.split()):
            pass
        assert said == names


def test_ctrl_c_leaves_the_build_running(home: Home, busy: str) -> None:
    follower = subprocess.Popen(
        home.command("wait", busy),
        env=home.environment(),
        cwd=home.state_dir,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert follower.stdout is not None
    first = follower.stdout.readline()
    assert "BUILD" in first
    follower.send_signal(signal.SIGINT)
    said, _ = follower.communicate(timeout=60)
    assert follower.returncode == 130
    assert "no longer following; busy goes on" in said
    assert "Traceback" not in said
    assert home.show(busy)["status"] == "BUILD"


def test_a_waiting_build_says_why_and_when_it_goes_on(home: Home, busy: str) -> None:
    while (member := home.show(busy)["members"][0])["next_retry"] is None:
        assert member["status"] == "BUILD"
    assert member["step"] == "create_volume"
    assert member["attempt"] > 1
    assert "Is a directory" in member["last_error"]
    said = home.done("show", busy)
    assert "Is a directory" in said
    assert "create_volume" in said


def test_without_a_worker_nothing_is_recorded(home: Home, busy: str, obstacle: Path) -> None:
    home.kill(home.worker())
    for arguments in (["retry", busy], ["delete", busy], ["restart", busy], ["create", "late"]):
        said = home.refused(*arguments, code=1)
        assert "no worker polls task queue 'durabase', so nothing was recorded" in said
    document = home.show(busy)
    assert (document["stale"], document["status"], document["operation"]) == (True, "BUILD", "provision")
    rows = json.loads(home.done("list", "--json"))
    assert all(row["stale"] for row in rows)
    assert "late" not in {row["name"] for row in rows}
    home.done("up")
    shutil.rmtree(obstacle.parent)
    assert "busy is deleted" in home.done("delete", busy)


def test_what_a_terminated_workflow_left_is_found_and_removed(home: Home) -> None:
    for name in ("lost", "stray"):
        home.done("create", name)
        terminate(home, name)
    orphans = json.loads(home.done("orphans", "--json"))
    assert sorted((orphan["cluster"], orphan["kind"]) for orphan in orphans) == [
        ("lost", "server"),
        ("lost", "volume"),
        ("stray", "server"),
        ("stray", "volume"),
    ]
    assert "lost is deleted" in home.done("delete", "lost")
    assert "nothing was done" in home.refused("orphans", "--delete", code=1)
    assert "deleted 2" in home.done("orphans", "--delete", "--yes")
    assert json.loads(home.done("orphans", "--json")) == []
