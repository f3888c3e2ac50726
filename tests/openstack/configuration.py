"""The configuration files of the throwaway cloud: what stands in templates/, with the addresses of layout.py."""

from pathlib import Path

import jinja2

from tests.openstack import layout
from tests.openstack.layout import DATA, ETC, TEMPLATES, VENV
from tests.openstack.packages import fingerprint

APIS = {
    "keystone": (layout.KEYSTONE_PORT, "keystone.wsgi.api:application"),
    "placement": (layout.PLACEMENT_PORT, "placement.wsgi.api:application"),
    "glance-api": (layout.GLANCE_PORT, "glance.wsgi.api:application"),
    "nova-api": (layout.NOVA_PORT, "nova.wsgi.osapi_compute:application"),
    "neutron-api": (layout.NEUTRON_PORT, "neutron.wsgi.api:application"),
    "cinder-api": (layout.CINDER_PORT, "cinder.wsgi.api:application"),
}
"""Each service's port and WSGI application."""

FILES = ("keystone.conf", "placement.conf", "glance-api.conf", "neutron.conf", "cinder.conf", "libvirtd.conf")

DIRECTORIES = ("keystone", "glance/images", "glance/staging", "neutron", "cinder", "nova/instances", "fake/instances")
"""Below DATA. Nova makes no instances directory, and shows no hypervisor until it is there."""


MADE_FROM = DATA / "made-from"


def has_changed() -> bool:
    """Return whether the cloud that is there was made from other templates or addresses than these."""
    return DATA.exists() and not (MADE_FROM.exists() and MADE_FROM.read_text() == _recipe())


def write_configuration() -> None:
    """Write every configuration file anew, from the templates."""
    for directory in DIRECTORIES:
        (DATA / directory).mkdir(parents=True, exist_ok=True)
    MADE_FROM.write_text(_recipe())
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 -- no HTML
    )
    templates.globals.update({name: getattr(layout, name) for name in dir(layout) if name.isupper()})
    templates.globals.update(database_url=layout.database_url, url=layout.url, program=layout.program)

    def render(template: str, target: Path, **variables: object) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(templates.get_template(f"{template}.j2").render(variables))

    for file in FILES:
        render(file, ETC / file)
    render("nova.conf", ETC / "nova/nova.conf", driver="libvirt.LibvirtDriver", host=layout.REAL_HOST, state="nova")
    render("nova.conf", ETC / "nova/fake.conf", driver="fake.FakeDriver", host=layout.FAKE_HOST, state="fake")
    for service in ("nova", "cinder"):
        render("rootwrap.conf", ETC / f"{service}-rootwrap.conf", service=service)
    for name, (port, module) in APIS.items():
        render("uwsgi.ini", ETC / f"uwsgi/{name}.ini", name=name, port=port, module=module)
    render("clouds.yaml", layout.CLOUDS_YAML)
    (ETC / "shares").write_text(f"{layout.ADDRESS}:{layout.SHARE}\n")
    # Nova's WSGI application takes its first configuration file for the paste file, so that lies beside nova.conf.
    (ETC / "nova/api-paste.ini").write_bytes((VENV / "etc/nova/api-paste.ini").read_bytes())


def _recipe() -> str:
    return fingerprint([*sorted(TEMPLATES.iterdir()), layout.HERE / "layout.py"])
