"""Templates: what they give, where their errors stand, and that none can do harm."""

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from effort import at_most
from hypothesis import given
from hypothesis import strategies as st

from musicbuild.document import parse
from musicbuild.document.source import Source
from musicbuild.errors import ManifestError
from musicbuild.prompt import BYTES, Templates
from musicbuild.prompt.plain import OUTPUT

ERA = {"era": "synth a", "bpm": 80, "x": [1], "e": "", "deep": {"a": [1.5, True]}}


@pytest.fixture
def templates(tmp_path):
    folder = tmp_path / "prompts"
    folder.mkdir()
    files = {
        "plain.j2": "In a hall\nof {{ era }}\n",
        "undefined.j2": "Hello\n{{ nope }}\n",
        "syntax.j2": "x\n{% if %}\n",
        "self.j2": "{% include 'self.j2' %}{% include 'self.j2' %}",
        "base.j2": "<{% block b %}base{% endblock %}>{{ bpm }}",
        "child.j2": "{% extends 'base.j2' %}{% block b %}child {{ super() }}{% endblock %}",
        "macros.j2": "{% macro loud(x) %}{{ x | upper }}{% endmacro %}",
        "by-name.j2": "{% include era %}",
        "inner.j2": "{% include 'plain.j2' %}{% include 'inner.j2' ignore missing %}",
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    return Templates(tmp_path, "prompts/")


def node_of(text):
    literal = "a: |\n" + "".join(f"  {line}\n" for line in text.split("\n"))
    return parse(Source(Path("music.yaml"), literal)).mapping()["a"]


def render(templates, text, variables=ERA):
    return templates.render(text, node_of(text), variables)


def refused(templates, text, variables=ERA):
    with pytest.raises(ManifestError) as caught:
        templates.render(text, node_of(text), variables)
    assert caught.value.span
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("Calm", "Calm"),
        ("Calm {{ era }}, {{bpm}} BPM", "Calm synth a, 80 BPM"),
        ("{{ deep.a[0] }} {{ deep['a'][1] }}", "1.5 True"),
        ("{{ deep.a | join(', ') }}", "1.5, True"),
        ("  \n a\tb \n\n c  \n", "a\tb \n\n c"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("cafe\u0301", "café"),
        ("{% for i in range(3) %}\n  {{ i }}\n{% endfor %}\nend", "0\n  1\n  2\nend"),
        ("  {% if bpm > 70 %}\nfast\n  {% else %}\nslow\n  {% endif %}\nend", "fast\nend"),
        ("{% macro f(a) %}<{{ a }}>{% endmacro %}{{ f(1) }}{{ f('b') }}", "<1><b>"),
        ("{% macro f() %}<{{ caller() }}>{% endmacro %}{% call f() %}x{% endcall %}", "<x>"),
        ("{% filter upper %}{{ era }}{% endfilter %}", "SYNTH A"),
        ("{% set s %}{{ era }}{% endset %}{{ s ~ '-' ~ bpm }}", "synth a-80"),
        ("{{ era.upper() }} {{ era | upper }} {{ era.split()[1] }}", "SYNTH A SYNTH A a"),
        ("{% for k, v in deep.items() %}{{ k }}{{ v | length }}{% endfor %}", "a2"),
        ("{% for i in x %}{{ loop.index }}{{ loop.cycle('a', 'b') }}{% endfor %}", "1a"),
        ("{{ [3, 1, 2] | sort | map('string') | join }}", "123"),
        ("{{ zzz | default('q') }} {{ zzz is defined }}", "q False"),
        (
            "{{ 'a' * 3 }}{{ 2 * 'b' }}{{ 2 ** 8 }}{{ 7 // 2 }}{{ 7 % 4 }}{{ -bpm }}",
            "aaabb25633-80",
        ),
        ("{{ '%03d' % 7 }} {{ '%s' | format(era) }}", "007 synth a"),
        ("{{ 'abc' | replace('b', 'x') | center(5) | trim }}", "axc"),
        ("{{ bpm | string | indent(2) }}{{ range(3) | list | length }}", "803"),
        ("{% raw %}{{ x }}{% endraw %}{# note #}!", "{{ x }}!"),
        ("{% autoescape true %}{{ era }}{% endautoescape %}", "synth a"),
        ("{% include 'plain.j2' %}", "In a hall\nof synth a"),
        ("{% include ['none.j2', 'plain.j2'] %}", "In a hall\nof synth a"),
        ("{% include 'none.j2' ignore missing %}ok", "ok"),
        ("{% extends 'base.j2' %}{% block b %}{{ era }}{% endblock %}", "<synth a>80"),
        ("{% include 'child.j2' %}", "<child base>80"),
        ("{% import 'macros.j2' as m %}{{ m.loud('a') }}", "A"),
        ("{% from 'macros.j2' import loud %}{{ loud('a') }}", "A"),
        ("{{ {'a': 1}.get('b', 2) }}{{ [1, 1].count(1) }}", "22"),
        ("{{ 1.0 / 4 }} {{ 10 / 4 }}", "0.25 2.5"),
        ("{ {{ era }} }", "{ synth a }"),
        ("}} {", "}} {"),
    ],
)
def test_a_template_gives_its_text(templates, text, result):
    assert templates.render(text, node_of("x"), ERA) == result


