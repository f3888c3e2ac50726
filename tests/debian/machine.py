"""A machine with real Debian 12, real systemd and OpenSSH, as a container of systemd-nspawn; it needs root.

It has its own processes and files, and shares the host's network: its address is one of 127.0.0.0/8, and apt works.
"""

import itertools
import os
import signal
import stat
import subprocess
import time
import uuid
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from guests.connect import connect
from guests.debian import DebianGuest
from keys import private_pem, public_line
from model.cloud import Server, ServerStatus, Tag
from tests.debian.image import LOGIN, SSH_PORT

BOOT_SECONDS = 60
OFF_SECONDS = 60
LIMIT = timedelta(seconds=300)

CGROUPS = (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/systemd"), Path("/sys/fs/cgroup/unified"))
"""Where the hierarchy may be that systemd manages: pure version 2, or version 1 with or without the unified one."""

_numbers = itertools.count(2)


class Machine:
    """One machine; `close` leaves nothing of it. Its files are an overlay of the image and survive `off` and `on`.

    It outlives the process that made it: another one finds it by its id and address.
    """

    def __init__(
        self, image: Path, home: Path, name: str = "orders-1", found: str | None = None, address: str | None = None
    ) -> None:
        self.name = name
        self.id = found or f"{name}-{uuid.uuid4().hex[:8]}"
        self.address = address or f"127.77.{os.getpid() % 250 + 1}.{next(_numbers)}"
        self.login_key, self.host_key = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
        self.volumes: dict[str, str] = {}
        """Attached volumes: id to loop device, such as loop3."""
        self.root = home / self.id / "root"
        self._home = home / self.id
        self._pid = self._home / "pid"
        if found is not None:
            return
        for folder in ("upper", "work", "root"):
            (self._home / folder).mkdir(parents=True)
        # sshd refuses keys below a folder that others may write.
        (self._home / "upper").chmod(0o755)
        layers = f"lowerdir={image},upperdir={self._home}/upper,workdir={self._home}/work"
        run("mount", "-t", "overlay", "overlay", "-o", layers, str(self.root))

    def put_keys(self, login_key: Ed25519PrivateKey, host_key: Ed25519PrivateKey) -> None:
        """Put the keys where cloud-init would."""
        self.login_key, self.host_key = login_key, host_key
        self.put_lines(public_line(login_key), private_pem(host_key))

    def put_lines(self, login_key: str, host_key: str) -> None:
        """Put the keys as a cloud is given them: one line of authorized_keys, and a private key in PEM."""
        self.write("/etc/ssh/ssh_host_ed25519_key", host_key, 0o600)
        for user, home in (("root", "/root"), (LOGIN, f"/home/{LOGIN}"), ("plain", "/home/plain")):
            self.write(f"{home}/.ssh/authorized_keys", login_key + "\n", 0o600)
            run("chroot", str(self.root), "chown", "-R", f"{user}:", f"{home}/.ssh")

    def write(self, path: str, content: str, mode: int = 0o644) -> None:
        """Write a file of the machine's, which is off."""
        target = self.root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)
        target.chmod(mode)

    def on(self) -> None:
        """Boot it; SSH answers about a second later."""
        listening = f"Port {SSH_PORT}\nListenAddress {self.address}\n"
        self.write("/etc/ssh/sshd_config.d/address.conf", listening)
        self.write("/etc/hostname", f"{self.name}\n")
        self.write("/etc/hosts", f"127.0.0.1 localhost\n{self.address} {self.name}\n")
        serials = [f"{device} {volume[:20]}\n" for volume, device in self.volumes.items()]
        self.write("/etc/stand-in-volumes", "".join(serials))
        options = ["--quiet", "--boot", f"--directory={self.root}", f"--machine={self.id}", f"--hostname={self.name}"]
        # Without systemd on the host nobody registers machines, or makes a cgroup for each.
        options += ["--register=no", "--keep-unit", "--settings=no", "--link-journal=no", "--timezone=off"]
        options += ["--resolv-conf=copy-host", "--console=read-only"]
        options += [f"--bind=/dev/{device}" for device in self.volumes.values()]
        enter = "; ".join(f"echo $$ > {folder}/cgroup.procs" for folder in self._cgroups())
        with (self._home / "console.log").open("ab") as log:
            process = subprocess.Popen(
                ["sh", "-ec", f'{enter}; exec systemd-nspawn "$@"', "sh", *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._pid.write_text(str(process.pid))

    def off(self) -> None:
        """Shut it down as its owner would."""
        if self.runs:
            os.kill(self._nspawn(), signal.SIGTERM)
            self._ended()

    def cut(self) -> None:
        """Cut its power: everything on it is killed at once."""
        if self.runs:
            with suppress(ProcessLookupError):
                os.kill(self.leader(), signal.SIGKILL)
            self._ended()

    def attach(self, volume: "LoopVolume") -> None:
        """Attach a volume as a cloud would, also while the machine runs."""
        self.volumes[volume.id] = volume.device
        if self.runs:
            dev = self._booted_dev()
            number = Path(f"/dev/{volume.device}").stat().st_rdev
            with suppress(FileExistsError):
                os.mknod(dev / volume.device, stat.S_IFBLK | 0o660, number)
            (dev / "disk/by-id" / f"virtio-{volume.id[:20]}").symlink_to(f"../../{volume.device}")

    def leader(self) -> int:
        """Return its systemd's process on the host."""
        pid = self._nspawn()
        ends = time.monotonic() + BOOT_SECONDS
        while time.monotonic() < ends:
            assert self.runs, self.console()
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            for child in children:
                with suppress(OSError):
                    lines = Path(f"/proc/{child}/status").read_text().splitlines()
                    if next(line for line in lines if line.startswith("NSpid:")).split()[-1] == "1":
                        return int(child)
            time.sleep(0.02)
        raise AssertionError(f"{self.id} does not boot: {self.console()}")

    def _booted_dev(self) -> Path:
        """Return its /dev once its stand-in for udev is at work: before that it is the host's, or is mounted over."""
        ends = time.monotonic() + BOOT_SECONDS
        while True:
            root = Path(f"/proc/{self.leader()}/root")
            if (root / "etc/stand-in-volumes").exists() and (root / "dev/disk/by-uuid").is_dir():
                return root / "dev"
            assert time.monotonic() < ends, self.console()
            time.sleep(0.02)

    def server(self, login: str = LOGIN, tag: Tag | None = None) -> Server:
        """Return it as its cloud would."""
        return Server(
            id=self.id,
            name=self.name,
            tag=tag or Tag(cluster_id="uuid", cluster="orders", member=self.name),
            created_at=datetime.now(UTC),
            status=ServerStatus.ACTIVE,
            address=self.address,
            ssh_port=SSH_PORT,
            login=login,
            guest="debian",
            memory=512,
            volumes=tuple(self.volumes),
        )

    def connect(self, login: str = LOGIN) -> DebianGuest:
        deadline = datetime.now(UTC) + LIMIT
        guest = connect(self.server(login), self.login_key, self.host_key.public_key(), deadline)
        assert isinstance(guest, DebianGuest)
        return guest

    def console(self) -> str:
        return (self._home / "console.log").read_text(errors="replace")[-4000:]

    def close(self) -> None:
        self.cut()
        run("umount", str(self.root))
        for folder in self._cgroups():
            for below in sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True):
                below.rmdir()
            folder.rmdir()
        run("rm", "-rf", "--one-file-system", str(self._home))

    @property
    def runs(self) -> bool:
        """Whether its process is there, whoever started it; one that has ended has no command line any more."""
        try:
            return self.id.encode() in Path(f"/proc/{self._nspawn()}/cmdline").read_bytes()
        except OSError:
            return False

    def _nspawn(self) -> int:
        return int(self._pid.read_text())

    def _ended(self) -> None:
        ends = time.monotonic() + OFF_SECONDS
        while self.runs:
            assert time.monotonic() < ends, self.console()
            time.sleep(0.02)
        with suppress(ChildProcessError):
            os.waitpid(self._nspawn(), 0)

    def _cgroups(self) -> list[Path]:
        folders = [each / "durabase-tests" / self.id for each in CGROUPS if (each / "cgroup.procs").exists()]
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
        return folders


class LoopVolume:
    """A volume: a sparse file behind a loop device. It outlives its process as a machine does."""

    def __init__(self, home: Path, mebibytes: int = 1024, found: str | None = None) -> None:
        self.id = found or str(uuid.uuid4())
        self.file = home / f"volume-{self.id}"
        if found is None:
            with self.file.open("wb") as file:
                file.truncate(mebibytes * 1024**2)
            run("losetup", "--find", str(self.file))
        listed = run("losetup", "--associated", str(self.file), "--noheadings", "--output", "NAME")
        self.device = listed.strip().removeprefix("/dev/")

    def close(self) -> None:
        run("losetup", "--detach", f"/dev/{self.device}")
        self.file.unlink()


def run(*command: str, stdin: str = "") -> str:
    """Run a command of the host's and return what it wrote."""
    result = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, f"{' '.join(command)}: {result.stdout}{result.stderr}"
    return result.stdout
