"""YAML with places: what scalars mean, where things stand, and what is refused."""

from pathlib import Path
from textwrap import dedent

import pytest
import yaml
from effort import at_most
from hypothesis import example, given
from hypothesis import strategies as st

from musicbuild import document
from musicbuild.document import parse, read, room
from musicbuild.document.source import FARTHEST, Source, decode, read_bytes, shown
from musicbuild.errors import ManifestError

HERE = Path("music.yaml")


@pytest.fixture(params=["libyaml", "pure"], autouse=True)
def parser(request, monkeypatch):
    if request.param == "pure":
        monkeypatch.setattr(document, "PARSER", yaml.SafeLoader)
    return request.param


def read_text(text):
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    return parse(decode(data, HERE))


def entry(text):
    return read_text(text).mapping()["a"]


def refused(text, look=lambda root: root):
    with pytest.raises(ManifestError) as caught:
        look(read_text(text))
    return str(caught.value)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("12:00", "12:00"),
        ("0:45", "0:45"),
        ("12:30:45", "12:30:45"),
        ("no", "no"),
        ("NO", "NO"),
        ("on", "on"),
        ("0123", "0123"),
        ("010", "010"),
        ("08", "08"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("1e3", "1e3"),
        ("+5", "+5"),
        (".5", ".5"),
        ("=", "="),
        ("F#", "F#"),
        ("2023-99-99", "2023-99-99"),
        ("2024-01-02", "2024-01-02"),
        (".nan", ".nan"),
        (".inf", ".inf"),
        ("1e999999", "1e999999"),
        ("1.0e999", "1.0e999"),
        ("9" * 5_000, "9" * 5_000),
        ("0x" + "f" * 500_000, "0x" + "f" * 500_000),
        ("True", "True"),
        ("'120'", "120"),
        ('"true"', "true"),
        ("120", 120),
        ("-7", -7),
        ("9" * 18, 10**18 - 1),
        ("1.5", 1.5),
        ("-0.25", -0.25),
        ("1.5e3", 1500.0),
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
    ],
)
def test_scalars_mean_what_they_look_like(written, value):
    found = entry(f"a: {written}").value
    assert (type(found), found) == (type(value), value)


def test_keys_are_text_however_they_look():
    assert list(read_text("on: 1\n1: x\n1.50: y\n~: z\n").mapping()) == ["on", "1", "1.50", "~"]


