"""The author's tree: what lies there, and what may be put in its place."""

from __future__ import annotations

import os

import pytest

from musicbuild.errors import IntegrityError
from musicbuild.hashing import digest_bytes
from musicbuild.outputs import Found, Tree

OID = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393"
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{OID}\nsize 12345\n"


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "project").mkdir()
    return Tree(tmp_path / "project")


def put(tree, path, data):
    (tree.root / path).parent.mkdir(parents=True, exist_ok=True)
    (tree.root / path).write_bytes(data)


def refusal(call, *arguments, **more):
    with pytest.raises(IntegrityError) as raised:
        call(*arguments, **more)
    assert raised.value.exit_code == 7
    return str(raised.value)


NEVER = {"ours": lambda _: False, "keep": lambda _: None}
ALWAYS = {"ours": lambda _: True, "keep": lambda _: None}


def test_a_file_is_found_by_its_digest(tree):
    put(tree, "audio/menu.mp3", b"music")
    assert tree.find("audio/menu.mp3") == Found(digest_bytes(b"music"))
    assert tree.read("audio/menu.mp3") == b"music"


def test_nothing_is_found_where_nothing_is(tree):
    put(tree, "file", b"")
    for path in ("menu.mp3", "no/such/folder/menu.mp3", "file/menu.mp3"):
        assert tree.find(path) is None
        assert tree.read(path) is None


@pytest.mark.parametrize(
    "text",
    [POINTER, POINTER.replace("oid", "ext-0-foo sha256:aa\noid")],
    ids=["plain", "with an extension"],
)
def test_a_pointer_of_git_lfs_is_the_file_that_it_points_to(tree, text):
    put(tree, "menu.mp3", text.encode())
    assert tree.find("menu.mp3") == Found(OID, fetched=False)


@pytest.mark.parametrize(
    "text",
    [
        POINTER[1:],
        POINTER.replace("sha256", "md5"),
        POINTER + " " * 1024,
        POINTER.replace("\n", ""),
    ],
)
def test_what_only_looks_like_a_pointer_is_a_file(tree, text):
    put(tree, "menu.mp3", text.encode())
    assert tree.find("menu.mp3") == Found(digest_bytes(text.encode()))


def test_an_output_is_put_where_nothing_was(tree):
    tree.deliver("a/b/menu.mp3", b"music", **NEVER)
    assert tree.read("a/b/menu.mp3") == b"music"
    assert [one.name for one in (tree.root / "a/b").iterdir()] == ["menu.mp3"]


def test_the_same_output_is_not_written_again(tree):
    tree.deliver("menu.mp3", b"music", **NEVER)
    before = (tree.root / "menu.mp3").stat().st_mtime_ns
    tree.deliver("menu.mp3", b"music", **NEVER)
    assert (tree.root / "menu.mp3").stat().st_mtime_ns == before


def test_what_is_ours_is_replaced_and_a_pointer_too(tree):
    asked, kept = [], []
    how = {"ours": lambda digest: asked.append(digest) or True, "keep": kept.append}
    put(tree, "menu.mp3", b"old")
    tree.deliver("menu.mp3", b"new", **how)
    put(tree, "boss.mp3", POINTER.encode())
    tree.deliver("boss.mp3", b"new", **how)
    assert list(dict.fromkeys(asked)) == [digest_bytes(b"old"), OID]
    assert kept == [b"old"]
    assert tree.read("menu.mp3") == tree.read("boss.mp3") == b"new"


def test_what_another_hand_changed_is_kept(tree):
    put(tree, "menu.mp3", b"by hand")
    assert refusal(tree.deliver, "menu.mp3", b"new", **NEVER) == (
        "`menu.mp3` was changed by another hand and is kept\n"
        "hint: move it away, or build with `--overwrite`"
    )
    assert tree.read("menu.mp3") == b"by hand"


@pytest.mark.parametrize("kind", ["folder", "link", "dangling link", "pipe"])
def test_what_is_no_plain_file_is_left_alone(tree, kind, tmp_path):
    place = tree.root / "menu.mp3"
    match kind:
        case "folder":
            place.mkdir()
        case "link":
            put(tree, "real.mp3", b"music")
            place.symlink_to(tree.root / "real.mp3")
        case "dangling link":
            place.symlink_to(tmp_path / "nowhere")
        case "pipe":
            os.mkfifo(place)
    says = "`menu.mp3` is not a plain file\nhint: move it out of the way"
    assert refusal(tree.find, "menu.mp3") == says
    assert refusal(tree.deliver, "menu.mp3", b"new", **ALWAYS) == says


@pytest.mark.parametrize("path", ["audio/menu.mp3", "audio/deep/er/menu.mp3"])
def test_a_link_does_not_lead_out_of_the_folder(tree, tmp_path, path):
    outside = tmp_path / "outside"
    (outside / "deep/er").mkdir(parents=True)
    (tree.root / "audio").symlink_to(outside)
    says = (
        f"`{path}` leads out of the manifest's folder by a link\n"
        "hint: let `output` name a folder of the project's own"
    )
    assert refusal(tree.find, path) == says
    assert refusal(tree.read, path) == says
    assert refusal(tree.deliver, path, b"new", **ALWAYS) == says
    assert not list(outside.rglob("*.mp3"))


@pytest.mark.parametrize("path", ["../menu.mp3", "/etc/menu.mp3", "a/../../menu.mp3"])
def test_no_path_leads_out_of_the_folder(tree, path):
    assert "leads out of the manifest's folder" in refusal(tree.find, path)


def test_a_link_within_the_folder_is_followed(tree):
    (tree.root / "real").mkdir()
    (tree.root / "audio").symlink_to("real")
    tree.deliver("audio/menu.mp3", b"music", **NEVER)
    assert (tree.root / "real/menu.mp3").read_bytes() == b"music"
