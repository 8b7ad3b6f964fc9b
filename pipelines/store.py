"""A bucket of an S3 service as places: what this project uses of a `Path`, over one object store.

Belongs here: requests to the store, their errors in plain words, and conditional writes. An object is written
whole or not at all, so nothing is put aside first. A missing object is a FileNotFoundError, as for a file;
whatever else fails is a ServerError: no one may take a store that does not answer for an empty one.
Credentials come by the usual chain, that of `botocore`, for the lake's own requests too: `AWS_*`, a profile,
a web identity, the role of container or machine. What was read once is asked for again by its mark, and comes
only if it has changed: sensors look at every file of `raw/`.
"""

from __future__ import annotations

import datetime
import io
import mimetypes
import os
import re
import stat
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from schemas.errors import LakeError, ServerError, UsageError

# What takes a place takes a file's path or this; `files` and `isinstance` tell them apart where it matters.
if TYPE_CHECKING:
    _Base = Path
else:
    _Base = PurePosixPath
_HINTS = {
    "NoSuchBucket": "make the bucket first, or correct JVOM_STORE",
    # A status with its words: an error also says how long it took, which may be 403.58ms.
    r"AccessDenied|SignatureDoesNotMatch|InvalidAccessKeyId|\b40[13] (Forbidden|Unauthorized)|credential": (
        "check the credentials (AWS_*, or the role of this machine) and the bucket's policy"
    ),
}
_KEPT = 64 * 2**20  # bytes of what was read, that a process keeps
_AWAY = "check AWS_ENDPOINT_URL, and that the store runs; then run it again: nothing was half written"