REFUSED = {
    "an alias bomb": (
        "a: &a [x]\nb: [*a, *a]\n",
        """
        the anchor `&a` is not supported
          --> music.yaml:1:4
          |
        1 | a: &a [x]
          |    ^^^^
        hint: `vars`, `defaults` and `groups` share settings between tracks
        """,
    ),
    "an alias": (
        "a: *b\n",
        """
        the alias `*b` is not supported
          --> music.yaml:1:4
          |
        1 | a: *b
          |    ^^
        hint: `vars`, `defaults` and `groups` share settings between tracks
        """,
    ),
    "an alias as a key": (
        "? *b\n: 1\n",
        """
        the alias `*b` is not supported
          --> music.yaml:1:3
          |
        1 | ? *b
          |   ^^
        hint: `vars`, `defaults` and `groups` share settings between tracks
        """,
    ),
    "a merge": (
        "a:\n  <<: [x, x]\n",
        """
        the merge key `<<` is not supported
          --> music.yaml:2:3
          |
        2 |   <<: [x, x]
          |   ^^
        hint: `vars`, `defaults` and `groups` share settings between tracks
        """,
    ),
    "a tag": (
        "a: !!python/object/apply:os.system [id]\n",
        """
        the tag `tag:yaml.org,2002:python/object/apply:os.system` is not supported
          --> music.yaml:1:4
          |
        1 | a: !!python/object/apply:os.system [id]
          |    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
        hint: put text that begins with `!` in quotes
        """,
    ),
    "a tagged key": (
        "!!str a: 1\n",
        """
        the tag `tag:yaml.org,2002:str` is not supported
          --> music.yaml:1:1
          |
        1 | !!str a: 1
          | ^^^^^^^
        hint: put text that begins with `!` in quotes
        """,
    ),
    "a repeated key": (
        "a: 1\nb: 2\na: 3\n",
        """
        the key `a` appears twice
          --> music.yaml:3:1
          |
        3 | a: 3
          | ^
        hint: it is first on line 1
        """,
    ),
    "a list as a key": (
        "? [a]\n: 1\n",
        """
        a key is text, not a list or a mapping
          --> music.yaml:1:3
          |
        1 | ? [a]
          |   ^
        """,
    ),
    "a key that is missing": (
        '"": 1\n',
        """
        the name of a key is missing
          --> music.yaml:1:1
          |
        1 | "": 1
          | ^^
        """,
    ),
    "two documents": (
        "a: 1\n---\nb: 2\n",
        """
        a second document begins here
          --> music.yaml:2:1
          |
        2 | ---
          | ^^^
        hint: one file holds one document
        """,
    ),
    "an empty file": (
        "",
        """
        the file is empty
          --> music.yaml:1:1
          |
        1 |
          | ^
        """,
    ),
    "a comment alone": (
        "# later\n",
        """
        the file is empty
          --> music.yaml:1:1
          |
        1 | # later
          | ^
        """,
    ),
    "a byte order mark": (
        b"\xff\xfea: 1\n",
        """
        the file begins with a byte order mark
          --> music.yaml:1:1
          |
        1 | \ufffd\ufffda: 1
          | ^
        hint: save the file as UTF-8 without a byte order mark
        """,
    ),
    "Latin-1": (
        b"a: 1\nb: caf\xe9\n",
        """
        the file is not UTF-8
          --> music.yaml:2:7
          |
        2 | b: caf\ufffd
          |       ^
        hint: save the file as UTF-8 without a byte order mark
        """,
    ),
    "a lone surrogate": (
        "a: \ud800\n",
        """
        the file is not UTF-8
          --> music.yaml:1:4
          |
        1 | a: \ufffd\ufffd\ufffd
          |    ^
        hint: save the file as UTF-8 without a byte order mark
        """,
    ),
    "a control character": (
        "a: 1\nb: \x07\n",
        """
        the control character U+0007 does not belong in a file
          --> music.yaml:2:4
          |
        2 | b: \ufffd
          |    ^
        """,
    ),
    "a control character at the start of a line": (
        "a: 1\n\x00\n",
        """
        the control character U+0000 does not belong in a file
          --> music.yaml:2:1
          |
        2 | \ufffd
          | ^
        """,
    ),
    "an escaped control character": (
        'a: "x\\ty\\x1b"\n',
        """
        the control character U+001B does not belong in text
          --> music.yaml:1:4
          |
        1 | a: "x\\ty\\x1b"
          |    ^^^^^^^^^^
        """,
    ),
    "an escaped control character in a key": (
        '"a\\0": 1\n',
        """
        the control character U+0000 does not belong in text
          --> music.yaml:1:1
          |
        1 | "a\\0": 1
          | ^^^^^
        """,
    ),
    "conflict markers": (
        "a: 1\n<<<<<<< HEAD\nb: 2\n=======\nb: 3\n>>>>>>> topic\n",
        """
        unresolved merge
          --> music.yaml:2:1
          |
        2 | <<<<<<< HEAD
          | ^^^^^^^^^^^^
        hint: choose what is to stay, and take out the lines `<<<<<<<`, `=======` and `>>>>>>>`
        """,
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_document_is_refused_with_its_place(case):
    text, says = REFUSED[case]
    lines = [line.rstrip() for line in refused(text).splitlines()]
    assert lines == dedent(says).strip().splitlines()


@pytest.mark.parametrize(
    ("text", "place", "hint"),
    [
        ("a: b: c\n", "music.yaml:1:5", "hint: put text that holds `: ` in quotes"),
        ("a:\n\tb: 1\n", "music.yaml:2:1", "hint: indent with spaces"),
        ("a: [1, 2\n", "music.yaml:", ""),
        ('a: "x\n', "music.yaml:", ""),
        ("a: `x`\n", "music.yaml:1:4", "hint: indent with spaces, and put text that begins so"),
        ("a: 1\nb\n", "music.yaml:", "hint: put a space after the `:` of a key"),
        ('a: "\\ud800"\n', "music.yaml:1:", ""),
        ('a: "\\U00110000"\n', "music.yaml:1:", ""),
        ("%YAML 9.9\n---\na: 1\n", "music.yaml:1:1", ""),
        ("a: 1\n...\n\ufffe", "music.yaml:1:1", ""),
    ],
)
def test_what_is_no_yaml_is_refused_with_its_place(text, place, hint):
    says = refused(text)
    assert place in says
    assert hint in says


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "{a: " * 100_000,
        "- " * 100_000,
        "? " * 100_000,
        "a: &a [*a]\n",
        "".join(f"a{i}: &x{i} 1\n" for i in range(200_000)),
        "x" * (room.BYTES + 1),
        "!!int ''",
        "a: !!bool maybe",
        "a: ! x",
        b"\xff\xfea\x00",
        b"\xfe\xff\x00a",
    ],
    ids=lambda text: str(text[:12]),
)
def test_hostile_text_is_refused_at_once(text, tmp_path, parser):
    path = tmp_path / "music.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with (
        at_most(calls=1_000 if parser == "libyaml" else 100_000),
        pytest.raises(ManifestError) as caught,
    ):
        read(path, HERE)
    assert len(str(caught.value)) < 4_000


