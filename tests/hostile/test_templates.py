"""Templates that would take too long, too much memory, or a look at what is none of theirs."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from confined import confined

from musicbuild.document import parse
from musicbuild.document.source import Source
from musicbuild.errors import ManifestError
from musicbuild.prompt import Templates

NODE = parse(Source(Path("music.yaml"), "a: |\n  x\n")).mapping()["a"]
KNOWN = {"era": "1980s", "x": [1], "table": {f"track-{i}": "x" * 50 for i in range(300)}}

LARGE = "ManifestError: a value grows too large\n"
STEPS = "ManifestError: the template takes more than 50,000 steps\n"


def doubled(first, step, last, times=60):
    return first + step * times + last


LISTS = "{% set a = [1] %}{% set b = [1] %}"
TWICE = "{% set a = [a, a] %}{% set b = [b, b] %}"
TUPLES = "{% set a = (1, 1) %}", "{% set a = (a, a) %}"
LONG = "{% set s = 'a' * 20000 %}"
EMOJI = "('\U0001f600' * 20000)"

REFUSED = {
    "J9 doubled lists": (doubled(LISTS, TWICE, "{% if a == b %}x{% endif %}"), LARGE),
    "J9 doubled lists, less": (doubled(LISTS, TWICE, "{% if a < b %}x{% endif %}"), LARGE),
    "J9 doubled lists, in": (doubled(LISTS, TWICE, "{% if a in [b] %}x{% endif %}"), LARGE),
    "J9 doubled lists, test": (doubled(LISTS, TWICE, "{% if a is eq b %}x{% endif %}"), LARGE),
    "J9 doubled mappings": (
        doubled(
            "{% set a = {1: 1} %}{% set b = {1: 1} %}",
            "{% set a = {1: a, 2: a} %}{% set b = {1: b, 2: b} %}",
            "{% if a == b %}x{% endif %}",
        ),
        LARGE,
    ),
    "J9 doubled tuples as keys": (doubled(*TUPLES, "{% set d = {a: 1} %}"), LARGE),
    "J9 doubled tuples looked up": (doubled(*TUPLES, "{{ {'q': 1}[a] }}"), LARGE),
    "J9 doubled lists in an error": (doubled(LISTS, TWICE, "{{ {}[a] }}"), LARGE),
    "J9 doubled lists in an error of text": (doubled(LISTS, TWICE, "{{ 'x'[a] }}"), LARGE),
    "J9 long texts in a list": (LONG + "{% set a = [s, s] %}x", LARGE),
    "J9 long texts in a mapping": (LONG + "{% set a = {1: s, 2: s} %}x", LARGE),
    "J9 long names to include": (
        LONG
        + f"{{% for i in range(99) %}}{{% include [{'s, ' * 900}] ignore missing %}}{{% endfor %}}",
        LARGE,
    ),
    "J9 doubled varargs": (
        (
            "{% macro f(n) %}{% if n %}{{ f(n - 1, varargs, varargs) }}"
            "{% elif varargs == varargs %}{% endif %}{% endmacro %}{{ f(60, 1) }}"
        ),
        LARGE,
    ),
    "J9 doubled kwargs": (
        (
            "{% macro f(n) %}{% if n %}{{ f(n - 1, a=kwargs, b=kwargs) }}"
            "{% elif kwargs == kwargs %}{% endif %}{% endmacro %}{{ f(60, a=1) }}"
        ),
        LARGE,
    ),
    "J9 a loop that lets nothing in": (
        "{% for i in range(9999) %}{% for j in range(9999) if i < 0 %}{% endfor %}{% endfor %}",
        STEPS,
    ),
    "J9 members looked for": (
        "{{ range(4000) | map('string') | select('in', ['x'] * 20000) | list | length }}",
        STEPS,
    ),
    "J9 texts looked for": (
        (
            "{% set t = 'a' * 24000 %}{% set n = 'a' * 50 ~ 'b' ~ 'a' * 48 %}"
            "{% for i in range(5000) %}{% if n in t %}{% endif %}{% endfor %}"
        ),
        STEPS,
    ),
    "J9 letters looked for": (
        (
            "{% set s = '\u4e00' * 20000 %}{% set c = '\u4e01' * 20000 ~ '\u4e00' %}"
            "{% for i in range(50) %}{% set q = s | trim(c) %}{% endfor %}"
        ),
        STEPS,
    ),
    "J9 long keys": (
        (
            "{% set t = (1,) * 12000 %}{% for i in range(9000) %}{% set q = {}[t] is defined %}"
            "{% endfor %}"
        ),
        STEPS,
    ),
    "J9 slices": (
        "{% set t = [1] * 12000 %}{% for i in range(9000) %}{% set q = t[:] %}{% endfor %}",
        STEPS,
    ),
    "J9 a method's arguments": (
        "{% set t = [1] * 12000 %}{% for i in range(99) %}{% set q = {}.get('a', t) %}{% endfor %}",
        STEPS,
    ),
    "J9 files that are not there": (
        "{% for i in range(9000) %}{% include 'n' ~ i ignore missing %}{% endfor %}",
        STEPS,
    ),
    "J9 files listed": (
        (
            "{% set l = range(4000) | map('string') | list %}"
            "{% for i in range(3000) %}{% include l ignore missing %}{% endfor %}"
        ),
        STEPS,
    ),
    "J10 empty texts": ("{{ ([''] * 25000 * 25000) | length }}", LARGE),
    "J10 empty ranges": ("{{ ([range(0)] * 25000 * 25000) | length }}", LARGE),
    "J10 indent by text": (f"{{{{ ('a\n' * 10000) | indent({EMOJI}) }}}}", LARGE),
    "J10 indent by a number": ("{{ ('a\n' * 12000) | indent(1000) }}", LARGE),
    "J10 wordwrap": (f"{{{{ ('a ' * 10000) | wordwrap(1, true, {EMOJI}) }}}}", LARGE),
    "J10 wordwrap by name": (
        f"{{{{ ('a ' * 10000) | wordwrap(1, wrapstring={EMOJI}) }}}}",
        LARGE,
    ),
    "J10 format": (f"{{{{ ('%(a)s' * 4900) | format(a={EMOJI}) }}}}", LARGE),
    "J10 per cent": (f"{{{{ ('%(a)s' * 4900) % {{'a': {EMOJI}}} }}}}", LARGE),
    "J10 per cent, many": ("{{ ('%999d' * 4000) % (1,) }}", LARGE),
    "J10 brackets left open": ("{{ ('%(' * 9000) % {'a': 1} }}", "ManifestError: the template"),
    "J12 join by name": (f"{{{{ (['a'] * 10000) | join(d={EMOJI}) }}}}", LARGE),
    "J12 join in a map": (f"{{{{ [['a'] * 100] | map('join', {EMOJI}) | list }}}}", LARGE),
    "J12 sum by name": (
        "{{ [[1]] | sum(start=[]) }}",
        "ManifestError: `sum` adds up numbers, not lists\n",
    ),
    "J13 replace by name": (f"{{{{ ('a' * 10000) | replace(new={EMOJI}, old='a') }}}}", LARGE),
    "J13 replace of nothing": (f"{{{{ ('a' * 10000) | replace('', {EMOJI}) }}}}", LARGE),
    "J20 plain": ("{{ era }}" * 1800, LARGE, {"era": "x" * 1_000_000}),
}


def outcome(text, variables=KNOWN):
    try:
        return Templates(Path("/nowhere"), "prompts").render(text, NODE, variables)
    except ManifestError as error:
        return f"ManifestError: {error}"


@pytest.mark.parametrize("case", REFUSED)
def test_a_template_that_would_take_too_much_is_refused(case):
    text, says, *variables = REFUSED[case]
    found = confined(partial(outcome, text, *variables))
    assert found.startswith(says)
    assert len(found) < 1_000


LET_THROUGH = {
    "a look-up in a loop": (
        "{% for i in range(500) %}{% if 'track-7' in table %}x{% endif %}{% endfor %}",
        "x" * 500,
    ),
    "a large table": (
        "{{ many['a9000'] }} {{ many is defined }} {{ 'a1' in many }}",
        "9000 True True",
        {"many": {f"a{i}": i for i in range(20_000)}},
    ),
    "lines with an indent": (
        "{{ ('ab ' * 6000) | wordwrap(60, wrapstring='\n      ') | length }}",
        str(299 * 7 + 300 * 59),
    ),
    "many fields": ("{{ (('%s,' * 20) % (('a' * 900,) * 20)) | length }}", "18020"),
    "named fields": (
        "{{ (('%(a)s' ~ '%(b)03d' * 200) % {'a': 'x' * 9000, 'b': 7}) | length }}",
        "9600",
    ),
    "fields of numbers": ("{{ '%5.1f%%, %-4d|%x' % (12.34, 7, 255) }}", "12.3%, 7   |ff"),
    "a field with brackets": ("{{ '%(a(b))s' % {'a(b)': 'x'} }}", "x"),
    "one field": ("{{ '%s' % era }} {{ '%s' | format(era) }}", "1980s 1980s"),
    "arguments by name": ("{{ 'aba' | replace(new='x', old='a', count=1) }}", "xba"),
    "a macro among values": (
        "{% macro f() %}x{% endmacro %}{% for m in [f, f] %}{{ m() }}{% endfor %}",
        "xx",
    ),
    "a macro as an argument": (
        "{% macro f() %}x{% endmacro %}{% macro g(m) %}{{ m() }}{% endmacro %}{{ g(f) }}",
        "x",
    ),
    "comparisons": (
        "{{ 1 < 2 < 3 }} {{ [1, 2] == [1, 2] }} {{ 'a' not in 'b' }}",
        "True True True",
    ),
    "a filtered loop": ("{% for i in range(9) if i is odd %}{{ i }}{% endfor %}", "1357"),
    "slices": ("{{ era[:2] }}{{ [1, 2, 3][1:] | join }}{{ {(1, 2): 'x'}[1, 2] }}", "1923x"),
}


@pytest.mark.parametrize("case", LET_THROUGH)
def test_a_template_of_use_is_let_through(case):
    text, result, *variables = LET_THROUGH[case]
    assert outcome(text, *variables) == result


def test_what_many_renderings_may_take_is_bounded(monkeypatch):
    templates = Templates(Path("/nowhere"), "prompts")
    monkeypatch.setattr("musicbuild.prompt.sandbox.STEPS_OF_ALBUM", 30_000)
    text = "{% for i in range(2000) %}{{ '' if i else 'x' }}{% endfor %}"
    assert templates.render(text, NODE, {}) == "x"
    with pytest.raises(ManifestError, match="the templates of the album take more than 30,000"):
        templates.render(text, NODE, {})


def test_what_many_templates_may_hold_is_bounded(monkeypatch):
    templates = Templates(Path("/nowhere"), "prompts")
    monkeypatch.setattr("musicbuild.prompt.sandbox.NODES_OF_ALBUM", 15)
    assert templates.render("{{ 1 + 1 }}", NODE, {}) == "2"
    with pytest.raises(ManifestError, match="the templates of the album are too long"):
        templates.render("{{ 1 + 1 + 1 + 1 + 1 + 1 + 1 }}", NODE, {})


def test_what_many_texts_may_hold_is_bounded(monkeypatch):
    templates = Templates(Path("/nowhere"), "prompts")
    monkeypatch.setattr("musicbuild.prompt.TEXTS", 10)
    assert templates.render("{{ era }}", NODE, KNOWN) == "1980s"
    with pytest.raises(ManifestError, match="the texts of the album have more than 10 characters"):
        templates.render("more of {{ era }}", NODE, KNOWN)


def test_a_template_that_cannot_be_compiled_is_tried_once(monkeypatch):
    templates = Templates(Path("/nowhere"), "prompts")
    tried = []
    compiled = templates._sandbox.compiled
    monkeypatch.setattr(
        templates._sandbox, "compiled", lambda *args: tried.append(args) or compiled(*args)
    )
    for _ in range(5):
        with pytest.raises(ManifestError, match="expected token"):
            templates.render("{{ a b }}", NODE, {})
    assert len(tried) == 1


@pytest.fixture
def project(tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "passwd").write_text("x")
    root = tmp_path / "project"
    (root / "prompts").mkdir(parents=True)
    (root / "prompts" / "plain.j2").write_text("Calm")
    (root / "t").symlink_to(tmp_path / "outside")
    (root / "prompts" / "out").symlink_to(tmp_path / "outside")
    (root / "prompts" / "round").symlink_to("round")
    os.mkfifo(root / "prompts" / "pipe.j2")
    return root


SAYS = {
    "t passwd": "`passwd` leads out of `t/`",
    "t passwdd": "`passwdd` leads out of `t/`",
    "prompts out/passwd": "`out/passwd` leads out of `prompts/`",
    "prompts out/passwdd": "`out/passwdd` leads out of `prompts/`",
    "prompts round": "there is no template `round` in `prompts/`",
    "prompts pipe.j2": "there is no template `pipe.j2` in `prompts/`",
    "prompts plain": "there is no template `plain` in `prompts/`",
    "none plain.j2": "there is no template `plain.j2` in `none/`",
}


NEAR = {"prompts plain", "prompts pipe.j2"}


@pytest.mark.parametrize("asked", SAYS)
def test_a_name_tells_nothing_of_what_lies_outside(project, asked):
    folder, name = asked.split()
    with pytest.raises(ManifestError) as caught:
        Templates(project, folder).render_file(name, NODE, {})
    assert caught.value.message == SAYS[asked]
    assert caught.value.hint == ("did you mean `plain.j2`?" if asked in NEAR else "")
    with pytest.raises(ManifestError) as caught:
        Templates(project, folder).render(f"{{% include '{name}' %}}", NODE, {})
    assert caught.value.message == SAYS[asked]


SAME = {
    "{% for k, v in deep.items() %}{{ k }}={{ v }} {% endfor %}": "b=1 a=2 c=2",
    "{{ [3, 1, 3, 'a', 'A'] | unique | join }}": "31a",
    "{{ ['b', 'a', 'b', 'c'] | unique | join }}": "bac",
    "{% for k, v in deep | dictsort %}{{ k }}{% endfor %}": "abc",
    "{% for k, v in deep | dictsort(by='value') %}{{ k }}{% endfor %}": "bac",
    "{% for k, g in tracks | groupby('mood') %}{{ k }}:{{ g | map(attribute='id') | join }} "
    "{% endfor %}": "calm:13 tense:2",
    "{{ '%(b)s%(a)s' % deep }}{{ '%(c)s' | format(**deep) }}": "122",
    "{{ deep.keys() | join }}{{ deep.values() | join }}{{ deep | string }}": (
        "bac122{'b': 1, 'a': 2, 'c': 2}"
    ),
    "{{ deep.items() | list | sort(attribute=1) | map('first') | join }}": "bac",
    "{% macro f() %}{{ kwargs.keys() | join }}{% endmacro %}{{ f(z=1, y=2, x=3) }}": "zyx",
    "{{ {'z': 1, 'y': 2} | items | map('first') | join }}": "zy",
    "{{ ['b', 'B', 'a'] | sort | join }}{{ ['b', 'a'] | max }}": "abBb",
}


def test_any_process_gives_the_same_texts():
    program = f"""
from pathlib import Path
from musicbuild.prompt import Templates
from musicbuild.document.source import Source
known = {{
    "deep": {{"b": 1, "a": 2, "c": 2}},
    "tracks": [{{"id": id, "mood": mood}} for id, mood in enumerate(["calm", "tense", "calm"], 1)],
}}
templates = Templates(Path("."), "prompts")
for text in {list(SAME)!r}:
    print(templates.render(text, Source(Path("x"), ""), known))
"""
    for seed in ("0", "1", "2", "3"):
        run = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        assert run.stdout.splitlines() == list(SAME.values())
