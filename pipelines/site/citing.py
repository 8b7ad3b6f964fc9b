"""How the data is described to search engines and cited: schema.org/Dataset, from the contracts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import schemas
from pipelines.site.content import Content
from schemas.dataset import load


def dataset(content: Content, words: Mapping[str, Any]) -> dict[str, Any]:
    """The release as schema.org/Dataset; what is not known (an address, a publisher) is left out."""
    release, whole = content.release, load()
    starts = [row["period_start"] for row in content.rows["editions"] if row["period_start"]]
    ends = [row["period_end"] for row in content.rows["editions"] if row["period_end"]]
    described: dict[str, Any] = {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "name": words["title"],
        "description": words["described"],
        "identifier": f"jvom:{release['release_id']}",
        "version": release["release_id"],
        "datePublished": release["published_at"].date().isoformat(),
        "inLanguage": ["nl", "en"],
        "license": whole.licence.address,
        "isAccessibleForFree": True,
        "keywords": [*whole.keywords[words["language"]], *(m["name"] for m in content.missions)],
        "isBasedOn": [
            {
                "@type": "Report",
                "name": row["title"] or f"{words['edition']} {row['edition_year']}",
                "inLanguage": "nl",
                **({"identifier": row["kamerstuk"]} if row["kamerstuk"] else {}),
                **({"url": row["source_url"]} if row["source_url"] else {}),
            }
            for row in content.rows["editions"]
        ],
        "variableMeasured": [
            {
                "@type": "PropertyValue",
                "name": column.name,
                "description": column.description,
                "unitText": column.unit,
            }
            for column in schemas.RELATIONS["mission_trends"].columns
            if column.unit
        ],
    }
    if starts and ends:
        described["temporalCoverage"] = f"{min(starts)}/{max(ends)}"
    return described
