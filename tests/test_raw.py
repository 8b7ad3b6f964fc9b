"""What is in raw/, which file an edition is read from, and the hashes that guard it."""

import dataclasses
import datetime
import hashlib
import os
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines import files, raw
from pipelines.model import Edition, EditionState, Fidelity, SourceFile
from schemas.errors import LakeError, Problems, RegistryError, SourceError
from tests.support.cases import cases

PROJECT = Path(__file__).parents[1]
ABRIDGED = f"1 Inleiding\n{raw.NOTICE}: proef]\ntekst\n".encode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "raw" / "2024").mkdir(parents=True)
    return tmp_path / "raw"


def put(folder: Path, path: str, data: bytes) -> Path:
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
    return target


def scan(folder: Path) -> dict[int, tuple[SourceFile, ...]]:
    """The files of each year; SourceError or Problems at what should be one and is not."""
    found, wrong = raw.survey(folder)
    if problems := [problem for of_year in wrong.values() for problem in of_year]:
        raise problems[0] if len(problems) == 1 else Problems(problems)
    return found


def source(name: str, fidelity: Fidelity = "full text", path: str | None = None) -> SourceFile:
    """A source whose hash is derived from its name."""
    sha256 = hashlib.sha256(name.encode()).hexdigest()
    kind = "pdf" if fidelity == "official file" else "text"
    return SourceFile(2024, path or f"raw/2024/{name}", sha256, 1, kind, fidelity)


class TestCatalogue:
    def test_the_projects_own_catalogue_states_known_facts_only(self) -> None:
        editions = raw.catalogue(PROJECT / "raw")
        assert list(editions) == list(range(2008, 2027))
        assert editions[2024] == Edition(
            2024,
            "Jaarlijkse voortgangsrapportage overige missiebijdragen (JVOM)",
            datetime.date(2023, 5, 1),
            datetime.date(2024, 4, 30),
        )
        assert editions[2025].kamerstuk == "kst-29521-495"
        for year in (2012, 2021, 2023, 2026):
            assert editions[year] == Edition(year), "not found: the catalogue may only note that"
        assert editions[2008].title is None
        assert editions[2015].title is None

    def test_no_catalogue_and_an_unlisted_year_know_nothing(self, folder: Path) -> None:
        assert raw.catalogue(folder) == {}
        assert raw.edition_of({}, 2031) == Edition(2031)
        assert raw.edition_of({2031: Edition(2031, "Verslag")}, 2031).title == "Verslag"

    @cases("text", "named")
    def test_what_is_wrong_names_file_and_key(self, folder: Path, text: str, named: str) -> None:
        put(folder, "sources.toml", text.encode())
        with pytest.raises(RegistryError) as caught:
            raw.catalogue(folder)
        assert named in str(caught.value)
        assert "sources.toml" in str(caught.value)