def test_depth_is_bounded():
    deep = "[" * document.DEPTH + "]" * document.DEPTH
    assert read_text(deep).items()
    assert refused(f"[{deep}]").startswith("the file is nested deeper than 32 levels")


def test_the_number_of_values_is_bounded(monkeypatch):
    monkeypatch.setattr(room, "EVENTS", 20)
    assert read_text("[1, 2, 3]").items()
    assert refused("[" + "1, " * 20 + "]").startswith(
        "the manifest holds more than 20 keys and values"
    )


def test_the_size_of_a_file_is_bounded(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"12345" * 1024)
    with pytest.raises(ManifestError, match=r"^`x` is larger than 4 KiB$"):
        read_bytes(path, 4096, Path("x"))
    path.write_bytes(b"1" * (2**20 + 1))
    with pytest.raises(ManifestError, match=r"^`x` is larger than 1 MiB$"):
        read_bytes(path, 2**20, Path("x"))


def test_no_line_is_shown_that_is_too_long():
    text = "[" + "a, " * 10_000 + "b: c: d]"
    assert max(map(len, refused(text).splitlines())) < FARTHEST + 200


def test_what_a_terminal_would_obey_is_not_shown():
    assert shown("a\x1b[31m\u202eb") == "a\ufffd[31m\ufffdb"
    assert shown("x" * 100, 10) == "xxxxxxxxx…"


WRONG = [
    ("string", "a: 3", "expected text, found the number 3"),
    ("string", "a: true", "expected text, found `true`"),
    ("string", "a:", "expected text, found nothing"),
    ("text", "a: [1]", "expected text, found a list"),
    ("text", "a:", "expected text, found nothing"),
    ("text", "a: {}", "expected text, found a mapping"),
    ("number", "a: x", "expected a number, found text"),
    ("number", "a: false", "expected a number, found `false`"),
    ("number", "a: .nan", "expected a number, found text"),
    ("integer", "a: 1.5", "expected a whole number, found the number 1.5"),
    ("integer", "a: true", "expected a whole number, found `true`"),
    ("boolean", "a: yes", "expected true or false, found text"),
    ("items", "a: 1", "expected a list, found the number 1"),
    ("mapping", "a: [1]", "expected a mapping, found a list"),
    ("mapping", "a:", "expected a mapping, found nothing"),
    ("entries", "a: x", "expected a mapping, found text"),
]


@pytest.mark.parametrize(("accessor", "text", "says"), WRONG)
def test_a_value_of_another_kind_is_refused(accessor, text, says):
    assert refused(text, lambda root: getattr(root.mapping()["a"], accessor)()).startswith(says)


