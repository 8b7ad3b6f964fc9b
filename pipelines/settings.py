"""Where things are: folders and addresses, from options, the environment, and the nearest workspace."""

import getpass
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines import publication
from pipelines.store import Remote, patience, place
from schemas.errors import JvomError, LakeError, NetworkError, ServerError, UsageError

LOG_FORMATS = ("text", "json")
EXECUTORS = ("in_process", "multiprocess", "celery", "k8s")
_OF_RAW = ("sources.toml", "sources.lock")
_NO_PATH = re.compile(r"\?|%[0-9A-Fa-f]{2}")  # begins options, or is a character's code, in an address


class _At:
    """A place in the warehouse, or in the store that machines share, if there is one."""

    def __init__(self, name: str, *, shared: bool = False) -> None:
        self._name = name
        self._shared = shared

    def __get__(self, where: Any, _owner: type) -> Path:
        home: Path = where.store if self._shared and where.store else where.warehouse
        return home / self._name


@dataclass(frozen=True)
class Settings:
    """Addresses of one installation.

    `catalog` is `sqlite:<file>` or `postgres:<libpq connection string>`; `data` is a folder or an
    `s3://` prefix. Both default to the warehouse, so that moving to a server changes no code. `store` is a
    folder or a prefix that several machines share, `home` the Dagster home and `staging` the stage where they
    are elsewhere than in the warehouse, which is this machine's own.
    """

    raw: Path
    warehouse: Path
    catalog: str = field(repr=False)  # it may hold a password
    data: str
    store: Path | None = None
    home: Path | None = None
    staging: Path | None = None
    public_data: str = ""  # address at which others read `data`; then releases leave a catalog to attach to

    kept = _At("sources", shared=True)  # bytes of every document ever ingested, by hash
    contributions = _At("un", shared=True)  # files of the UN's contributions, by hash, and which is in use
    releases = _At("releases", shared=True)  # a folder for each release ever published: manifest and package
    site = _At("site", shared=True)
    quarantine = _At("quarantine", shared=True)
    backups = _At("backups")  # copies of the warehouse, each made before its tables were changed
    downloads = _At("downloads")  # what services answered to the last fetch of each year; safe to delete
    logs = _At("logs")  # what runs and faults leave to read, a file a day

    @property
    def published(self) -> Path:
        """The file for analysts; with a store this machine's copy of what is published there now."""
        return publication.copy(self.store, self.warehouse) if self.store else self.warehouse / "jvom.duckdb"

    def building(self, release_id: str) -> Path:
        """Where the file of a release is built: in its place, or with a store beside this machine's copy."""
        return publication.building(self.warehouse, release_id) if self.store else self.published

    @property
    def dagster_home(self) -> Path:
        """Run history, schedules and logs of Dagster, or what says where they are."""
        return self.home or self.warehouse / "dagster"

    @property
    def has_history(self) -> bool:
        """Whether Dagster has run here, or is said to run elsewhere."""
        return (self.dagster_home / ("dagster.yaml" if self.home else "history")).exists()

    @property
    def stage(self) -> Path:
        """Values between assets of a run; safe to delete."""
        return self.staging or self.warehouse / "stage"

    def environment(self) -> dict[str, str]:
        """The same settings as environment variables, for a child process or Dagster."""
        return {
            "JVOM_RAW": str(self.raw),
            "JVOM_WAREHOUSE": str(self.warehouse),
            "JVOM_CATALOG": self.catalog,
            "JVOM_DATA": self.data,
            "JVOM_STORE": str(self.store or ""),
            "JVOM_STAGE": str(self.staging or ""),
            "JVOM_PUBLIC_DATA": self.public_data,
            "DAGSTER_HOME": str(self.dagster_home),
        }


@dataclass(frozen=True)
class Network:
    """Services that editions are fetched from, and how patiently; times in seconds.

    `parliament` is the OData service of the Tweede Kamer: its two versions below one address, or either of
    them by its own (`.../v5`, `.../v4/2.0`), which is then asked first. `publications` is the repository of
    officielebekendmakingen.nl. `timeout` is the longest silence, `longest` the most that one document may
    take, `whole` that one search may take in all, `attempts` how often one request is made, `backoff` the
    first pause between them.
    """

    parliament: str = "https://gegevensmagazijn.tweedekamer.nl/OData"
    publications: str = "https://repository.overheid.nl"
    timeout: float = 180.0
    longest: float = 600.0
    whole: float = 900.0
    attempts: int = 4
    backoff: float = 1.0


def network() -> Network:
    """The services by `JVOM_PARLIAMENT_URL`, `JVOM_PUBLICATIONS_URL` and `JVOM_FETCH_*`, else the usual ones.

    Raises UsageError if one of them is not an address, or not a number.
    """

    def address(variable: str, usual: str) -> str:
        given = (os.environ.get(variable) or usual).rstrip("/")
        if not re.fullmatch(r"https?://[^\s/?#@]+[^\s?#]*", given):
            raise UsageError(f"{variable} is not an address", hint="such as https://example.org/service")
        return given

    return Network(
        parliament=address("JVOM_PARLIAMENT_URL", Network.parliament),
        publications=address("JVOM_PUBLICATIONS_URL", Network.publications),
        timeout=_number("JVOM_FETCH_TIMEOUT", Network.timeout, 0.01),
        longest=_number("JVOM_FETCH_LONGEST", Network.longest, 0.01),
        whole=_number("JVOM_FETCH_WHOLE", Network.whole, 0.01),
        attempts=int(_number("JVOM_FETCH_ATTEMPTS", Network.attempts, 1)),
        backoff=_number("JVOM_FETCH_BACKOFF", Network.backoff),
    )


