"""What the Web UI tells of a build: its whole story in plain words, no secret, and nothing without the codec endpoint.

Both tests look at one cluster, and the second one ends the codec endpoint.
"""

from collections.abc import Iterator

import pytest

from cli import local_codec
from model.password import MASK
from settings import local_cloud
from tests.cli.home import Home
from tests.end_to_end.web_ui import (
    BUILD,
    CHROMIUM,
    CLUSTER,
    CURRENT_DETAILS,
    DETAILS,
    GIVEN,
    SUMMARY,
    build,
    window,
)

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium is installed (on Debian, root: apt-get install chromium)"
)

MEMBERS = 2
NAMES = [f"{CLUSTER}-{number}" for number in range(1, MEMBERS + 1)]
STORY = [
    f"plan • {CLUSTER}: ask postgresql",
    f"create_server • {NAMES[0]}: create server (small)",
    *(f"attach_volume • {name}: attach volume 1 GB" for name in NAMES),
    f"post_prepare • {NAMES[-1]}: join",
    f"cluster_complete • {CLUSTER}: databases, users, every member in place",
]
"""What the timeline says of the build, from its beginning to its end."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    home = Home(tmp_path_factory.mktemp("web-ui"))
    try:
        build(home, MEMBERS)
        yield home
    finally:
        home.close()


def test_it_tells_the_whole_story_of_a_build_and_no_secret(home: Home) -> None:
    derived = home.done("password", CLUSTER, "reader").strip()
    addresses = [member["address"] for member in home.show(CLUSTER)["members"]]
    sources = []
    with window(home) as ui:
        ui.open(CLUSTER, "timeline")
        ui.shows(f"{CLUSTER}: build postgresql on {local_cloud()}, {MEMBERS} members")
        ui.shows(MASK)
        sources.append(ui.source)

        ui.open(BUILD, "timeline")
        for words in STORY:
            ui.shows(words)
        sources.append(ui.source)

        ui.open(BUILD, "history")
        ui.shows(STORY[-1].partition(" • ")[2])
        sources.append(ui.source)

        for workflow_id in (BUILD, CLUSTER):
            ui.open(workflow_id, "user-metadata")
            ui.shows("ACTIVE", CURRENT_DETAILS)
            for cell in (*NAMES, *addresses):
                ui.shows(cell, CURRENT_DETAILS)
            sources.append(ui.source)
        ui.shows(f"{CLUSTER}: postgresql on {local_cloud()}, {MEMBERS} members", SUMMARY)
        ui.shows(f"durabase delete {CLUSTER}", DETAILS)

    everything = "\n".join([*sources, *ui.decoded])
    assert f'"name":"app","password":"{MASK}"' in everything.replace(" ", ""), (
        "the user is shown, as one with a password"
    )
    assert GIVEN not in everything
    assert derived not in everything


def test_without_the_codec_endpoint_nothing_is_readable(home: Home) -> None:
    home.kill(local_codec.daemon(home.state_dir))
    with window(home) as ui:
        ui.open(BUILD, "timeline")
        ui.shows("cluster_complete")  # names are readable by nature: the page is there
        ui.page.get_by_test_id("data-encoder-status-error").wait_for()
        timeline = ui.source
        ui.open(CLUSTER, "user-metadata")
        ui.shows("Current Details")
        ui.page.get_by_test_id("data-encoder-status-error").wait_for()
        metadata = ui.source
    assert not [words for words in STORY if words.partition(" • ")[2] in timeline]
    assert "volume_size" not in timeline
    assert not [name for name in NAMES if name in metadata]
    assert f"durabase delete {CLUSTER}" not in metadata
    assert ui.decoded == []
