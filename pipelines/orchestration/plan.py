"""What a build would have to do, decided before Dagster is imported. Nothing is written here.

Whether an edition is up to date is not computed here: the lake decides it, and the published file says
it in `edition_state`. Here that is compared with what is in raw/, and with the code at work.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from pipelines import files, other_sources, raw, versions
from pipelines.lake import Lake
from pipelines.model import Edition, EditionState, SourceFile, Versions
from pipelines.publish import published, release
from pipelines.publish.published import State
from pipelines.settings import Settings
from schemas.errors import JvomError, LakeError, Problems, SourceError

MORE_RECORDED = "the lake has more than the published file"


@dataclass(frozen=True)
class PendingEdition:
    """One edition to read: the file chosen, what the catalogue knows, by which versions, and why.

    `recheck`: a reading that gives the same rows is to be noted even if nothing had changed. `given` is the
    name of a file that somebody ingested from elsewhere, for messages. `is_unread`: no vintage
    is of its bytes. `note` is why somebody ingested it, in their words.
    """

    edition_year: int
    source: SourceFile
    edition: Edition
    versions: Versions
    reason: str
    recheck: bool = False
    given: str = ""
    is_unread: bool = False
    note: str = ""


@dataclass(frozen=True)
class Plan:
    """What a build has to do; `publish` says why the published file must be written, else is empty.

    `problems` are files in raw/ that cannot be a source; the other editions are not kept waiting.
    """

    editions: tuple[PendingEdition, ...] = ()
    publish: str = ""
    problems: tuple[JvomError, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether hashes, code, lake and published release agree."""
        return not self.editions and not self.publish

    @property
    def years(self) -> tuple[int, ...]:
        return tuple(pending.edition_year for pending in self.editions)


def plan_build(
    settings: Settings, year: int | None = None, *, recheck: bool = False, history: bool = False
) -> Plan:
    """What there is to do for every edition in raw/ or recorded, or for one of them.

    With `history` older documents of an edition that were never read come before the newest (`raw.unread`).

    An edition that was ingested from elsewhere is read again from its kept bytes when the code,
    the registry or its declarations differ, or when other rules last looked for contradictions in
    it; with `recheck` every edition is read again. Raises SourceError if `year` is nowhere to be
    found, or raw/ cannot be read.
    """
    state, recorded = _recorded(settings)
    found, wrong = raw.survey(settings.raw)
    years = {*found, *recorded} if year is None else {year}
    problems = [p for y, of_year in wrong.items() if year in (None, y) for p in of_year]
    if year is not None and year not in found and year not in recorded:
        if problems:
            raise Problems(problems)
        hint = f"put the report in raw/{year}/, or run jvom ingest FILE --year {year}"
        raise SourceError(f"there is no edition of {year}", file=f"raw/{year}", hint=hint)
    files = raw.unread if history else lambda *given: (raw.choose(*given),)
    chosen = [file for y in sorted(years) for file in files(found.get(y, ()), recorded.get(y))]
    pending = []
    for each in _pending(settings, recorded, chosen, recheck=recheck):
        files_of_year = found.get(each.edition_year, ())
        newest = each.source == raw.choose(files_of_year, recorded.get(each.edition_year))
        doubt = raw.order_in_doubt(settings.raw, files_of_year, each.source) if newest else ""
        pending.append(replace(each, reason=f"{each.reason}; {doubt}") if doubt else each)
    again = not all(each.is_unread for each in pending)
    return Plan(tuple(pending), _why_publish(settings, state, again=again), tuple(problems))


def plan_for_file(settings: Settings, source: SourceFile, given: str, note: str = "") -> Plan:
    """What there is to do for one document that somebody chose, and called so; `note` says why."""
    state, recorded = _recorded(settings)
    pending = (
        replace(each, given=given, note=note, reason=each.reason.replace(source.path, given))
        if each.source == source
        else each
        for each in _pending(settings, recorded, [source])
    )
    return Plan(tuple(pending), _why_publish(settings, state))


def plan_publication(settings: Settings) -> Plan:
    """What there is to publish, whatever there may be to read."""
    state, _ = _recorded(settings)
    return Plan(publish=_why_publish(settings, state))


def has_unended_runs(settings: Settings) -> bool:
    """Whether the run history on this machine has runs that did not end, asked without loading Dagster."""
    runs = settings.dagster_home / "history" / "runs.db"
    if settings.home or not runs.exists():
        return False
    query = "SELECT 1 FROM runs WHERE status NOT IN ('SUCCESS', 'FAILURE', 'CANCELED') LIMIT 1"
    # SQLite would leave a log beside a file without one; what a killed process wrote may be in its log only.
    how = "mode=ro" if runs.with_name("runs.db-wal").exists() else "immutable=1"
    with (
        suppress(sqlite3.Error),
        closing(sqlite3.connect(f"{runs.absolute().as_uri()}?{how}", uri=True)) as opened,
    ):
        return opened.execute(query).fetchone() is not None
    return False


