"""What a build would have to do, decided before Dagster is imported. Nothing is written here.

Whether an edition is up to date is not computed here: the lake decides it, and the published file says
it in `edition_state`. Here that is compared with what is in raw/, and with the code at work.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines import files, other_sources, raw, reconcile, versions
from pipelines.lake import Lake
from pipelines.model import Edition, EditionState, SourceFile, Versions
from pipelines.publish import published, release
from pipelines.settings import Settings
from schemas.errors import JvomError, Problems, SourceError

if TYPE_CHECKING:
    from pipelines.publish.published import State


@dataclass(frozen=True)
class PendingEdition:
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
        """Editions to read, in order."""
        return tuple(pending.edition_year for pending in self.editions)


def plan_build(settings: Settings, year: int | None = None, *, recheck: bool = False) -> Plan:
    """What there is to do for every edition in raw/ or recorded, or for one of them.

    An edition that was ingested from elsewhere is read again from its kept bytes when the code,
    the registry or its declarations differ, or when other rules last looked for contradictions in
    it; with `recheck` every edition is read again. Raises SourceError if `year` is nowhere to be
    found, or raw/ cannot be read.
    """
    state = published.state(settings.published)
    recorded = state.editions if state else {}
    found, wrong = raw.survey(settings.raw)
    years = {*found, *recorded} if year is None else {year}
    problems = [p for y, of_year in wrong.items() if year in (None, y) for p in of_year]
    if year is not None and year not in found and year not in recorded:
        if problems:
            raise Problems(problems)
        raise SourceError(
            f"there is no edition of {year}",
            file=f"raw/{year}",
            hint=f"put the report in raw/{year}/, or run jvom ingest FILE --year {year}",
        )
    chosen = [raw.choose(found.get(y, ()), recorded.get(y)) for y in sorted(years)]
    return replace(_plan(settings, state, chosen, recheck=recheck), problems=tuple(problems))


def plan_for_file(settings: Settings, source: SourceFile) -> Plan:
    """What there is to do for one document that somebody chose."""
    return _plan(settings, published.state(settings.published), [source])


def plan_publication(settings: Settings) -> Plan:
    """What there is to publish, whatever there may be to read."""
    return Plan(publish=_why_publish(settings, published.state(settings.published)))


def _plan(
    settings: Settings, state: State | None, chosen: list[SourceFile], *, recheck: bool = False
) -> Plan:
    catalogue = raw.catalogue(settings.raw)
    rules = versions.rules(reconcile.rules_version())
    pending = []
    for source in chosen:
        year = source.edition_year
        edition = raw.edition_of(catalogue, year)
        now = versions.reading(edition)
        recorded = state.editions.get(year) if state else None
        reason = _why_read(source, now, rules, recorded)
        if recorded is not None and source.sha256 != recorded.source.sha256:
            again = _why_read(recorded.source, now, None, recorded)
            if again and _is_readable(
                settings, recorded.source
            ):  # so that each cause has a vintage of its own
                first = f"{again}: first the bytes read before"
                pending.append(PendingEdition(year, recorded.source, edition, now, first))
        if reason or recheck:
            reason = reason or "to be read again, as asked"
            pending.append(PendingEdition(year, source, edition, now, reason, recheck))
    return Plan(tuple(pending), _why_publish(settings, state))


def _why_read(source: SourceFile, now: Versions, rules: str | None, recorded: EditionState | None) -> str:
    """Why an edition must be read, in words; empty if it need not be. Without `rules` they do not count."""
    if recorded is None:
        return "no vintage of it is published"
    if source.sha256 != recorded.source.sha256:
        if source.fidelity != recorded.source.fidelity:
            return f"{source.path} ({source.fidelity}) replaces the {recorded.source.fidelity} one"
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


def _is_readable(settings: Settings, source: SourceFile) -> bool:
    try:
        raw.read(source, raw=settings.raw, kept=settings.kept)
    except SourceError:
        return False
    return True


def _why_publish(settings: Settings, state: State | None) -> str:
    """Why the published file must be written even if no edition gives a new vintage."""
    head = Lake(settings.catalog, settings.data).head()
    if state is None:
        return "there is no published file" if head else ""
    folder = settings.releases / state.release_id
    if head != state.head:
        return "the lake has more than the published file"
    if state.code != versions.publishing():
        return "the views, their contracts or the building of the file have changed"
    if state.public != other_sources.version(settings):
        return "the figures of other public sources have changed"
    if not _is_older(settings.published, folder / release.MANIFEST):
        return "the published file is not the one that its release's manifest describes"
    if files.built_from(settings.site) != f"{state.release_id} {versions.site()}":
        return "the site is not of this release, or the code that makes it has changed"
    if files.built_from(folder) != f"{state.release_id} {versions.package()}":
        return "the package of this release is missing, or the code that makes it has changed"
    return ""


def _is_older(file: Path, manifest: Path) -> bool:
    """Whether the manifest was written after the file, as at each publish; hashes are for verifying."""
    return manifest.exists() and manifest.stat().st_mtime_ns >= file.stat().st_mtime_ns
