"""A bare git repository, written by us and read by anybody's git.

All commits of a backup are objects first and one move of the branch last: whoever dies on the way leaves the
repository as it was. It has no working tree, so nothing in it can be half written.
"""

from __future__ import annotations

import fcntl
import json
import re
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from infra_ctl.backup.records import Change, Files, Moment, Part, Seen
from infra_ctl.backup.records import Commit as Kept
from infra_ctl.errors import BackupError, InfraCtlError, RefusedError, UnknownError

if TYPE_CHECKING:
    from dulwich.objects import Commit, ObjectID
    from dulwich.refs import Ref
    from dulwich.repo import Repo

BRANCH = b"main"
"""Of a repository that we make."""
FILE = 0o100644
READ = "infra-ctl-read.json"
"""Beside git's own files: when each part was last read."""

STALE = 10.0
"""Seconds after which what git locks a branch with belongs to a process that died: a move takes no time."""

_COMMIT = re.compile(r"[0-9a-f]{4,40}")


class Repository:
    """The commits of one context's devices and hosts."""

    def __init__(self, repo: Repo, committer: str) -> None:
        self._repo = repo
        self._committer = committer

    @property
    def head(self) -> str:
        """The newest commit; empty where there is none yet."""
        try:
            return self._repo.head().decode()
        except KeyError:
            return ""

    def refuse_other(self, context: str) -> None:
        """Raises RefusedError where it is another context's: a twin's devices have the city's names."""
        found = (_trailers(commit).get("Context") for commit in self._history())
        kept = next(filter(None, found), context)
        if kept != context:
            where = self._repo.controldir()
            raise RefusedError(f"{where} has the backups of context {kept}: {context} needs one of its own")

    def last_seen(self) -> Mapping[str, Seen]:
        """How far the commits of each part go, by the part's name."""
        found: dict[str, Seen] = {}
        for commit in self._history():
            if name := _part(commit):
                seen = found.setdefault(name, Seen(_authored(commit), set()))
                seen.runs.add(_trailers(commit).get("Run", ""))
        return found

    def commits(self) -> Iterator[tuple[str, str]]:
        """Every commit with the name of its part, the newest first; nobody's has an empty one."""
        for commit in self._history():
            yield commit.id.decode(), _part(commit)

    def settings(self) -> Mapping[str, Mapping[str, str]]:
        """What git's configuration says of each remote; of the repository itself (`infra-ctl`) under ``."""
        found: dict[str, dict[str, str]] = {"": {}}
        config = self._repo.get_config()
        for section in config.sections():
            if section[0] == b"remote" or section == (b"infra-ctl",):
                name = section[1].decode(errors="replace") if len(section) > 1 else ""
                said = config.items(section)
                found[name] = {key.decode(): value.decode(errors="replace") for key, value in said}
        return found

    @property
    def branch(self) -> str:
        return self._branch.decode().removeprefix("refs/heads/")

    def tip(self, branch: str, remote: str = "") -> str:
        """The newest commit of a branch, or what a remote was given of it; empty where there is none."""
        from dulwich.refs import Ref

        name = f"refs/remotes/{remote}/{branch}" if remote else f"refs/heads/{branch}"
        try:
            return self._repo.refs[Ref(name.encode())].decode()
        except KeyError:
            return ""

    def files(self, part: Part, commit: str = "") -> Files | None:
        """What a part has in a commit, without one in the newest; None where it has nothing."""
        from dulwich.object_store import tree_lookup_path
        from dulwich.objects import Tree

        commit = commit or self.head
        if not commit:
            return None
        store, tree = self._repo.object_store, self._commit(commit.encode()).tree
        try:
            _, found = tree_lookup_path(store.__getitem__, tree, part.place.encode())
        except KeyError:
            return None
        top = store[found]
        if not isinstance(top, Tree):
            return {part.place: _text(top.as_raw_string())}
        entries = store.iter_tree_contents(found)
        return {
            f"{part.place}/{entry.path.decode()}": _text(store[entry.sha].as_raw_string())
            for entry in entries
            if entry.path is not None and entry.sha is not None
        }

    def keep(self, changes: Iterable[Change]) -> tuple[Kept, ...]:
        """A commit a change, in the order of time, all of them or none."""
        before = parent = self.head.encode()
        kept = []
        for change in sorted(changes, key=lambda each: each.at):
            parent = self._committed(change, parent)
            kept.append(Kept(parent.decode(), change))
        if kept and not self._moved(before, parent):
            raise BackupError(f"{self._repo.path}: somebody else committed meanwhile: nothing was kept")
        return tuple(kept)

    def remember_read(self, names: Iterable[str]) -> None:
        """Which parts were read just now: of one that did not change no commit tells."""
        folder = Path(self._repo.controldir())
        try:
            read = last_read(folder)
        except BackupError:  # it is written anew
            read = {}
        known = {name: at.replace(tzinfo=UTC).timestamp() for name, at in read.items()}
        new = folder / f"{READ}.new"
        new.write_text(json.dumps({**known, **dict.fromkeys(names, time.time())}), encoding="utf-8")
        new.replace(folder / READ)

    def moment(self, part: Part, at: str) -> Moment:
        """A part as it was `at` a commit or a time (ISO 8601, UTC where it says nothing), without one last.

        Raises UnknownError.
        """
        commit = self._found(at) if _COMMIT.fullmatch(at) else self._last(part, _time(at))
        files = self.files(part, commit.id.decode())
        if files is None:
            raise UnknownError(f"commit {commit.id.decode()[:12]} has nothing of {part.name}")
        author = commit.author.decode(errors="replace").partition(" <")[0]
        return Moment(commit.id.decode(), _authored(commit), author, files)

    @property
    def _branch(self) -> Ref:
        names, _ = self._repo.refs.follow(_head())
        return names[-1]

    def _commit(self, name: bytes) -> Commit:
        from dulwich.objects import Commit, ObjectID

        found = self._repo.object_store[ObjectID(name)]
        if not isinstance(found, Commit):
            raise UnknownError(f"{name.decode()[:12]} is no commit")
        return found

    def _history(self) -> Iterator[Commit]:
        """Commits from the newest on, by the first parent."""
        following = self.head.encode()
        while following:
            commit = self._commit(following)
            yield commit
            following = commit.parents[0] if commit.parents else b""

    def _found(self, start: str) -> Commit:
        """Raises UnknownError where no commit, or more than one, begins so."""
        found = [commit for commit in self._history() if commit.id.decode().startswith(start)]
        if len(found) != 1:
            raise UnknownError(f"{'no commit begins' if not found else 'several commits begin'} with {start}")
        return found[0]

    def _last(self, part: Part, at: datetime | None) -> Commit:
        """The newest commit of a part that is not after a time. Raises UnknownError."""
        own = [commit for commit in self._history() if _part(commit) == part.name]
        for commit in own:
            if at is None or _authored(commit) <= at:
                return commit
        if not own:
            raise UnknownError(f"the backup has nothing of {part.name}: infra-ctl backup {part.name}")
        raise UnknownError(f"the backup has {part.name} from {_authored(own[-1]):%Y-%m-%d %H:%M:%S} UTC on")

    def _committed(self, change: Change, parent: bytes) -> bytes:
        from dulwich.objects import Commit, ObjectID

        commit = Commit()
        commit.tree = self._tree(change, parent)
        commit.parents = [ObjectID(parent)] if parent else []
        commit.author = _person(change.author.name, change.author.address)
        commit.committer = _person("infra-ctl", self._committer)
        commit.author_time = int(change.at.replace(tzinfo=UTC).timestamp())
        commit.commit_time = int(time.time())
        commit.author_timezone = commit.commit_timezone = 0
        commit.encoding = b"UTF-8"
        commit.message = message(change).encode()
        self._repo.object_store.add_object(commit)
        return commit.id

    def _tree(self, change: Change, parent: bytes) -> ObjectID:
        """The tree of a commit's parent, with what the change's part has and nothing else of it."""
        from dulwich.object_store import commit_tree_changes
        from dulwich.objects import Blob, Tree

        store = self._repo.object_store
        top = self._commit(parent).tree if parent else Tree()
        had = (self.files(change.part, parent.decode()) or {}) if parent else {}
        gone: list[tuple[bytes, int | None, ObjectID | None]] = [
            (path.encode(), None, None) for path in sorted(had.keys() - change.files.keys())
        ]
        for path, text in sorted(change.files.items()):
            blob = Blob.from_string(text.encode(errors="surrogateescape"))
            store.add_object(blob)
            gone.append((path.encode(), FILE, blob.id))
        return commit_tree_changes(store, top, gone)

    def _moved(self, before: bytes, after: bytes) -> bool:
        """Move the branch; False where it is not where it was."""
        from dulwich.objects import ObjectID
        from dulwich.protocol import ZERO_SHA

        lock = Path(self._repo.controldir()) / f"{self._branch.decode()}.lock"
        if lock.exists() and time.time() - lock.stat().st_mtime > STALE:
            lock.unlink()
        old = ObjectID(before) if before else ZERO_SHA
        return bool(self._repo.refs.set_if_equals(self._branch, old, ObjectID(after)))