class TestScan:
    def test_describes_by_content_and_not_by_name(self, folder: Path) -> None:
        put(folder, "2024/a.txt", b"%PDF-1.7 ...")
        put(folder, "2024/b.pdf", b"1 Inleiding\n")
        put(folder, "2024/c", ABRIDGED)
        files = scan(folder)[2024]
        assert [(f.path, f.format, f.fidelity) for f in files] == [
            ("raw/2024/a.txt", "pdf", "official file"),
            ("raw/2024/b.pdf", "text", "full text"),
            ("raw/2024/c", "text", "abridged"),
        ]
        assert files[2].sha256 == hashlib.sha256(ABRIDGED).hexdigest()
        assert files[2].bytes == len(ABRIDGED)

    def test_the_notice_counts_only_where_it_opens_one_of_the_first_lines(self, folder: Path) -> None:
        put(folder, "2024/late.txt", b"\n" * raw.NOTICE_LINES + raw.NOTICE.encode())
        put(folder, "2024/quoted.txt", b"een " + raw.NOTICE.encode())
        assert {file.fidelity for file in scan(folder)[2024]} == {"full text"}

    def test_notes_backups_and_dotfiles_are_no_sources(self, folder: Path) -> None:
        for name in ("notes.md", "report.txt~", ".report.txt.swp"):
            put(folder, f"2024/{name}", b"x")
        put(folder, "README.md", b"x")
        assert scan(folder) == {}

    def test_a_link_is_followed_within_raw_only(self, folder: Path, tmp_path: Path) -> None:
        put(folder, "2024/report.txt", b"x")
        (folder / "2024" / "again.txt").symlink_to("report.txt")
        assert len(scan(folder)[2024]) == 2
        outside = put(tmp_path, "elsewhere.txt", b"x")
        (folder / "2024" / "linked.txt").symlink_to(outside)
        with pytest.raises(SourceError, match=r"raw/2024/linked\.txt: is a link to outside raw/"):
            scan(folder)

    def test_everything_wrong_is_said_at_once(self, folder: Path) -> None:
        put(folder, "2024/empty.txt", b"")
        (folder / "2024" / "folder").mkdir()
        os.mkfifo(folder / "2024" / "pipe")
        put(folder, "2025", b"a file where a folder is expected")
        put(folder, "20224/report.txt", b"x")
        put(folder, "report.pdf", b"x")
        with pytest.raises(Problems) as caught:
            scan(folder)
        said = {problem.file: problem.message for problem in caught.value.problems}
        assert said == {
            "raw/2024/empty.txt": "is empty",
            "raw/2024/folder": "is a folder",
            "raw/2024/pipe": "is not a regular file",
            "raw/2025": "cannot be listed: Not a directory",
            "raw/20224": "belongs to no edition",
            "raw/report.pdf": "belongs to no edition",
        }
        assert all(problem.hint for problem in caught.value.problems)

    def test_what_cannot_be_read_or_is_too_large_is_named(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with pytest.raises(SourceError, match=str(folder / "none")):
            scan(folder / "none")
        file = folder / "2024" / "report.txt"
        file.symlink_to("nothing.txt")
        with pytest.raises(SourceError, match=r"raw/2024/report\.txt: cannot be read: No such file"):
            scan(folder)
        file.unlink()
        file.write_bytes(b"four")
        monkeypatch.setattr(files, "LARGEST", 3)
        with pytest.raises(SourceError, match="4 bytes, over the limit of 3"):
            scan(folder)

    @pytest.mark.parametrize(
        ("name", "shown"),
        [("a\nb.txt", r"a\nb.txt"), ("\x1b[31m.txt", r"\x1b[31m.txt"), ("\udcff.txt", r"\udcff.txt")],
    )
    def test_a_name_that_fits_in_no_message_is_refused(self, folder: Path, name: str, shown: str) -> None:
        try:
            put(folder, f"2024/{name}", b"x")
        except OSError:
            pytest.skip("this file system takes no such name")
        with pytest.raises(SourceError, match="control characters in its name") as caught:
            scan(folder)
        assert caught.value.file == f"raw/2024/{shown}"

    def test_a_file_that_changes_under_its_reader_is_not_taken(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = put(folder, "2024/report.txt", b"first")
        check = files.check_size

        def meanwhile(size: int, shown: str) -> None:
            check(size, shown)
            path.write_bytes(b"longer than it was")

        monkeypatch.setattr(files, "check_size", meanwhile)
        with pytest.raises(SourceError, match=r"raw/2024/report\.txt: changes while it is read"):
            scan(folder)


class TestLock:
    def test_is_written_for_new_bytes_only(self, folder: Path) -> None:
        put(folder, "2024/b.txt", b"first")
        assert raw.lock_year(folder, 2024)
        once = (folder / "sources.lock").read_bytes()
        written = (folder / "sources.lock").stat().st_mtime_ns
        assert not raw.lock_year(folder, 2024)
        assert (folder / "sources.lock").stat().st_mtime_ns == written
        assert tomllib.loads(once.decode()) == {
            "2024": [
                {
                    "path": "2024/b.txt",
                    "role": "full text",
                    "sha256": hashlib.sha256(b"first").hexdigest(),
                    "bytes": 5,
                    "format": "text",
                }
            ]
        }

    def test_keeps_the_history_of_a_path_and_the_order_of_arrival(self, folder: Path) -> None:
        for name, data in [("b", b"1"), ("c", b"2"), ("a", b"3"), ("b", b"4"), ("b", b"1")]:
            put(folder, f"2024/{name}.txt", data)
            assert raw.lock_year(folder, 2024)
        entries = tomllib.loads((folder / "sources.lock").read_text())["2024"]
        assert [entry["path"][5] for entry in entries] == ["b", "c", "a", "b", "b"]
        assert [Path(file.path).stem for file in scan(folder)[2024]] == ["c", "a", "b"]

    def test_changed_bytes_are_newest_before_the_lock_knows_them(self, folder: Path) -> None:
        put(folder, "2024/a.txt", b"1")
        put(folder, "2024/b.txt", b"2")
        raw.lock_year(folder, 2024)
        put(folder, "2024/a.txt", b"changed")
        assert [file.path for file in scan(folder)[2024]] == ["raw/2024/b.txt", "raw/2024/a.txt"]

    def test_where_a_name_alone_decides_which_is_newest_it_is_said(self, folder: Path) -> None:
        def doubt() -> str:
            files = scan(folder)[2024]
            return raw.order_in_doubt(folder, files, raw.choose(files, None))

        put(folder, "2024/a.txt", b"1")
        assert doubt() == ""
        put(folder, "2024/b.txt", b"2")
        put(folder, "2024/same-as-b.txt", b"2")
        assert doubt().startswith("raw/2024/same-as-b.txt counts as newer than raw/2024/a.txt by its name")
        raw.lock_year(folder, 2024)
        assert doubt() == ""
        put(folder, "2024/c.txt", b"3")
        assert doubt() == ""  # the lock knows the others

    @given(name=st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1))
    def test_any_file_name_comes_back(self, name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
        folder = tmp_path_factory.mktemp("raw")
        file = source("x", path=f"raw/2024/{name}.txt")
        raw.lock(folder, [file])
        assert not raw.lock(folder, [file])

    def test_writers_at_once_lose_no_entry(self, folder: Path) -> None:
        years = range(2001, 2021)
        with ThreadPoolExecutor(8) as pool:
            list(
                pool.map(
                    lambda year: raw.lock(folder, [SourceFile(year, "raw/x", "0", 1, "text", "full text")]),
                    years,
                )
            )
        assert list(tomllib.loads((folder / "sources.lock").read_text())) == [str(year) for year in years]
        assert {path.name for path in folder.iterdir()} <= {"2024", "sources.lock", ".sources.lock.guard"}

    @cases("text", "named")
    def test_a_damaged_lock_is_named(self, folder: Path, text: str, named: str) -> None:
        put(folder, "sources.lock", text.encode())
        with pytest.raises(RegistryError, match=named):
            scan(folder)

    def test_a_folder_that_cannot_be_written_is_no_fault_of_the_data(self, folder: Path) -> None:
        put(folder, "2024/report.txt", b"x")
        files = scan(folder)[2024]
        (folder / ".sources.lock.guard").mkdir()
        with pytest.raises(LakeError, match=r"raw/sources\.lock: cannot be written") as caught:
            raw.lock(folder, files)
        assert caught.value.exit_code == 3
        assert not (folder / "sources.lock").exists()

    def test_the_projects_own_lock_is_up_to_date(self) -> None:
        locked = tomllib.loads((PROJECT / "raw" / "sources.lock").read_text(encoding="utf-8"))
        last = {entry["path"]: entry["sha256"] for entries in locked.values() for entry in entries}
        now = [file for files in scan(PROJECT / "raw").values() for file in files]
        assert last == {file.path.removeprefix("raw/"): file.sha256 for file in now}


def state(current: SourceFile, *before: SourceFile) -> EditionState:
    """An edition that was read from `current`, and from other files before."""
    seen = frozenset(file.sha256 for file in (current, *before))
    return EditionState(1, "first reading", current, "", (), seen, None, datetime.datetime(2024, 1, 1))


class TestChoose:
    abridged, full, newer, official = (
        source("abridged", "abridged"),
        source("full"),
        source("newer"),
        source("official", "official file"),
    )
    ingested = source("ingested", path="warehouse/sources/x")

    @cases("found", "before", "cause", "chosen")
    def test_what_is_read(self, found: list[str], before: list[str], cause: str, chosen: str) -> None:
        files, read = ([getattr(self, name) for name in names] for names in (found, before))
        current = dataclasses.replace(state(*read), cause=cause or "first reading") if read else None
        assert raw.choose(files, current) == getattr(self, chosen)

    def test_nothing_to_read_says_what_to_do(self) -> None:
        with pytest.raises(SourceError, match="next: put it in raw"):
            raw.choose([], None)

    @given(
        st.lists(st.sampled_from([abridged, full, newer, official]), min_size=1, unique=True),
        st.sampled_from([None, abridged, full, newer, official, ingested]),
        st.sets(st.sampled_from([abridged, full, newer, official, ingested])),
    )
    def test_never_loses_fidelity_and_settles_at_once(
        self, candidates: list[SourceFile], current: SourceFile | None, seen: set[SourceFile]
    ) -> None:
        rank = {"abridged": 0, "full text": 1, "official file": 2}
        chosen = raw.choose(candidates, state(current, *seen) if current else None)
        assert current is None or rank[chosen.fidelity] >= rank[current.fidelity]
        before = [current, *seen] if current else []
        assert raw.choose(candidates, state(chosen, *before)) == chosen

    @given(st.permutations([abridged, full, newer, official]), st.integers(0, 4))
    def test_a_history_goes_on_where_it_was_broken_off(self, found: list[SourceFile], killed: int) -> None:
        """Each document once, and last the one that a build without a history reads."""
        whole = raw.unread(found, None)
        assert (len(set(whole)), whole[-1]) == (4, raw.choose(found, None))
        before = whole[:killed]
        left = raw.unread(found, state(before[-1], *before) if before else None)
        assert left == (whole[killed:] or whole[-1:])


class TestBytes:
    def test_are_read_from_raw_and_checked(self, folder: Path, tmp_path: Path) -> None:
        path = put(folder, "2024/report.txt", b"1 Inleiding")
        (file,) = scan(folder)[2024]
        assert raw.read(file, raw=folder, kept=tmp_path / "kept") == b"1 Inleiding"
        path.write_bytes(b"changed")
        with pytest.raises(SourceError) as caught:
            raw.read(file, raw=folder, kept=tmp_path / "kept")
        assert caught.value.file == "raw/2024/report.txt"
        for data in (b"1 Inleiding", b"changed"):
            assert hashlib.sha256(data).hexdigest() in caught.value.message
        path.unlink()
        with pytest.raises(SourceError, match="is gone") as caught:
            raw.read(file, raw=folder, kept=tmp_path / "kept")
        assert file.sha256 in caught.value.message
        path.mkdir()
        with pytest.raises(SourceError, match=r"raw/2024/report\.txt: is a folder"):
            raw.read(file, raw=folder, kept=tmp_path / "kept")

    def test_kept_bytes_outlive_the_file(self, folder: Path, tmp_path: Path) -> None:
        path = put(folder, "2024/report.txt", ABRIDGED)
        (file,) = scan(folder)[2024]
        kept = raw.keep(ABRIDGED, 2024, tmp_path / "kept", "report.txt")
        assert (kept.sha256, kept.bytes, kept.format, kept.fidelity) == (
            file.sha256,
            file.bytes,
            file.format,
            file.fidelity,
        )
        assert kept.path == f"warehouse/sources/{file.sha256}"
        path.unlink()
        for wanted in (file, kept):
            assert raw.read(wanted, raw=folder, kept=tmp_path / "kept") == ABRIDGED

    def test_kept_bytes_are_read_only_and_mended_where_damaged(self, tmp_path: Path) -> None:
        file = raw.keep(b"text", 2024, tmp_path, "report.txt")
        path = tmp_path / file.sha256
        assert path.stat().st_mode & 0o777 == 0o444
        path.chmod(0o644)
        path.write_bytes(b"tekst")
        with pytest.raises(SourceError, match=f"warehouse/sources/{file.sha256}: has hash"):
            raw.read(file, raw=tmp_path, kept=tmp_path)
        assert raw.keep(b"text", 2024, tmp_path, "report.txt") == file
        assert raw.read(file, raw=tmp_path, kept=tmp_path) == b"text"
        assert [entry.name for entry in tmp_path.iterdir()] == [file.sha256]

    def test_what_cannot_be_kept_leaves_nothing_behind(self, tmp_path: Path) -> None:
        """A warehouse that cannot be written is not a fault of the data."""
        with pytest.raises(SourceError, match=r"report\.txt: is empty"):
            raw.keep(b"", 2024, tmp_path, "report.txt")
        taken = tmp_path / hashlib.sha256(b"text").hexdigest()
        taken.mkdir()
        with pytest.raises(LakeError, match="cannot be written") as caught:
            raw.keep(b"text", 2024, tmp_path, "report.txt")
        assert caught.value.exit_code == 3
        assert list(tmp_path.iterdir()) == [taken]
        (tmp_path / "file").write_bytes(b"")
        with pytest.raises(LakeError, match="cannot be written"):
            raw.keep(b"text", 2024, tmp_path / "file" / "sources", "report.txt")