@pytest.mark.parametrize(
    ("accessor", "text", "value"),
    [
        ("string", "a: x", "x"),
        ("text", "a: x", "x"),
        ("text", "a: 1.10", "1.10"),
        ("text", "a: true", "true"),
        ("number", "a: 1.5", 1.5),
        ("integer", "a: 7", 7),
        ("boolean", "a: true", True),
        ("entries", "a:", {}),
        ("entries", "a: {}", {}),
    ],
)
def test_a_value_of_the_right_kind_is_given(accessor, text, value):
    assert getattr(entry(text), accessor)() == value


def test_an_unknown_key_is_refused_with_the_nearest():
    says = """
    unknown key `tempoo`
      --> music.yaml:2:1
      |
    2 | tempoo: 120
      | ^^^^^^
    hint: did you mean `tempo`?
    """
    text = "prompt: x\ntempoo: 120\n"
    assert refused(text, lambda root: root.mapping({"tempo", "prompt"})) == dedent(says).strip()
    assert read_text(text).mapping({"tempoo", "prompt"})


def test_an_unknown_key_of_great_length_is_not_compared():
    assert "hint" not in refused("a" * 200 + ": 1", lambda root: root.mapping({"a" * 199}))


def place(span):
    return span.line, span.column, span.text[span.column - 1 :][: span.width]


LITERAL = """\
a: |
  Calm pads

  at {{ bpm }} BPM
b: x
"""


@pytest.mark.parametrize(
    ("text", "number", "word", "found"),
    [
        (LITERAL, 1, "", (2, 3, "Calm pads")),
        (LITERAL, 3, "", (4, 3, "at {{ bpm }} BPM")),
        (LITERAL, 3, "bpm", (4, 9, "bpm")),
        (LITERAL, 3, "bp", (4, 3, "at {{ bpm }} BPM")),
        (LITERAL, 2, "", (1, 4, "|")),
        (LITERAL, 9, "", (1, 4, "|")),
        ("a: |2-\n   Calm\n", 1, "", (2, 4, "Calm")),
        ("a: >\n  Calm\n  pads\n", 1, "", (1, 4, ">")),
        ("a: >\n  Calm\n  pads\n", 1, "pads", (3, 3, "pads")),
        ("a: Calm {{ x }}\n", 1, "", (1, 4, "Calm {{ x }}")),
        ("a: Calm {{ a }}\n", 1, "a", (1, 12, "a")),
        ('a: "Calm\n  {{ x }}"\n', 1, "x", (2, 6, "x")),
        ("a: {b: x y}\n", 1, "y", (1, 10, "y")),
        ("a: 120\n", 1, "", (1, 4, "120")),
    ],
)
def test_a_line_of_a_text_has_its_place(text, number, word, found):
    assert place(entry(text).line(number, word)) == found


def test_places_outside_of_the_text_are_still_places():
    source = Source(HERE, "")
    assert place(source.line(3)) == (3, 1, "")
    assert place(source.line(3, "word")) == (3, 1, "")
    assert Source(HERE, "\ta\tb").line(1).text == " a b"


def test_keys_and_values_know_their_places():
    root = read_text("a:\n  b: [1,\n    2]\n")
    inner = root.mapping()["a"].mapping()["b"]
    assert place(inner.key) == (2, 3, "b")
    assert place(inner.span) == (2, 6, "[1,")
    assert place(inner.items()[1].key) == (3, 5, "2")
    assert place(root.key) == (1, 1, "a:")


@pytest.fixture
def readings(monkeypatch):
    """Count how often a text is given to the parser."""
    found = []
    real = document.PARSER

    def counting(text):
        found.append(text)
        return real(text)

    monkeypatch.setattr(document, "PARSER", counting)
    return found


def test_a_key_in_quotes_may_look_like_one_that_merges():
    assert read_text('"<<": {a: 1}\n').mapping()["<<"].mapping().keys() == {"a"}


