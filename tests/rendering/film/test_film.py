"""Films made of stored frames, and what a job folder must know for that."""

import dataclasses
import json
import shutil
from pathlib import Path

import av
import pytest
from av.container import InputContainer

from tests.clips import moving_scenes, tracks_of, write_art, write_clip
from tests.media.oracle import needs_ffprobe, streams
from tests.media.write.tracks import SRT, ffmpeg
from videostyle.errors import IncompleteError, JobError, MediaError, SettingsError
from videostyle.events import Event, FilmDone, FrameWritten, Notice
from videostyle.media.read.probe import open_file, probe
from videostyle.presets import Recipe
from videostyle.rendering.api import encode
from videostyle.rendering.film.film import assemble, ranges, stored_film
from videostyle.rendering.job import prepare, run
from videostyle.rendering.request import Request, check
from videostyle.rendering.store.store import Store

FEW = {
    "optimize.iterations": 1,
    "optimize.first_iterations": 1,
    "backbone.name": "compact",
    "backbone.device": "cpu",
}


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Request:
    """A job folder with frames 0:10 of 19, as a farm's process leaves it."""
    folder = tmp_path_factory.mktemp("film")
    clip = write_clip(folder / "clip.mp4", moving_scenes((10, 9)), sound=True)
    art = write_art(folder / "art.png")
    request = Request(clip, (art,), Recipe("draft", FEW), frames="0:10", job=folder / "job", film=False)
    done = run(prepare(check(request)))
    assert (done.path, done.frames) == (folder / "job", 10)
    assert not [path for path in folder.iterdir() if path.name not in ("clip.mp4", "art.png", "job")]
    return request


def packets(path: Path) -> list[tuple[int, int | None, bytes]]:
    with av.open(path) as container:
        return [(packet.stream.index, packet.pts, bytes(packet)) for packet in container.demux() if packet.size]


@pytest.fixture
def request_(rendered: Request, tmp_path: Path) -> Request:
    """The same in a folder of its own."""
    assert rendered.job
    shutil.copytree(rendered.job, tmp_path / "job")
    return dataclasses.replace(rendered, job=tmp_path / "job")


def test_a_film_of_several_processes_is_that_of_one(request_: Request, tmp_path: Path) -> None:
    assert request_.job
    with pytest.raises(IncompleteError, match=r"frames 10:19 are not rendered yet; render them with run --frames") as e:
        stored_film(request_.job, tmp_path / "film.mkv")
    assert e.value.missing == tuple(range(10, 19))
    assert not (tmp_path / "film.mkv").exists()
    run(prepare(check(dataclasses.replace(request_, frames="12:19"))))  # with its lead-in, 10 and 11
    events: list[Event] = []
    codec = {"film.codec": "ffv1"}
    stored = stored_film(request_.job, tmp_path / "film.mkv", film=codec)
    done = assemble(stored, events.append)
    assert isinstance(done, FilmDone)
    assert stored.notices
    assert events == [*map(Notice, stored.notices), *(FrameWritten(frame, 19) for frame in range(19)), done]
    whole = dataclasses.replace(
        request_,
        frames="",
        film=True,
        recipe=Recipe("draft", FEW | codec),
        output=tmp_path / "whole.mkv",
        job=tmp_path / "other",
    )
    run(prepare(check(whole)))
    assert packets(tmp_path / "film.mkv") == packets(tmp_path / "whole.mkv")
    assert tracks_of(done.path) == ["video", "audio"]


def test_a_part_can_be_assembled_before_the_rest_is_there(request_: Request, tmp_path: Path) -> None:
    assert request_.job
    done = assemble(stored_film(request_.job, tmp_path / "part.mp4", "2:6"))
    assert (done.frames, probe(done.path).num_frames) == (4, 4)


def test_the_brush_pass_needs_the_artworks_and_can_be_left_out(request_: Request, tmp_path: Path) -> None:
    assert request_.job
    store = Store(request_.job)
    gone = dataclasses.replace(store.record(), styles=(tmp_path / "gone.png",))
    (request_.job / "plan.json").write_text(gone.to_json())
    brush, film = {"brush.amount": 1.0}, tmp_path / "part.mp4"
    with pytest.raises(JobError, match=r"gone.png: no such file.*restore the artworks of .*, or use --no-brush"):
        stored_film(request_.job, film, "2:4", brush)
    write_art(tmp_path / "gone.png", seed=7)
    with pytest.raises(JobError, match="needs the pictures that the frames were painted with"):
        stored_film(request_.job, film, "2:4", brush)
    assert assemble(stored_film(request_.job, film, "2:4", {"brush.amount": 0.0})).frames == 2