def last_read(folder: Path) -> Mapping[str, datetime]:
    """When each part was last read for the repository in a folder, changed or not, in UTC.

    Raises UnknownError where there is none, and BackupError where that cannot be told; empty where nothing
    was read for it yet.
    """
    try:
        read = json.loads((folder / READ).read_text(encoding="utf-8"))
        return {name: datetime.fromtimestamp(at, UTC).replace(tzinfo=None) for name, at in read.items()}
    except FileNotFoundError:
        if not folder.is_dir():
            raise UnknownError(_no_backup(folder)) from None
        return {}
    except OSError as exc:
        raise BackupError(f"{folder / READ}: {exc.strerror}") from exc
    except (ValueError, TypeError, AttributeError) as exc:
        raise BackupError(f"{folder / READ} is damaged: infra-ctl backup writes it anew") from exc


def message(change: Change) -> str:
    """A commit's message: what, why, then trailers."""
    notes = [(key, " ".join(value.split())) for key, value in change.notes if value.strip()]
    why = next((value for key, value in notes if key == "Reason"), "")
    trailers = "\n".join(f"{key}: {value}" for key, value in notes)
    return "\n\n".join(filter(None, [change.subject, why, trailers])) + "\n"


@contextmanager
def writing(folder: Path, committer: str) -> Iterator[Repository]:
    """The repository in a folder, made where there is none. Raises RefusedError while others write."""
    with _told(folder), _locked(folder):
        if not folder.exists() or not any(folder.iterdir()):
            _make(folder)
        with _opened(folder) as repo:
            yield Repository(repo, committer)