def retry_pauses() -> dict[type[JvomError], float]:
    """Seconds before what met such an error is tried again: then three, then seven times as long."""
    return {ServerError: _number("JVOM_RETRY_PAUSE", 4.0), NetworkError: 60.0 * network().backoff}


def _number(variable: str, usual: float, least: float = 0.0) -> float:
    given = os.environ.get(variable) or str(usual)
    if not re.fullmatch(r"\d{1,6}(\.\d+)?", given) or float(given) < least:
        raise UsageError(f"{variable} is {given!r}", hint=f"give a number, at least {least:g}")
    return float(given)


def workspace(start: Path | None = None) -> Path | None:
    """The nearest folder upwards that holds a `workspace.yaml`, else `JVOM_HOME`, else None."""
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / "workspace.yaml").is_file():
            return folder
    home = os.environ.get("JVOM_HOME")
    return Path(home).resolve() if home else None


def find(raw: Path | None = None, warehouse: Path | None = None) -> Settings:
    """Settings from options, then `JVOM_*`, then the workspace.

    A warehouse that is named by option, such as a backup, has its own raw/ in or beside it, else that of
    the workspace. Raises LakeError if nothing says where the warehouse is, UsageError for a `JVOM_*` that
    means nothing.
    """
    _require_sense(os.environ)
    root = workspace() or (warehouse.resolve().parent if warehouse else None)
    if warehouse is not None and raw is None:
        own = (warehouse.resolve() / "raw", warehouse.resolve().parent / "raw")
        raw = next((each for each in own if any((each / name).is_file() for name in _OF_RAW)), None)

    def folder(option: Path | None, variable: str, name: str) -> Path:
        if option is not None:
            return option.resolve()
        if os.environ.get(variable):
            return place(os.environ[variable])
        if root is None:
            hint = f"run it in the project's folder, set JVOM_HOME, or give --{name} DIR"
            raise LakeError(f"no workspace.yaml here or above, so there is no {name}/ to use", hint=hint)
        return root / name

    house = folder(warehouse, "JVOM_WAREHOUSE", "warehouse")
    if other := _NO_PATH.search(str(house)):
        hint = "rename the folder, or give another with --warehouse DIR"
        message = f"a database in {house} cannot be opened: to it “{other[0]}” means something else"
        raise UsageError(message, hint=hint)
    # A warehouse named by option never writes to the lake, the store or the history of the environment.
    given = os.environ if warehouse is None else {}
    store, staging = (
        place(given[name]) if given.get(name) else None for name in ("JVOM_STORE", "JVOM_STAGE")
    )
    lake = (store or house) / "lake"
    if isinstance(lake, Remote) and not given.get("JVOM_CATALOG"):
        hint = "set JVOM_CATALOG to postgres:host=… dbname=…: all machines must write to one catalog"
        raise UsageError("a store on S3 needs a catalog on a server", file=str(store), hint=hint)
    return Settings(
        raw=store / "raw"
        if store and raw is None and not given.get("JVOM_RAW")
        else folder(raw, "JVOM_RAW", "raw"),
        warehouse=house,
        catalog=given.get("JVOM_CATALOG") or f"sqlite:{lake / 'catalog.sqlite'}",
        data=given.get("JVOM_DATA") or f"{lake / 'data'}/",
        store=store,
        home=Path(given["DAGSTER_HOME"]).resolve() if given.get("DAGSTER_HOME") else None,
        staging=staging,
        public_data=given.get("JVOM_PUBLIC_DATA", ""),
    )


def _require_sense(given: Mapping[str, str]) -> None:
    """UsageError where a variable means nothing, whatever the command at hand makes of it."""
    for name, known in (("JVOM_LOG_FORMAT", LOG_FORMATS), ("JVOM_EXECUTOR", EXECUTORS)):
        if (value := given.get(name)) and value not in known:
            raise UsageError(f"{name} is {value!r}", hint=f"give {', '.join(known[:-1])} or {known[-1]}")
    for name, form in (
        ("JVOM_NOTIFY_URL", r"https?://[^\s/]+\S*"),
        ("JVOM_PUBLIC_DATA", r"[a-z0-9]+://\S+|/.*"),
    ):
        if (value := given.get(name)) and not re.fullmatch(form, value):  # which may hold a secret
            raise UsageError(f"{name} is not an address", hint="such as https://example.org/jvom")
    retry_pauses()
    patience()


def actor() -> str:
    """Who is at work: `JVOM_ACTOR`, else the system's user."""
    return os.environ.get("JVOM_ACTOR") or getpass.getuser()