def test_a_lost_scan_is_made_again(request_: Request, tmp_path: Path) -> None:
    """Without it the film would silently lack the frames of unknown scenes."""
    assert request_.job
    shutil.rmtree(request_.job / "scans")
    done = assemble(stored_film(request_.job, tmp_path / "part.mp4", "2:6"))
    assert (done.frames, probe(done.path).num_frames) == (4, 4)


def test_a_clip_that_was_moved_is_named_and_another_refused(request_: Request, tmp_path: Path) -> None:
    assert request_.job
    known = json.loads((request_.job / "plan.json").read_text())
    assert known["clip"] == str(request_.clip)
    known["clip"] = str(tmp_path / "gone.mp4")
    (request_.job / "plan.json").write_text(json.dumps(known))
    with pytest.raises(MediaError, match=r"gone\.mp4"):
        stored_film(request_.job, tmp_path / "film.mp4", "0:5")
    other = write_clip(tmp_path / "other.mp4", moving_scenes((19,)), sound=True)
    with pytest.raises(JobError, match="--clip"):
        stored_film(request_.job, tmp_path / "film.mp4", "0:5", clip=other)
    moved = tmp_path / "moved.mp4"
    shutil.copy(request_.clip, moved)
    assert stored_film(request_.job, tmp_path / "film.mp4", "0:5", clip=moved).plan.to_keep == (0, 1, 2, 3, 4)


def test_what_is_no_job_folder(request_: Request, tmp_path: Path) -> None:
    assert request_.job
    with pytest.raises(JobError, match="not a job folder"):
        stored_film(tmp_path, tmp_path / "film.mp4")
    (tmp_path / "film.mp4").write_text("something")
    with pytest.raises(SettingsError, match="--overwrite"):
        stored_film(request_.job, tmp_path / "film.mp4", "0:5")
    with pytest.raises(SettingsError, match="an input"):
        stored_film(request_.job, request_.clip, "0:5")


def test_a_film_that_leaves_something_out_is_an_error_when_strict(request_: Request, tmp_path: Path) -> None:
    assert request_.job
    silent = {"film.codec": "png"}
    assert "audio" in " ".join(stored_film(request_.job, tmp_path / "film", "0:5", silent).notices)
    with pytest.raises(MediaError, match=r"--strict: .*audio"):
        stored_film(request_.job, tmp_path / "film", "0:5", silent, strict=True)


def test_pictures_of_two_ranges_meet_in_one_folder(request_: Request, tmp_path: Path) -> None:
    assert request_.job
    pictures = {"film.codec": "png"}
    assemble(stored_film(request_.job, tmp_path / "pictures", "0:2", pictures))
    assemble(stored_film(request_.job, tmp_path / "pictures", "4", pictures))
    names = sorted(path.name for path in (tmp_path / "pictures").iterdir())
    assert names == ["frame_000000.png", "frame_000001.png", "frame_000004.png"]
    with pytest.raises(SettingsError, match=r"frame_000001\.png exists"):
        stored_film(request_.job, tmp_path / "pictures", "1:3", pictures)


@needs_ffprobe
def test_subtitles_are_read_once_for_each_film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = write_clip(tmp_path / "picture.mp4", moving_scenes((10,)))
    (tmp_path / "texts.srt").write_text(SRT)
    ffmpeg("-i", picture, "-i", tmp_path / "texts.srt", "-map", "0", "-map", "1", "-c", "copy", tmp_path / "clip.mkv")
    reads: list[Path] = []

    def counted(path: Path) -> InputContainer:
        reads.append(path)
        return open_file(path)

    monkeypatch.setattr("videostyle.media.write.subtitles.open_file", counted)
    art, job = write_art(tmp_path / "art.png"), tmp_path / "job"
    request = Request(tmp_path / "clip.mkv", (art,), Recipe("draft", FEW), output=tmp_path / "run.mp4", job=job)
    prepared = prepare(check(request))
    run(prepared)
    assert len(reads) == 1
    assemble(stored_film(job, tmp_path / "assembled.mp4"))
    assert len(reads) == 2
    encode(prepared.plan, job, tmp_path / "encoded.mp4")
    assert len(reads) == 3
    films = [tmp_path / name for name in ("run.mp4", "assembled.mp4", "encoded.mp4")]
    assert [[stream["codec_name"] for stream in streams(film)] for film in films] == [["h264", "mov_text"]] * 3
    texts = [[packet for packet in packets(film) if packet[0] == 1] for film in films]  # x264's own packets may differ
    assert texts[0] == texts[1] == texts[2]
    assert any(b"Hello" in packet for *_, packet in texts[0])


def test_ranges() -> None:
    assert ranges([]) == []
    assert ranges([3]) == ["3:4"]
    assert ranges([0, 1, 2, 5, 7, 8]) == ["0:3", "5:6", "7:9"]
