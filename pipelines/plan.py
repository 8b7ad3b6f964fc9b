"""What a build would have to do, decided before Dagster is imported.

Not a stage: like `assets` it knows several of them (raw, snapshot, views, published), but no
Dagster. Nothing is written here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pipelines import files, raw, versions
from pipelines import lake as snapshot
from pipelines import reconcile as reconciled
from pipelines.model import Edition, SourceFile, Versions
from pipelines.other_sources import files as public_sources
from pipelines.publish import published, release
from pipelines.settings import Settings
from schemas.errors import JvomError, Problems, SourceError

if TYPE_CHECKING:
    from pipelines.model import EditionState
    from pipelines.publish.published import State


@dataclass(frozen=True)
class Due:
    """One edition to read: the file chosen, what the catalogue knows, by which versions, and why.

    `recheck`: a reading that gives the same rows is to be noted even if nothing had changed.
    """

    edition_year: int
    source: SourceFile
    edition: Edition
    versions: Versions
    reason: str
    recheck: bool = False


@dataclass(frozen=True)
class Plan:
    """What a build has to do; `publish` says why the published file must be written, else is empty.

    `problems` are files in raw/ that can be no source; the other editions are not kept waiting.
    """

    editions: tuple[Due, ...] = ()
    publish: str = ""
    problems: tuple[JvomError, ...] = ()

    @property
    def nothing(self) -> bool:
        """Whether hashes, code, lake and published release agree."""
        return not self.editions and not self.publish

    @property
    def years(self) -> tuple[int, ...]:
        """Editions to read, in order."""
        return tuple(due.edition_year for due in self.editions)


def plan(settings: Settings, year: int | None = None, *, recheck: bool = False) -> Plan:
    """What there is to do for every edition in raw/ or held, or for one of them.

    An edition that was ingested from elsewhere is read again from its kept bytes when the code,
    the registry or its declarations differ, or when other rules last looked for contradictions in
    it; with `recheck` every edition is read again. Raises
    SourceError where `year` is nowhere to be found, or raw/ cannot be read.
    """
    state = published.state(settings.published)
    held = state.editions if state else {}
    found, wrong = raw.survey(settings.raw)
    years = {*found, *held} if year is None else {year}
    problems = [p for y, of_year in wrong.items() if year in (None, y) for p in of_year]
    if year is not None and year not in found and year not in held:
        if problems:
            raise Problems(problems)
        raise SourceError(
            f"there is no edition of {year}",
            file=f"raw/{year}",
            hint=f"put the report in raw/{year}/, or run jvom ingest FILE --year {year}",
        )
    chosen = [
        raw.choose(found.get(y, ()), held[y].source, held[y].seen, settled=held[y].decided_by_hand)
        if y in held
        else raw.choose(found.get(y, ()), None, ())
        for y in sorted(years)
    ]
    return replace(_planned(settings, state, chosen, recheck=recheck), problems=tuple(problems))


def single(settings: Settings, source: SourceFile) -> Plan:
    """What there is to do for one document that somebody chose."""
    return _planned(settings, published.state(settings.published), [source])


def publication(settings: Settings) -> Plan:
    """What there is to publish, whatever there may be to read."""
    return Plan(publish=_publish(settings, published.state(settings.published)))


def _planned(
    settings: Settings, state: State | None, chosen: list[SourceFile], *, recheck: bool = False
) -> Plan:
    catalogue = raw.catalogue(settings.raw)
    rules = versions.rules(reconciled.rules_version())
    due = []
    for source in chosen:
        year = source.edition_year
        edition = raw.edition_of(catalogue, year)
        now = versions.reading(edition)
        held = state.editions.get(year) if state else None
        reason = _reason(source, now, held) or _unreconciled(held, rules)
        if held is not None and source.sha256 != held.source.sha256:
            again = _reason(held.source, now, held)
            if again and _readable(settings, held.source):  # so that each cause has a vintage of its own
                due.append(Due(year, held.source, edition, now, f"{again}: first the bytes read before"))
        if reason or recheck:
            due.append(Due(year, source, edition, now, reason or "to be read again, as asked", recheck))
    return Plan(tuple(due), _publish(settings, state))


def _reason(source: SourceFile, now: Versions, held: EditionState | None) -> str:
    """Why an edition must be read, in words; empty where it need not be."""
    if held is None:
        return "no vintage of it is published"
    if source.sha256 != held.source.sha256:
        if source.fidelity != held.source.fidelity:
            return f"{source.path} ({source.fidelity}) takes the place of the {held.source.fidelity} one"
        return f"{source.path} has other bytes than what was read"
    if held.cause == "withdrawn" or now in held.versions:
        return ""
    last = held.versions[-1]
    if now.code != last.code:
        return "the code that reads has changed"
    if now.registry != last.registry:
        return "the mission registry or the layouts have changed"
    return "what is declared about it has changed"


def _unreconciled(held: EditionState | None, rules: str) -> str:
    """Why an edition's contradictions must be looked for again; empty where they need not be."""
    if held is None or held.cause == "withdrawn" or held.rules == rules:
        return ""
    return (
        "the rules that look for contradictions have changed" if held.rules else "no rules have looked at it"
    )


def _manifested(settings: Settings, release_id: str) -> bool:
    """Whether the manifest was written after the file, as at each publish; hashes are for verifying."""
    written = settings.releases / release_id / release.MANIFEST
    return written.exists() and written.stat().st_mtime_ns >= settings.published.stat().st_mtime_ns


def _readable(settings: Settings, source: SourceFile) -> bool:
    """Whether the bytes of a source are still to be had."""
    try:
        raw.read(source, raw=settings.raw, kept=settings.kept)
    except SourceError:
        return False
    return True


def _publish(settings: Settings, state: State | None) -> str:
    """Why the published file must be written even if no edition gives a new vintage."""
    head = snapshot.Lake(settings.catalog, settings.data).head()
    if state is None:
        return "there is no published file" if head else ""
    if head != state.head:
        return "the lake has more than the published file"
    if state.code != versions.publishing():
        return "the views, their contracts or the building of the file have changed"
    if state.public != public_sources.version(settings):
        return "the figures of other public sources have changed"
    if not _manifested(settings, state.release_id):
        return "the published file is not the one that its release's manifest describes"
    if files.built_from(settings.site) != f"{state.release_id} {versions.site()}":
        return "the site is not of this release, or the code that makes it has changed"
    if files.built_from(settings.releases / state.release_id) != f"{state.release_id} {versions.package()}":
        return "the package of this release is not there, or the code that makes it has changed"
    return ""
