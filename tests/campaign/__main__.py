"""`python -m tests.campaign --texts 5000 --pdfs 2000`: the campaign, and its score."""

import argparse
import multiprocessing
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.campaign.run import FAULTS, FIRST_SCORED, OUTCOMES, SECONDS, run, warm

EXPLAINED = """\
# Campaign

{texts:,} texts and {pdfs:,} PDFs, seeds from {first:,}, by `python -m tests.campaign --texts {texts}
--pdfs {pdfs} --write benchmarks/campaign.md`. Each is the report, or tables in its manner, with one thing
planted in annex 2, so that what it shows is known; of damaged bytes the drawn page says it. *As before*:
read, and nothing that is seen has changed. *As changed*: read as it is seen now. *Refused* is never wrong
here, but read is better. *Seen as before* are files whose pages look as they did, or are only turned or
of another size; no figure in them is covered, and no letter has another code. *Wrong*: a figure was
accepted that is not seen, or another than is seen. A *crash* is an error that is not a refusal, a
*timeout* more than {seconds} seconds.
"""


def score(counted: Mapping[str, Counter[str]], untouched: Counter[str]) -> Iterator[str]:
    """Outcomes by kind, in Markdown; those of files that are seen as they were before."""
    total: Counter[str] = sum(counted.values(), Counter())
    yield f"{read_share(total):.1%} were read, {total['refused'] / total.total():.1%} refused."
    yield f"Of {untouched.total():,} that are seen as before {read_share(untouched):.1%} were read.\n"
    yield f"| planted | files | {' | '.join(OUTCOMES)} |"
    yield f"|---|---:|{'---:|' * len(OUTCOMES)}"
    for kind, counts in (*counted.items(), ("**all**", total)):
        yield f"| {kind} | {counts.total():,} | {' | '.join(f'{counts[name]:,}' for name in OUTCOMES)} |"
    yield ""


def read_share(counts: Counter[str]) -> float:
    return (counts["as before"] + counts["as changed"]) / max(1, counts.total())


def main(arguments: list[str]) -> int:
    """Plants, reads and counts; the status is 1 if anything is wrong, crashes or takes too long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=300)
    parser.add_argument("--pdfs", type=int, default=100)
    parser.add_argument("--first", type=int, default=FIRST_SCORED, help="the first seed")
    parser.add_argument("--write", type=Path, help="where the score goes")
    parser.add_argument("--keep", type=Path, help="a folder for the documents that went wrong")
    given = parser.parse_args(arguments)
    documents = [("text", given.first + at) for at in range(given.texts)]
    documents += [("pdf", given.first + at) for at in range(given.pdfs)]
    counted: dict[str, dict[str, Counter[str]]] = {"text": defaultdict(Counter), "pdf": defaultdict(Counter)}
    untouched: dict[str, Counter[str]] = {"text": Counter(), "pdf": Counter()}
    warm()
    with multiprocessing.get_context("fork").Pool() as pool:
        for at, done in enumerate(pool.imap(run, documents, chunksize=4)):
            what, seed = documents[at]
            if at % 100 == 99:
                print(f"{at + 1} of {len(documents)}", file=sys.stderr, flush=True)
            if done is None:
                continue
            found, data = done
            counted[what][found.kind][found.outcome] += 1
            untouched[what][found.outcome] += found.untouched
            if found.outcome in FAULTS:
                print(f"{what} {seed}, {found.kind}: {found.outcome}: {found.words}", flush=True)
                if given.keep:
                    given.keep.mkdir(parents=True, exist_ok=True)
                    (given.keep / f"{found.outcome}-{found.kind}-{seed}.{what}").write_bytes(data)
    shown = EXPLAINED.format(texts=given.texts, pdfs=given.pdfs, first=given.first, seconds=SECONDS)
    parts = [
        f"## {what.upper() if what == 'pdf' else 'Text'}s\n\n" + "\n".join(score(of, untouched[what]))
        for what, of in counted.items()
        if of
    ]
    page = "\n".join([shown, *parts])
    print(page)
    if given.write:
        given.write.write_text(page, encoding="utf-8")
    return int(any(counts[fault] for of in counted.values() for counts in of.values() for fault in FAULTS))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