def place(address: str) -> Path:
    """A folder of this machine, or a prefix in a bucket as `s3://bucket/prefix`; else UsageError."""
    if "://" not in address:
        return Path(address).resolve()
    if not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]+(/[^?#]*)?", address):
        hint = "give a folder, or s3://bucket/prefix; a bucket's name is of a-z, 0-9, - and ., two at least"
        raise UsageError(f"{address} cannot hold files", hint=hint)
    return Remote(f"/{address.removeprefix('s3://')}")


def patience() -> tuple[float, int]:
    """Seconds that one request may take, and how often it is made again: JVOM_STORE_TIMEOUT, _RETRIES."""
    given = os.environ.get("JVOM_STORE_TIMEOUT") or "30", os.environ.get("JVOM_STORE_RETRIES") or "3"
    if not all(re.fullmatch(r"[1-9]\d{0,3}|0", each) for each in given) or given[0] == "0":
        hint = "JVOM_STORE_TIMEOUT is in seconds, at least 1; JVOM_STORE_RETRIES a count"
        raise UsageError("the store's patience is not a number", hint=hint)
    return float(given[0]), int(given[1])


class Remote(_Base):
    """A place in a bucket, `/bucket/key` to Python and `s3://bucket/key` to people.

    There are no folders: one is there as long as something is below it, and needs no making.
    """

    def __str__(self) -> str:
        return "s3:/" + str(super().__str__())

    def __fspath__(self) -> str:
        raise TypeError(f"{self} is not on this machine's disks")

    @property
    def _bucket(self) -> str:
        return self.parts[1]

    @property
    def _client(self) -> Any:
        return _bucket(self._bucket, os.getpid())

    @property
    def _key(self) -> str:
        return "/".join(self.parts[2:])

    def relative_to(self, *other: Any) -> Any:
        """What is left of a key is in no bucket any more."""
        (of,) = other
        return PurePosixPath(*self.parts).relative_to(PurePosixPath(*of.parts))

    def as_uri(self) -> str:
        return str(self)

    def resolve(self, strict: bool = False) -> Remote:  # noqa: ARG002
        return self

    def read_bytes(self) -> bytes:
        return self.read_version()[0]

    def open(self, mode: str = "rb", *_: Any, **__: Any) -> Any:
        if mode != "rb":
            raise TypeError(f"{self} is not opened to be written: files.put does that")
        return io.BytesIO(self.read_bytes())

    def read_text(self, encoding: str | None = None, errors: str | None = None) -> str:
        return self.read_bytes().decode(encoding or "utf-8", errors or "strict")

    def read_version(self) -> tuple[bytes, str | None]:
        """The bytes, and the mark of this version for `write`."""
        data, mark = _kept.get(str(self), (b"", None))
        with self._asking("read") as obstore:
            try:
                found = obstore.get(
                    self._client, self._key, options={"if_none_match": mark} if mark else None
                )
            except obstore.exceptions.NotModifiedError:
                return data, mark
            data, mark = bytes(found.bytes()), found.meta["e_tag"]
        _keep(str(self), data, mark)
        return data, mark

    def version(self) -> str | None:
        """The bucket's own name of the version that is there now; None where it keeps none."""
        with self._asking("looked at") as obstore:
            found: str | None = obstore.head(self._client, self._key)["version"]
        return found

    def write_bytes(self, data: Any) -> int:
        self.write(bytes(data))
        return len(data)

    def write(self, data: bytes, *, over: str | None = None, new: bool = False) -> bool:
        """Put an object whole; False if it is there already (`new`), or is not version `over` any more."""
        mode: Any = "create" if new else {"e_tag": over} if over else "overwrite"
        kind = mimetypes.guess_type(self.name)[0]  # a site in a bucket is read by browsers
        about: Any = {"Content-Type": kind} if kind else None
        with self._asking("written") as obstore:
            try:
                obstore.put(self._client, self._key, data, mode=mode, attributes=about)
            except (obstore.exceptions.AlreadyExistsError, obstore.exceptions.PreconditionError):
                return False
        return True

    def unlink(self, missing_ok: bool = True) -> None:  # noqa: ARG002  # S3 does not say whether it was there
        with self._asking("removed") as obstore:
            obstore.delete(self._client, self._key)

    def exists(self) -> bool:
        return self.is_file() or self.is_dir()

    def is_file(self) -> bool:
        try:
            return bool(self.stat())
        except FileNotFoundError:
            return False

    def is_dir(self) -> bool:
        return next(self._below(), None) is not None

    def is_symlink(self) -> bool:
        return False

    def mkdir(self, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:
        pass

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:  # noqa: ARG002
        with self._asking("looked at") as obstore:
            found = obstore.head(self._client, self._key)
        moment = found["last_modified"].timestamp()
        return os.stat_result((stat.S_IFREG | 0o444, 0, 0, 1, 0, 0, found["size"], moment, moment, moment))

    def iterdir(self) -> Generator[Remote, None, None]:
        with self._asking("listed") as obstore:
            found = obstore.list_with_delimiter(self._client, f"{self._key}/")
        names = {*found["common_prefixes"], *(each["path"] for each in found["objects"])} - {self._key}
        yield from (self / PurePosixPath(name).name for name in sorted(names))

    def glob(self, pattern: str) -> Generator[Remote, None, None]:
        """As of a folder, in order; without `**` but at its start."""
        wanted = pattern.split("/")
        if len(wanted) == 1:
            yield from (path for path in self.iterdir() if fnmatchcase(path.name, pattern))
            return
        for path in sorted(self._below()):
            parts = path.relative_to(self).parts
            if wanted[0] == "**":
                parts = ("**", *parts[len(parts) - len(wanted) + 1 :])
            if len(parts) == len(wanted) and all(map(fnmatchcase, parts, wanted)):
                yield path

    def rglob(self, pattern: str) -> Generator[Remote, None, None]:
        yield from self.glob(f"**/{pattern}")

    def _below(self) -> Iterator[Remote]:
        with self._asking("listed") as obstore:
            for some in obstore.list(self._client, f"{self._key}/"):
                for each in some:
                    if each["path"] != self._key:  # some programs put an object in a folder's place
                        yield Remote("/", self._bucket, each["path"])

    @contextmanager
    def _asking(self, doing: str) -> Iterator[Any]:
        """The package; FileNotFoundError for an object that is not there, ServerError for all else."""
        try:
            import obstore
        except ImportError as error:
            hint = "install requirements-team.lock (./setup team)"
            raise LakeError("a store on S3 needs the package obstore", file=str(self), hint=hint) from error
        try:
            yield obstore
        except (obstore.exceptions.BaseError, OSError) as error:
            text = str(error)
            if isinstance(error, FileNotFoundError) and "NoSuchBucket" not in text:
                raise FileNotFoundError(2, "No such object", str(self)) from error
            said = re.sub(r"\S+://\S+", "", text).replace(self._key, "")  # names may have such words too
            hint = hint_for(said)
            first = re.sub(r"(\w://[^/\s]+)\S*", r"\1", text.partition("\n\nDebug source")[0])
            first = " ".join(first.split())[:300]  # without the rest of an address, which `file` says
            raise ServerError(f"cannot be {doing}: {first}", file=str(self), hint=hint) from error


def hint_for(said: str) -> str:
    """What to do about an error of the store, by its words."""
    return next((hint for words, hint in _HINTS.items() if re.search(words, said)), _AWAY)


_kept: dict[str, tuple[bytes, str | None]] = {}  # what was read last, by name, and the mark of its version


def _keep(name: str, data: bytes, mark: str | None) -> None:
    """Keep it for the next reader; what was read longest ago goes first."""
    _kept.pop(name, None)
    _kept[name] = (data, mark)
    while sum(len(each) for each, _ in _kept.values()) > _KEPT:
        _kept.pop(next(iter(_kept)))


def credentials() -> dict[str, Any]:
    """Keys for the store as `obstore` takes them; temporary ones with their token, good for ten minutes more.

    UsageError if there are none, ServerError if what gives them does not, LakeError without its package.
    """
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    key, secret, token = map(os.environ.get, names)
    if not key or not secret:
        try:
            from botocore.exceptions import BotoCoreError, ClientError
        except ImportError as error:
            hint = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or install requirements-team.lock"
            raise LakeError("credentials by role need the package botocore", hint=hint) from error
        try:
            chain = _chain(os.getpid())
            key, secret, token = chain.get_frozen_credentials()[:3] if chain else (None, None, None)
        except (BotoCoreError, ClientError) as error:
            hint = "check the role, the profile or the web identity that AWS_* name; then run it again"
            raise ServerError(f"no credentials for the store: {error}", hint=hint) from error
    if not key:
        hint = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or AWS_PROFILE, or give this machine a role"
        raise UsageError("there are no credentials for the store", hint=hint)
    end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=10)  # botocore renews before that
    return {
        "access_key_id": key,
        "secret_access_key": secret,
        "token": token,
        "expires_at": end if token else None,
    }


@cache
def _chain(_process: int) -> Any:
    """Where botocore finds credentials, which it renews; None if nowhere."""
    import botocore.session

    return botocore.session.get_session().get_credentials()


@cache
def _bucket(name: str, _process: int) -> Any:
    """The client of a bucket in one process; its connections are shared by the places in it."""
    from obstore.store import S3Store

    credentials()  # now, and not within a request: to say what is wrong with them
    timeout, retries = patience()
    address = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    elsewhere: Any = {"endpoint": address} if address else {}
    return S3Store(
        name,
        **elsewhere,
        credential_provider=credentials,
        client_options={
            "allow_http": bool(address and address.startswith("http://")),
            "timeout": datetime.timedelta(seconds=timeout),
            "connect_timeout": datetime.timedelta(seconds=min(timeout, 5)),
        },
        retry_config={
            "max_retries": retries,
            "retry_timeout": datetime.timedelta(seconds=timeout * (retries + 1)),
        },
    )
