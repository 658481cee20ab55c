"""The schema for editors: its file is what the code says, and it agrees with the reader."""

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from musicbuild.document import parse
from musicbuild.document.source import Source
from musicbuild.errors import InvalidManifest, ManifestError
from musicbuild.manifest import load
from musicbuild.manifest.keys import ALBUM, INCLUDED, MASTER, ONLY_TRACK, SETTINGS, TAGS, TRACK
from musicbuild.manifest.schema import OWN_RULES, schema, text
from musicbuild.manifest.shapes import NODE

HERE = Path(__file__).parent
SCHEMA = schema()
VALIDATOR = Draft202012Validator(SCHEMA)
TABLES = {"top": ALBUM, "settings": SETTINGS, "track": TRACK, "tags": TAGS, "master": MASTER}
GOOD = sorted((HERE / "manifests" / "good").glob("*.yaml"))
SHAPE = [
    path
    for path in sorted((HERE / "manifests" / "bad").glob("*.yaml"))
    if path.read_text().startswith("# shape\n")
]


def as_json(node):
    match node.value:
        case dict():
            return {name: as_json(child) for name, child in node.value.items()}
        case list():
            return [as_json(child) for child in node.value]
    return node.value


def value_of(written):
    return as_json(parse(Source(Path("x"), written)))


def test_the_file_is_what_the_code_says():
    assert (HERE.parent / "schema" / "musicbuild.schema.json").read_text("utf-8") == text()
    assert json.loads(text()) == SCHEMA


def test_it_is_a_schema():
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_it_accepts_what_the_reader_accepts(path):
    VALIDATOR.validate(value_of(path.read_text("utf-8")))


@pytest.mark.parametrize("path", SHAPE, ids=lambda path: path.stem)
def test_it_refuses_what_is_a_matter_of_shape(path):
    assert list(VALIDATOR.iter_errors(value_of(path.read_text("utf-8"))))


def entries(name):
    return SCHEMA if name == "top" else SCHEMA["$defs"][name]


@pytest.mark.parametrize("name", TABLES)
def test_it_knows_the_keys_that_the_reader_knows(name):
    assert entries(name)["properties"].keys() == TABLES[name].keys()
    assert entries(name)["additionalProperties"] is False


@pytest.mark.parametrize(
    ("table", "key"), [(table, key) for table, keys in TABLES.items() for key in keys]
)
def test_each_key_is_described_with_examples_that_hold(table, key, tmp_path):
    found = entries(table)["properties"][key]
    assert found["description"].endswith(".")
    assert found["examples"]
    shape = TABLES[table][key].shape
    validator = Draft202012Validator({"$defs": SCHEMA["$defs"], **found})
    for example in found["examples"]:
        validator.validate(example)
        shape.read(parse(Source(tmp_path, yaml.safe_dump(example))))


def test_own_rules_are_those_of_the_keys_without_a_shape():
    keys = {**ALBUM, **TRACK, **TAGS, **MASTER}
    assert OWN_RULES.keys() == {name for name, key in keys.items() if key.shape is NODE}
    assert set(INCLUDED) <= ALBUM.keys()
    assert ONLY_TRACK.keys() & SETTINGS.keys() == set()


VALUES = [
    "x", "'1:30'", "90s", "3", "0", "-1", "1.5", "21", "true", "~", "[]", "[mp3]", "[mp3, mp3]",
    "[ogg]", "[a-b]", "[A]", "[1]", "{}", "{a: 1}", "{id: 1}", "{a: ~}", "{bpm: 1}",
    "{loudness: 1}", "{a: [1]}", "{a: []}", "{a: [[1]]}", "[[1]]",
]  # fmt: skip

PLACES = {
    "settings": "version: 1\ndefaults: {{{key}: {value}}}\n",
    "track": "version: 1\ntracks: {{t: {{{key}: {value}}}}}\n",
    "tags": "version: 1\ndefaults: {{tags: {{{key}: {value}}}}}\n",
    "master": "version: 1\ndefaults: {{master: {{{key}: {value}}}}}\n",
}


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize(
    ("table", "key"), [(table, key) for table in PLACES for key in [*TABLES[table], "nokey"]]
)
def test_reader_and_schema_agree_on_every_value(table, key, value, tmp_path):
    written = PLACES[table].format(key=key, value=value)
    path = tmp_path / "x.yaml"
    path.write_text(written)
    try:
        load(path)
        refused = []
    except InvalidManifest as error:
        refused = [each for each in error.errors if not beyond(each)]
    assert bool(refused) == bool(list(VALIDATOR.iter_errors(value_of(written)))), refused


def beyond(error: ManifestError) -> bool:
    """Tell whether an error is about more than the shape of one value."""
    return error.message.startswith(("the track `", "there is no group"))