def test_a_file_gives_its_text(templates):
    assert templates.render_file("plain.j2", node_of("plain.j2"), ERA) == "In a hall\nof synth a"
    assert templates.files == ("prompts/plain.j2",)


HOSTILE = {
    "J1": ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "`__class__` can't be used"),
    "J2": ("{{ cycler.__init__.__globals__.os.popen('id').read() }}", "`__init__` can't be used"),
    "J3": ("{{ ('{0.__class__}' | attr('format'))(x) }}", "the filter `attr` is not available"),
    "J4 set": ("{% set f = '{0.__class__}'.format %}{{ f(x) }}", "`format` can't be used"),
    "J4 map": ("{{ ['{0.__class__}'] | map('format', x) | list | join }}", ""),
    "J5 map": (
        "{{ [x] | map(attribute='__class__.__mro__') | list }}",
        "`__class__` can't be used",
    ),
    "J5 groupby": ("{{ [x] | groupby('__class__') | list }}", "a list is written with"),
    "J5 sort": ("{{ [x, x] | sort(attribute='__class__') }}", "`__class__` can't be used"),
    "J6": ("{{ self._TemplateReference__context }}", "`_TemplateReference__context` can't be used"),
    "J6 method": ("{{ era.upper.__func__.__globals__ }}", "there is no `__func__`"),
    "J7 up": ("{% include '../../etc/passwd' %}", "a path does not leave"),
    "J7 root": ("{% include '/etc/passwd' %}", "a path starts from the manifest's folder"),
    "J7 module": ("{% import 'os' as os %}", "there is no template `os`"),
    "J7 variable": ("{% extends era %}", "there is no template `synth a`"),
    "J7 list": ("{% extends x %}", ""),
    "J7 odd": ("{% include 'a\\x01b' %}", "this is no name of a template"),
    "J7 long": ("{% include '" + "a" * 300 + "' %}", "this is no name of a template"),
    "J8": ("{{ env.MUSIC_API_KEY }}", "undefined variable `env`"),
    "J9": (
        "{% for i in range(9999) %}" * 3 + "a" + "{% endfor %}" * 3,
        "the template takes more than 50,000 steps",
    ),
    "J9 one": ("{% for i in range(99999) %}{% endfor %}", "a range has at most 10,000 numbers"),
    "J9 text": (
        "{% for c in 'a' * 19999 %}{% for d in 'b' * 19999 %}{% endfor %}{% endfor %}",
        "the template takes more than 50,000 steps",
    ),
    "J9 empty": (
        "{% for i in range(10000) %}{{ e }}{{ e }}{{ e }}{% endfor %}",
        "the template takes more than 50,000 steps",
    ),
    "J9 recursive": (
        "{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}",
        "a loop can't be `recursive`; a macro can",
    ),
    "J9 macro": (
        "{% macro f(n) %}{% if n %}{{ f(n-1) }}{{ f(n-1) }}{% endif %}{% endmacro %}{{ f(30) }}",
        "the template takes more than 50,000 steps",
    ),
    "J10 text": ("{{ 'a' * 10 ** 10 }}", "a value grows too large"),
    "J10 turned": ("{{ 10 ** 10 * 'a' }}", "a value grows too large"),
    "J10 list": ("{{ [0] * 3000000000 }}", "a value grows too large"),
    "J10 center": (
        "{{ 'x'.center(10 ** 10) }}",
        "`center` can't be used in a template; the filter",
    ),
    "J10 format": ("{{ '%10000000000d' % 1 }}", "a width is at most 999"),
    "J10 star": ("{{ '%*d' % (10000000000, 1) }}", "a width is at most 999"),
    "J10 filter": ("{{ '%10000000000d' | format(1) }}", "a width is at most 999"),
    "J10 a named field's width": ("{{ '%(a)9999999999d' % {'a': 1} }}", "a width is at most 999"),
    "J10 a field's width after brackets": (
        "{{ '%(a(b)c)9999999999d' % {'a': 1} }}",
        "a width is at most 999",
    ),
    "J10 a field's precision": ("{{ '%.9999999999f' % 1 }}", "a width is at most 999"),
    "J10 a named field in a filter": (
        "{{ '%(a)9999999999d' | format(a=1) }}",
        "a width is at most 999",
    ),
    "J20 composed": ("{{ '\ufb2c' * 20000 }}", "the text has more than 20,000 characters"),
    "J10 many fields": ("{{ ('%999d' * 4000) % (1,) }}", "a value grows too large"),
    "J10 method": ("{{ '{:>10000000000}'.format(1) }}", "`format` can't be used"),
    "J10 indent": ("{{ 'x' | indent(10 ** 10) }}", "a width is at most 1,000"),
    "J10 bytes": ("{{ (1).to_bytes(10 ** 10) }}", "`to_bytes` can't be used"),
    "J11": ("{% set ns = namespace(s='a') %}", "undefined variable `namespace`"),
    "J11 doubled": (
        "{% set s = 'aaaaaaaaaa' %}" + "{% set s = s ~ s %}" * 40 + "{{ s }}",
        "a value grows too large",
    ),
    "J11 lists": (
        "{% set a = [1] %}" + "{% set a = [a, a] %}" * 60 + "{{ a | string }}",
        "a value",
    ),
    "J11 mappings": (
        "{% set a = {1: 1} %}" + "{% set a = {1: a, 2: a} %}" * 40 + "{{ a | string }}",
        "a value grows too large",
    ),
    "J11 blocks": (
        "{% set a = 'aaaaaaaaaa' %}" + "{% set a %}{{ a }}{{ a }}{% endset %}" * 20,
        "the text has more than 20,000 characters",
    ),
    "J12": ("{{ era | join(era | join(era | join('aaaa' * 1000))) }}", "a value grows too large"),
    "J12 sum": (
        "{% for i in range(900) %}{{ ([[1]] * 8000) | sum(start=[]) | length }}{% endfor %}",
        "`sum` adds up numbers, not lists",
    ),
    "J12 work": (
        "{% for i in range(900) %}{{ ('a ' * 9000) | wordwrap(1) | length }}{% endfor %}",
        "the template takes more than 50,000 steps",
    ),
    "J13": (
        "{{ era | replace('a', 'b' * 5000) | replace('b', 'c' * 5000) }}",
        "a value grows too large",
    ),
    "J14 lipsum": ("{{ lipsum(n=100000000) }}", "undefined variable `lipsum`"),
    "J14 random": ("{{ [1, 2] | random }}", "the filter `random` is not available"),
    "J14 map": ("{{ [[1, 2]] | map('random') | list }}", "the filter `random` is not available"),
    "J14 select": ("{{ [1] | select('sameas', 1) | list }}", "the test `sameas` is not available"),
    "J14 pprint": ("{{ x | pprint }}", "the filter `pprint` is not available"),
    "J14 address": ("{{ era.upper }}", "only text and numbers can be written"),
    "J14 string": ("{{ era.upper | string }}", "only text, numbers, lists and mappings"),
    "J14 joined": ("{{ era.upper ~ era }}", "only text and numbers can be written"),
    "J14 dates": ("{{ now() }}", "undefined variable `now`"),
    "J15 brackets": ("{{ " + "(" * 8000 + " }}", "the template is nested too deeply"),
    "J15 not": ("{{ " + "not " * 4000 + "1 }}", "the template is nested too deeply"),
    "J15 sum": ("{{ " + "1+" * 8000 + "1 }}", "the template is nested too deeply"),
    "J15 many": ("{{e~e}}" * 2300, "the template is too long"),
    "J15 open": ("{% if 1 %}" * 1600, "the template is nested too deeply"),
    "J15 if": ("{% if 1 %}" * 700 + "{% endif %}" * 700, "the template is nested too deeply"),
    "J15 for": (
        "{% for a in [1] %}" * 200 + "x" + "{% endfor %}" * 200,
        "the template is nested too deeply",
    ),
    "J15 long": ("x" * (BYTES + 1), "a template has at most 16 KiB"),
    "J16 power": ("{{ 9 ** 9999 }}", "a value grows too large"),
    "J16 digits": ("{{ " + "9" * 10_000 + " }}", "the template can't be worked out: "),
    "J16 zero": ("{{ 1 / 0 }}", "the template divides by zero"),
    "J16 infinite": ("{{ 1e999 }}", "a number is too large"),
    "J16 made infinite": ("{{ 1e308 * 10 }}", "the template can't be worked out: a number is too"),
    "J16 overflow": ("{{ 10.0 ** 400 }}", "the template can't be worked out: "),
    "J16 large": ("{{ " + "*".join(["9" * 600] * 9) + " }}", "a value grows too large"),
    "J17 include": ("{% include 'self.j2' %}", "the template is nested too deeply"),
    "J17 macro": ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "the template is nested"),
    "J17 block": ("{% block a %}{{ self.a() }}{% endblock %}", "the template is nested too deeply"),
    "J18": ('{{ "\\ud800" }}', "the text holds the control character U+D800"),
    "J19": ("{{ nope.a.b }}", "undefined variable `nope`"),
    "J20 long": ("{{ 'a' * 19999 }}{{ 'a' * 19999 }}", "the text has more than 20,000 characters"),
    "J20 control": ('{{ "\\x00" }}', "the text holds the control character U+0000"),
    "J20 escape": ('{{ "\\x1b[2J" }}', "the text holds the control character U+001B"),
    "a list": ("{{ x }}", "a list is written with `| join(', ')`"),
    "a macro": ("{% macro f() %}{% endmacro %}{{ f }}", "only text and numbers can be written"),
    "nothing": ("{{ none }}", "only text and numbers can be written"),
    "no function": ("{{ era() }}", "this can't be called"),
    "no item": ("{{ x[9] }}", "there is no `9` in this list"),
    "no attribute": ("{{ deep.b }}", "there is no `b` in this mapping"),
    "no parameter": (
        "{% macro f(a) %}{{ a }}{% endmacro %}{{ f() }}",
        "parameter `a` was not provided",
    ),
    "kinds": ("{{ [1, 'a'] | sort }}", "the template can't be worked out: "),
    "complex": ("{{ (-2) ** 0.5 }}", "only text, numbers, lists and mappings can be worked with"),
    "html": ("{{ era | escape }}", "the filter `escape` is not available"),
    "tag": ("{% do x %}", "encountered unknown tag `do`"),
    "filter": ("{{ era | uper }}", "there is no filter `uper`"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_template_is_refused_at_once(templates, case):
    text, says = HOSTILE[case]
    with at_most(calls=2_000_000):
        message = refused(templates, text)
    assert message.startswith(says)
    assert "0x" not in message.splitlines()[0]


def test_what_is_bounded_is_the_rendering_and_not_the_album(templates):
    text = "{% for i in range(2000) %}{{ '' if i else 'x' }}{% endfor %}"
    assert [render(templates, text) for _ in range(20)] == ["x"] * 20


def test_a_plain_text_is_bounded_as_any_other(templates):
    says = refused(templates, "{{ big }}{{ big }}", {"big": "x" * (OUTPUT - 1)})
    assert says.startswith("the text has more than 20,000 characters")
    assert refused(templates, "{{ big }}", {"big": "x" * 60_000}).startswith("a value grows")


PLACED = {
    "undefined": (
        "Calm pads\nat {{ erra }} or {{ bpm }} BPM",
        """
        undefined variable `erra`
          --> music.yaml:3:9
          |
        3 |   at {{ erra }} or {{ bpm }} BPM
          |         ^^^^
        hint: did you mean `era`?
        """,
    ),
    "undefined in a file": (
        "{% include 'undefined.j2' %}",
        """
        undefined variable `nope`
          --> prompts/undefined.j2:2:4
          |
        2 | {{ nope }}
          |    ^^^^
        """,
    ),
    "syntax in a file": (
        "x\n{% include 'syntax.j2' %}",
        """
        expected an expression, got `end of statement block`
          --> prompts/syntax.j2:2:1
          |
        2 | {% if %}
          | ^^^^^^^^
        """,
    ),
    "no such file": (
        "x\n{% include 'plan.j2' %}",
        """
        there is no template `plan.j2` in `prompts/`
          --> music.yaml:3:15
          |
        3 |   {% include 'plan.j2' %}
          |               ^^^^^^^
        hint: did you mean `plain.j2`?
        """,
    ),
    "none of several": (
        "{% include ['one.j2', 'two.j2'] %}",
        """
        none of the templates given were found: one.j2, two.j2
          --> music.yaml:2:3
          |
        2 |   {% include ['one.j2', 'two.j2'] %}
          |   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
        """,
    ),
    "not repeatable": (
        "{{ x | random }}",
        """
        the filter `random` is not available
          --> music.yaml:2:10
          |
        2 |   {{ x | random }}
          |          ^^^^^^
        hint: the same manifest always gives the same text
        """,
    ),
}


@pytest.mark.parametrize("case", PLACED)
def test_an_error_shows_the_line_of_the_template(templates, case):
    text, says = PLACED[case]
    assert refused(templates, text) == dedent(says).strip()


def missing(templates, name):
    with pytest.raises(ManifestError) as caught:
        templates.render_file(name, node_of("x"), ERA)
    return caught.value.message


def test_a_file_must_be_a_template(templates, tmp_path):
    folder = tmp_path / "prompts"
    (folder / "large.j2").write_text("x" * (BYTES + 1))
    (folder / "latin.j2").write_bytes(b"caf\xe9")
    (folder / "folder.j2").mkdir()
    (tmp_path / "secret").write_text("secret")
    (folder / "link.j2").symlink_to(tmp_path / "secret")
    (folder / "inside.j2").symlink_to(folder / "plain.j2")
    assert missing(templates, "large.j2") == "`prompts/large.j2` is larger than 16 KiB"
    assert missing(templates, "latin.j2") == "the file is not UTF-8"
    assert missing(templates, "folder.j2") == "there is no template `folder.j2` in `prompts/`"
    assert missing(templates, "link.j2") == "`link.j2` leads out of `prompts/`"
    assert missing(templates, "../secret").startswith("a path does not leave")
    assert templates.render_file("inside.j2", node_of("x"), ERA)
    assert refused(templates, "{% include 'large.j2' %}").startswith("`prompts/large.j2` is larger")


def test_a_folder_of_templates_does_not_lead_out(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "x.j2").write_text("x")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "prompts").symlink_to(tmp_path / "out")
    assert (
        missing(Templates(tmp_path / "in", "prompts"), "x.j2") == "`x.j2` leads out of `prompts/`"
    )


