"""How a provider is found: those of ours at once, all others as plug-ins that are installed."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint, distribution

import pytest

from musicbuild.errors import UsageError
from musicbuild.providers import BUILT_IN, GROUP, Providers, elumenta

DECLARED = {
    entry.name: entry.value
    for entry in distribution("musicbuild").entry_points
    if entry.group == GROUP
}

PLUGIN = """
from dataclasses import replace
from musicbuild.providers.sketch import PROVIDER as SKETCH, SKETCH_1

PROVIDER = type(SKETCH)("band", {"live": replace(SKETCH_1, provider="band", name="live")})
"""


@pytest.fixture
def plug(tmp_path, monkeypatch):
    """Return a function that installs a plug-in, which declares a provider by a name."""
    monkeypatch.syspath_prepend(tmp_path)

    def install(name, value="band_plugin:PROVIDER"):
        (tmp_path / "band_plugin.py").write_text(PLUGIN)
        info = tmp_path / f"band_{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: band-{name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[{GROUP}]\n{name} = {value}\n")

    return install


def test_ours_are_those_that_the_package_declares():
    assert dict(BUILT_IN) == DECLARED
    for name, value in BUILT_IN.items():
        assert Providers()[name] is EntryPoint(name, value, GROUP).load()


def test_ours_are_found_without_looking_at_what_is_installed():
    code = (
        "import sys; from musicbuild.providers import Providers; found = Providers();"
        "[found.model(name) for name in ('sketch', 'musicgen', 'elumenta/musicgen')];"
        "assert 'importlib.metadata' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_plugin_is_found_beside_them(plug):
    plug("band")
    found = Providers()
    assert {"band", *BUILT_IN} <= {*found}
    assert "band" in found
    assert found.model("band/live").provider == "band"


def test_a_plugin_that_is_broken_says_which_package_to_mend(plug):
    plug("band", "no_such_band:PROVIDER")
    with pytest.raises(UsageError) as caught:
        Providers()["band"]
    assert str(caught.value) == (
        "the provider `band` can't be loaded: ModuleNotFoundError: No module named 'no_such_band'\n"
        "hint: reinstall the package that brings it, `no_such_band:PROVIDER`"
    )


def test_one_of_ours_that_is_broken_says_so_too(monkeypatch):
    monkeypatch.delattr(elumenta, "PROVIDER")
    with pytest.raises(UsageError) as caught:
        Providers()["elumenta"]
    assert str(caught.value).endswith(f"brings it, `{BUILT_IN['elumenta']}`")


def test_no_plugin_takes_the_place_of_ours(plug):
    plug("elumenta")
    assert Providers()["elumenta"] is elumenta.PROVIDER


@pytest.mark.parametrize(
    ("name", "hint"), [("elumnta", "did you mean `elumenta`?"), ("xyzzy", "installed are elumenta")]
)
def test_an_unknown_provider_is_guessed(name, hint):
    with pytest.raises(UsageError) as caught:
        Providers()[name]
    assert caught.value.message == f"unknown provider `{name}`"
    assert caught.value.hint.startswith(hint)
