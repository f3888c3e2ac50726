"""Who is a member of the Raft cluster. A replica joins as a learner, whose absence costs no majority, and then votes.

etcd takes one learner at a time: replicas that are prepared side by side join one after another.
"""

from collections.abc import Sequence

from datastores.client import bracketed
from datastores.context import InstanceContext, address_of
from durabase_etcd import layout
from durabase_etcd.api import Document, Session
from durabase_etcd.users import open_session
from model.cluster import Instance
from model.errors import GuestError

NO_PORT = 1
"""Where no member listens."""


def peer_url(member: Instance) -> str:
    """Return where a member's peers reach it."""
    return f"https://{bracketed(address_of(member))}:{layout.PEER_PORT}"


def client_url(member: Instance) -> str:
    """Return where clients reach a member."""
    return f"http://{bracketed(address_of(member))}:{layout.CLIENT_PORT}"


def join(context: InstanceContext) -> str:
    """Add the member, which has no data, as a learner, and return the membership that it begins with."""
    session = open_session(context, context.primary)
    context.wait_until(lambda: _reason_not_added(session, context), f"{context.instance.name} to be added")
    names = {url: entry.get("name") or context.instance.name for entry in _listed(session) for url in entry["peerURLs"]}
    return ",".join(f"{name}={url}" for url, name in names.items())


def promote(context: InstanceContext) -> None:
    """Return once the member, which runs, is healthy and has a vote, at the address that it has now."""
    session = open_session(context, context.primary)
    own = Session(context, context.instance)
    context.wait_until(lambda: _reason_not_voting(session, own), f"{context.instance.name} to vote")


def wait_for_all(session: Session) -> None:
    """Return once each of the cluster's members, and no other, is healthy and has a vote."""
    session.context.wait_until(lambda: _reason_not_whole(session), "every member to vote")


def _reason_not_added(session: Session, context: InstanceContext) -> str | None:
    """Ask for the member to be added; what an earlier attempt of a lost server left goes first."""
    name, url = context.instance.name, peer_url(context.instance)
    known = [peer_url(member) for member in context.task.members]
    try:
        for entry in _listed(session):
            if entry.get("name") == name or (not entry.get("name") and entry["peerURLs"][0] not in known):
                session.call("/v3/cluster/member/remove", ID=entry["ID"])
        if not any(url in entry["peerURLs"] for entry in _listed(session)):
            session.call("/v3/cluster/member/add", peerURLs=[url], isLearner=True)
    except GuestError as error:
        return str(error)
    return None


def _reason_not_voting(session: Session, own: Session) -> str | None:
    try:
        if moved := _settle_addresses(session):
            return moved
        entry = next((each for each in _listed(session) if each.get("name") == own.member.name), None)
        if entry is None:
            return "it has not started yet"
        if entry.get("isLearner"):
            session.call("/v3/cluster/member/promote", ID=entry["ID"])
        own.check_health()
    except GuestError as error:
        return str(error)
    return None


def _reason_not_whole(session: Session) -> str | None:
    members = session.context.task.members
    try:
        if moved := _settle_addresses(session):
            return moved
        voters = sorted(each.get("name", "") for each in _listed(session) if not each.get("isLearner"))
        if voters != sorted(member.name for member in members):
            return f"those who vote are {', '.join(voters)}"
        for member in members:
            Session(session.context, member).check_health()
    except GuestError as error:
        return str(error)
    return None


def _settle_addresses(session: Session) -> str | None:
    """Tell etcd where members are whose servers were made anew, and return who moved; None if all was right.

    They keep their data, and are by it who they were. Of several that exchanged their addresses, those whose new one
    is still another's let go of their old one first.
    """
    urls = {member.name: peer_url(member) for member in session.context.task.members}
    listed = _listed(session)
    held, moved = {url for entry in listed for url in entry["peerURLs"]}, []
    for entry in listed:
        url = urls.get(entry.get("name", ""))
        if url is not None and entry["peerURLs"] != [url]:
            free = url if url not in held else url.replace(f":{layout.PEER_PORT}", f":{NO_PORT}")
            session.call("/v3/cluster/member/update", ID=entry["ID"], peerURLs=[free])
            moved.append(f"{entry['name']} moves to {url}")
    return ", ".join(moved) or None


def _listed(session: Session) -> Sequence[Document]:
    members: Sequence[Document] = session.call("/v3/cluster/member/list")["members"]
    return members