@contextmanager
def reading(folder: Path) -> Iterator[Repository]:
    """The repository in a folder. Raises UnknownError where there is none."""
    if not folder.exists():
        raise UnknownError(_no_backup(folder))
    with _told(folder), _opened(folder) as repo:
        yield Repository(repo, "")


def _no_backup(folder: Path) -> str:
    return f"there is no backup in {folder} yet: infra-ctl backup"


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """What git and the disk have against it, in one line. Raises BackupError."""
    from dulwich.errors import FileFormatException, NotGitRepository, ObjectFormatException
    from dulwich.file import FileLocked

    try:
        yield
    except InfraCtlError:
        raise
    except NotGitRepository as exc:
        raise RefusedError(f"{folder} is no git repository: name one, or an empty folder") from exc
    except FileLocked as exc:
        raise BackupError(f"{folder}: another git process is at its branch: try again") from exc
    except OSError as exc:
        raise BackupError(f"{exc.filename or folder}: {exc.strerror or exc}") from exc
    except (FileFormatException, ObjectFormatException, KeyError) as exc:
        raise BackupError(f"{folder} is damaged, `git fsck` says where: {exc}") from exc


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One writer at a time, who may find the folder missing: the lock is beside it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f".{folder.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise RefusedError(f"{folder}: another backup is under way") from exc
        try:
            yield
        finally:
            fcntl.flock(lock, fcntl.LOCK_UN)


def _make(folder: Path) -> None:
    """Beside its place first, so that it is never there by half."""
    from dulwich.repo import Repo

    new = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        Repo.init_bare(new, default_branch=BRANCH).close()
        new.rename(folder)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise


@contextmanager
def _opened(folder: Path) -> Iterator[Repo]:
    """Raises RefusedError for one with files beside it, which would not follow its commits."""
    from dulwich.repo import Repo

    with Repo(folder) as repo:
        if not repo.bare:
            raise RefusedError(f"{folder} has a working tree: name a bare repository (git clone --bare)")
        yield repo


def _head() -> Ref:
    from dulwich.refs import Ref

    return Ref(b"HEAD")


def _time(at: str) -> datetime | None:
    """Raises UnknownError."""
    if not at:
        return None
    try:
        found = datetime.fromisoformat(at)
        return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found
    except (ValueError, OverflowError):  # the first hours of the year 1 are before it, in UTC
        raise UnknownError(f"'{at}' is neither a commit nor a time such as 2026-11-21T09:30") from None


def _authored(commit: Commit) -> datetime:
    return datetime.fromtimestamp(commit.author_time, UTC).replace(tzinfo=None)


def _part(commit: Commit) -> str:
    """Whose commit it is; empty for one that somebody else made."""
    trailers = _trailers(commit)
    return trailers.get("Device") or trailers.get("Host", "")


def _trailers(commit: Commit) -> Mapping[str, str]:
    """The last paragraph of its message: no reason that somebody gave is taken for one."""
    last = commit.message.decode(errors="replace").strip().rpartition("\n\n")[2]
    pairs = (line.partition(": ") for line in last.splitlines())
    return {key: value for key, colon, value in pairs if colon}


def _person(name: str, address: str) -> bytes:
    """As git writes it, which has no room for some characters."""
    clean = (re.sub(r"[<>\n\0]", "", each).strip() or "nobody" for each in (name, address))
    return "{} <{}>".format(*clean).encode(errors="replace")


def _text(content: bytes) -> str:
    return content.decode(errors="surrogateescape")
