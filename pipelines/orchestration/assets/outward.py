"""What a release is for others: the site that explains it, and the package that can be cited."""

from pathlib import Path

import dagster as dg

from pipelines import files, site, versions
from pipelines.orchestration.assets.common import (
    OWNERS,
    PACKAGE,
    PUBLISH_WHEN_RECORDED,
    PUBLISHED,
    SITE,
    WRITER_POOL,
    Warehouse,
    spoken,
)
from pipelines.publish import dictionary, manifest, package, published, views
from schemas.errors import LakeError

CHANGES = "changes.md"  # of the release, where it has been written beside the manifest


@dg.asset(
    key=PACKAGE,
    deps=[PUBLISHED],
    group_name="published",
    kinds={"parquet", "csv"},
    owners=OWNERS,
    pool=WRITER_POOL,
    code_version=versions.package(),
    automation_condition=PUBLISH_WHEN_RECORDED,
    description="warehouse/releases/<release_id>/: every table as Parquet and CSV, described by the "
    "standards of public-sector data, with hashes.",
)
def package_asset(warehouse: Warehouse) -> dg.MaterializeResult:
    where = warehouse.settings()
    with spoken(), warehouse.lake().writer():
        release_id = _release(where.published)
        folder = where.releases / release_id
        changes = folder / CHANGES
        with published.connect(where.published) as connection:
            others = {"dictionary.md": dictionary.markdown(views.lineage()).encode()}
            if changes.exists():
                others[CHANGES] = changes.read_bytes()
            made = package.build(connection, others)
        files.put_folder(folder, made, f"{release_id} {versions.package()}", keep=[manifest.NAME])
    return dg.MaterializeResult(
        metadata={
            "folder": dg.MetadataValue.path(str(folder)),
            "files": len(made),
            "bytes": sum(map(len, made.values())),
        },
        data_version=dg.DataVersion(release_id),
    )


@dg.asset(
    key=SITE,
    deps=[PUBLISHED],
    group_name="published",
    kinds={"html"},
    owners=OWNERS,
    pool=WRITER_POOL,
    code_version=versions.site(),
    automation_condition=PUBLISH_WHEN_RECORDED,
    description="warehouse/site/: pages that need no network and no script; made anew when the release "
    "or the code that makes them has changed.",
)
def site_asset(warehouse: Warehouse) -> dg.MaterializeResult:
    where = warehouse.settings()
    with spoken(), warehouse.lake().writer():
        release_id = _release(where.published)
        made_from = f"{release_id} {versions.site()}"
        before = files.built_from(where.site) or ""
        written = before != made_from
        if written:
            with published.connect(where.published) as connection:
                earlier = site.drawings.read(where.site) if before.endswith(versions.site()) else None
                pages = site.build(connection, lineage=views.lineage(), assets=_graph(), earlier=earlier)
            files.put_folder(where.site, pages, made_from)
    return dg.MaterializeResult(
        metadata={"start": dg.MetadataValue.path(str(where.site / site.START)), "written": written},
        data_version=dg.DataVersion(release_id),
    )


def _release(file: Path) -> str:
    """The release that the published file shows; LakeError where there is none to be shown."""
    state = published.state(file)
    if state is None:
        raise LakeError("the published file cannot be read", file=str(file), hint="run jvom build")
    return state.release_id


def _graph() -> dict[str, list[str]]:
    """Every asset of the pipeline with those it is made from, by name."""
    from pipelines.orchestration.assets import ALL

    return {
        key.to_user_string(): sorted(source.to_user_string() for source in definition.asset_deps[key])
        for definition in ALL
        for key in sorted(definition.keys)
    }
