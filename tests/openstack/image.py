"""The guest images, made by guest/build and kept until their recipe changes."""

from tests.openstack.layout import CLOUD_INIT_IMAGE, HERE, IMAGE, IMAGES
from tests.openstack.packages import fingerprint, run

RECIPE = IMAGES / "made-from"


def build(with_cloud_init: bool) -> None:
    """Make the guest images, unless those there are of this recipe; the one with cloud-init only if asked for."""
    wanted = fingerprint(sorted((HERE / "guest").iterdir()))
    names = [IMAGE, *([CLOUD_INIT_IMAGE] if with_cloud_init else [])]
    if recipe() == wanted and all((IMAGES / f"{name}.qcow2").exists() for name in names):
        return
    RECIPE.unlink(missing_ok=True)
    for image in IMAGES.glob("*.qcow2"):
        image.unlink()
    run("image", str(HERE / "guest/build"), str(IMAGES), *(["cloud-init"] if with_cloud_init else []))
    RECIPE.write_text(wanted)


def recipe() -> str | None:
    """Return the fingerprint of what the images were made from; None if there are none."""
    return RECIPE.read_text() if RECIPE.exists() else None