def _recorded(settings: Settings) -> tuple[State | None, Mapping[int, EditionState]]:
    """What the published file was built from, and the editions that it has; else those of the lake.

    Raises LakeError where there was a lake and it is gone, or is one from before the published file.
    """
    lake = Lake.of(settings)
    lake.require_present()
    state = published.state(settings.published)
    if state is None:
        return None, lake.edition_states()
    if lake.head() != state.head:
        held = lake.edition_states()
        for year, edition in state.editions.items():
            if year not in held or held[year].vintage < edition.vintage:
                message = (
                    f"lacks edition {year}, vintage {edition.vintage}, which release {state.release_id} has"
                )
                hint = "restore the whole warehouse from one backup: its parts must be of one moment"
                raise LakeError(message, file=lake.address.name, hint=hint)
    return state, state.editions


def _pending(
    settings: Settings,
    recorded: Mapping[int, EditionState],
    chosen: list[SourceFile],
    *,
    recheck: bool = False,
) -> Iterator[PendingEdition]:
    catalogue = raw.catalogue(settings.raw)
    rules = versions.rules()
    for source in chosen:
        year = source.edition_year
        edition, state = raw.edition_of(catalogue, year), recorded.get(year)
        now = versions.reading(edition)
        reason = _why_read(source, now, rules, state)
        if reason and state and now.declarations not in {one.declarations for one in state.versions}:
            raw.require_catalogue(settings.raw, year)
        other = state is not None and source.sha256 != state.source.sha256
        if state and other and (again := _why_read(state.source, now, None, state)):
            with suppress(SourceError):  # else each cause has its own vintage
                raw.read(state.source, raw=settings.raw, kept=settings.kept)
                first = f"{again}: first the bytes read before"
                yield PendingEdition(year, state.source, edition, now, first)
        if reason or recheck:
            why, unread = reason or "to be read again, as asked", not (state and source.sha256 in state.seen)
            yield PendingEdition(year, source, edition, now, why, recheck, is_unread=unread)


def _why_read(source: SourceFile, now: Versions, rules: str | None, recorded: EditionState | None) -> str:
    """Why an edition must be read, in words; empty if it need not be. Without `rules` they do not count."""
    if recorded is None:
        return "no vintage of it is recorded"
    if source.sha256 != recorded.source.sha256:
        if source.fidelity != recorded.source.fidelity:
            return f"{source.path} ({source.fidelity}) takes the place of the {recorded.source.fidelity} one"
        return f"{source.path} has other bytes than what was read"
    if recorded.cause == "withdrawn":
        return ""
    last = recorded.versions[-1]
    if now not in recorded.versions:
        if now.code != last.code:
            return "the code that reads has changed"
        if now.registry != last.registry:
            return "the mission registry or the layouts have changed"
        return "what is declared about it has changed"
    if rules in (None, recorded.rules):
        return ""
    changed = "the rules that look for contradictions have changed"
    return changed if recorded.rules else "no rules have looked at it"


def _why_publish(settings: Settings, state: State | None, *, again: bool = False) -> str:
    """Why the published file must be written even if no edition gives a new vintage.

    Where editions are read `again`, what is declared comes with them, and not if they are refused for it.
    """
    head = Lake.of(settings).head()
    if state is None:
        return "there is no published file" if head else ""
    folder = settings.releases / state.release_id
    if head != state.head:
        return MORE_RECORDED
    if state.code != versions.publishing():
        return "the views, their contracts or the building of the file have changed"
    if state.public != other_sources.version(settings):
        return "the figures of other public sources have changed"
    if state.declared != versions.declared() and not again:
        return "the mission registry, the declared corrections or the rules are not those that were published"
    manifest = folder / release.MANIFEST
    older = settings.store is None and manifest.exists() and _age(manifest) < _age(settings.published)
    if older or not manifest.exists():  # hashes are for verifying; in a store the manifest comes first
        return "the published file is not the one that its release's manifest describes"
    if files.built_from(settings.site) != f"{state.release_id} {versions.site()}":
        return "the site is not of this release, or the code that makes it has changed"
    if files.built_from(folder) != f"{state.release_id} {versions.package()}":
        return "the package of this release is missing, or the code that makes it has changed"
    return ""


def _age(file: Path) -> int:
    return file.stat().st_mtime_ns