def test_no_text_is_read_twice_for_what_stands_in_it(readings):
    root = read_text("a: {b: 1.10, c: [x, ~]}\nd: |\n  text\n")
    inner = root.mapping()["a"].mapping()
    assert inner["b"].text() == "1.10"
    assert [item.written for item in inner["c"].items()] == ["x", "~"]
    assert len(readings) == 1


def test_all_places_are_told_from_one_reading_more(readings):
    root = read_text("".join(f"k{number}: [v, {{w: x}}]\n" for number in range(200)))
    for number, child in reversed(list(enumerate(root.mapping().values(), 1))):
        assert child.key.line == child.span.line == number
        assert child.line(1, "x").column > child.items()[1].span.column
    assert root.span.line == 1
    assert len(readings) == 2


def test_a_text_is_read_again_no_farther_than_is_asked(readings):
    root = read_text("a: {b: 1}\n" + "".join(f"k{number}: x\n" for number in range(2_000)))
    with at_most(calls=10_000):
        assert place(root.mapping()["a"].span) == (1, 4, "{b: 1}")
    assert len(readings) == 2


def test_a_twin_of_a_key_is_found_before_the_rest_is_read():
    says = refused("a: 1\nb: {c: 1, c: 2}\n")
    assert "the key `c` appears twice" in says
    assert says.endswith("hint: it is first on line 2")


def test_documents_share_the_room_there_is():
    text = "a: [1, 2]\n"  # eleven events, with those that begin and end the document
    shared = room.Room()
    shared.events = 22
    sources = [decode(text.encode(), HERE) for _ in range(3)]
    assert parse(sources[0], shared).mapping()
    assert parse(sources[1], shared).mapping()
    assert shared.events == 0
    with pytest.raises(ManifestError, match="keys and values") as caught:
        parse(sources[2], shared)
    assert place(caught.value.span) == (1, 1, "a")
    shared.events = 10
    with pytest.raises(ManifestError, match="keys and values"):
        parse(sources[2], shared)


YAML_LIKE = st.text(alphabet="ab01 \n\t:-?[]{},#&*!|>'\"%@`~<.=\\\ufeff\x00é\ud800", max_size=60)


@given(YAML_LIKE)
def test_no_text_breaks_the_reader(text):
    for loader in (yaml.SafeLoader, document.PARSER):
        builder = document.PARSER
        document.PARSER = loader
        try:
            read_text(text)
        except ManifestError as error:
            assert error.span
        finally:
            document.PARSER = builder


def nested(node):
    """Return a node and all that is in it."""
    match node.value:
        case dict() as entries:
            inner = entries.values()
        case list() as inner:
            pass
        case _:
            inner = ()
    return [node, *(one for child in inner for one in nested(child))]


WORDS = """a:_|b:_|c|-_|/|/__|/____|[|]|{|}|,_|'d'|"e":_|>/  f/ g/|# h/|1.10|é:_i/|?_|\r/|true"""
PARTS = st.lists(
    st.sampled_from(WORDS.replace("_", " ").replace("/", "\n").split("|")), max_size=25
)


@given(PARTS)
@example(["? ", "c", "\n  ", "c"])  # a key that goes on in the next line stands where it begins
@example(["? ", "c", "\n", "\n  ", "c"])
@example(["? ", "'d'", "'d'"])
def test_every_node_of_any_document_stands_where_it_is_written(parts):
    text = "".join(parts)
    try:
        root = read_text(text)
    except ManifestError:
        return
    for node in nested(root):
        if not isinstance(node.value, str | dict | list | None):
            assert place(node.span)[2] == node.written
        if isinstance(node.value, dict):
            for name, child in node.value.items():
                _, column, stands = place(child.key)
                assert (node.source.lines[child.key.line - 1][column - 1 :]).startswith(stands)
                quoted = stands.startswith(("'", '"'))
                said = stands[1:-1].replace("''", "'") if quoted else stands
                assert name == said or name.startswith((f"{said} ", f"{said}\n"))


def test_a_byte_order_mark_of_utf_8_is_passed_over():
    source = decode(b"\xef\xbb\xbfa: 1\n", Path("music.yaml"))
    assert source.text == "a: 1\n"