def test_a_file_that_cannot_be_read_is_named(templates, tmp_path, monkeypatch):
    def denied(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("musicbuild.prompt.files.read_bytes", denied)
    assert missing(templates, "plain.j2") == "`prompts/plain.j2` can't be read: Permission denied"


@pytest.mark.parametrize(
    ("text", "names", "known"),
    [
        ("Calm", set(), True),
        ("{{ era }} {{ bpm }}", {"era", "bpm"}, True),
        ("{% if era is defined %}{{ zzz }}{% endif %}", {"era", "zzz"}, True),
        ("{% include 'plain.j2' %}", {"era"}, True),
        ("{% include 'inner.j2' %}", {"era"}, True),
        ("{% extends 'base.j2' %}", {"bpm"}, True),
        ("{% include 'none.j2' ignore missing %}", set(), False),
        ("{% include ['plain.j2', 'none.j2'] %}", set(), False),
        ("{% if bpm > 99 %}{% include bpm %}{% endif %}", {"bpm"}, False),
        ("{% if 0 %}{% include 'by-name.j2' %}{% endif %}", {"era"}, False),
        ("{% if 0 %}{% include 'syntax.j2' %}{% endif %}", set(), False),
    ],
)
def test_the_names_of_a_template_are_known(templates, text, names, known):
    found = templates.names(text)
    assert names <= found.found
    assert found.all is known
    assert templates.names(text) is found


def test_the_names_of_a_file_are_known(templates):
    templates.render_file("plain.j2", node_of("x"), ERA)
    assert templates.names_of_file("plain.j2").found == {"era"}


def test_a_text_is_compiled_once(templates, monkeypatch):
    calls = []
    compiled = templates._sandbox.compiled
    monkeypatch.setattr(
        templates._sandbox, "compiled", lambda *args: calls.append(args) or compiled(*args)
    )
    for bpm in range(5):
        assert render(templates, "{{ bpm + 1 }}", {"bpm": bpm}) == str(bpm + 1)
    assert len(calls) == 1


NAMES = st.sampled_from(["era", "bpm", "x", "e", "nope"])
SIMPLE = st.lists(
    st.one_of(
        st.text(alphabet="ab {}%#-\n\t", max_size=6),
        NAMES.map(lambda name: "{{ " + name + " }}"),
        NAMES.map(lambda name: "{{" + name + "}}"),
    ),
    max_size=6,
).map("".join)


@given(SIMPLE)
def test_the_short_way_gives_what_jinja_gives(text):
    def outcome(short):
        templates = Templates(Path("/nowhere"), "prompts")
        if not short:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("musicbuild.prompt.plain", lambda *_: None)
                return outcome_of(templates, text)
        return outcome_of(templates, text)

    assert outcome(short=True) == outcome(short=False)


def outcome_of(templates, text):
    try:
        return templates.render(text, node_of("x"), ERA)
    except ManifestError as error:
        return str(error)


WORDS = """
{{ }} {% %} for if in endfor endif set macro x era bpm | upper join ( ) [ ] . , = ~ * ** + - 1
'a' " range include raw block else not is {# #}
"""
PIECES = st.sampled_from([*WORDS.split(), "\n"])


@given(st.lists(PIECES, max_size=20).map(" ".join))
def test_no_template_breaks_the_renderer(text):
    outcome_of(Templates(Path("/nowhere"), "prompts"), text)


def test_any_process_gives_the_same_text(tmp_path):
    (tmp_path / "prompts").mkdir()
    text = "{% for k, v in deep.items() %}{{ k }}={{ v }} {% endfor %}{{ [3, 1] | unique | join }}"
    program = f"""
from pathlib import Path
from musicbuild.prompt import Templates
from musicbuild.document.source import Source
deep = {{"b": 1, "a": 2}}
templates = Templates(Path("."), "prompts")
print(templates.render({text!r}, Source(Path("x"), ""), {{"deep": deep}}))
"""
    texts = {
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert texts == {"b=1 a=2 31\n"}


def test_plain_templates_and_their_files_need_no_jinja(tmp_path):
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "plain.j2").write_text("Calm {{ era }}\n")
    program = """
import sys
from pathlib import Path
from musicbuild.prompt import Templates
from musicbuild.document.source import Source
templates, at = Templates(Path("."), "prompts"), Source(Path("x"), "")
print(templates.render("Fast", at, {}), templates.render("{{ era }}", at, {"era": "now"}))
print(templates.render_file("plain.j2", at, {"era": "now"}), "jinja2" in sys.modules)
print(templates.render("{{ era | upper }}", at, {"era": "now"}), "jinja2" in sys.modules)
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert run.stdout.splitlines() == ["Fast now", "Calm now False", "NOW True"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{{ era }}\n{{ nope }}", "undefined variable `nope`\n  --> prompts/made.j2:2:4"),
        ("{{ era }}\n{{ not }}", "unexpected `end of print statement`\n  --> prompts/made.j2:2:1"),
        ("{{e}} " * 2700, "the template is too long\n  --> prompts/made.j2:1:1"),
    ],
)
def test_a_fault_of_a_plain_file_is_shown_there_wherever_it_is_used(
    templates, tmp_path, text, says
):
    (tmp_path / "prompts" / "made.j2").write_text(text)
    with pytest.raises(ManifestError) as caught:
        templates.render("x\n{% include 'made.j2' %}", node_of("x"), ERA)
    assert str(caught.value).startswith(says)
    if "nope" in text:
        with pytest.raises(ManifestError) as caught:
            templates.render_file("made.j2", node_of("x"), ERA)
        assert str(caught.value).startswith(says)


@given(st.text(alphabet="aZ é\u0301\n\r\t\0\x1b\x7f\x85\u2028\ufb2c {}"))
def test_a_text_without_substitutions_is_what_jinja_makes_of_it(text):
    templates = Templates(Path("/nowhere"), "prompts")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("musicbuild.prompt.is_literal", lambda _: False)
        patch.setattr("musicbuild.prompt.plain", lambda *_: None)
        long_way = outcome_of(Templates(Path("/nowhere"), "prompts"), text)
    assert outcome_of(templates, text) == long_way
