"""Templates that are whole: what random signs seldom make, a parser lets through, and is run."""

from __future__ import annotations

import re
from random import Random

DEPTH = 4


def table(text: str) -> tuple[str, ...]:
    """Return what stands in a text, two spaces or a line end apart."""
    return tuple(re.split(r"\s{2,}", text.strip()))


NAMES = table("""
    era  bpm  ratio  calm  parts  mix  phase  place  duration  mix.deep.x  mix['pads']
    parts[0]  parts[-1:]  x  i  loop.index  nope  varargs  self
""")
LITERALS = table("""
    0  1  -1  7  1.5  1e308  99999  10000000000  ''  'a'  'ab, c'  'é'  []  {}  ()  true
    none  '%s'  '%9d'  '{}'  range(3)  range(9999)
""")
OPERATORS = table("""
    +  -  *  /  //  %  **  ~  ==  !=  <  <=  and  or  in  not in  is  is not
""")
FILTERS = table("""
    abs  batch  capitalize  center  count  d  default  dictsort  filesizeformat  first
    float  format  groupby  indent  int  items  join  last  length  list  lower  map  max
    min  reject  rejectattr  replace  reverse  round  select  selectattr  slice  sort
    string  sum  title  trim  truncate  unique  upper  urlencode  wordcount  wordwrap
""")
TESTS = table("""
    boolean  callable  defined  divisibleby(3)  eq(1)  even  float  iterable  filter('x')
    in([1])  integer  lower  mapping  none  number  odd  sequence  string  undefined  upper
""")
NAMED = table("""
    attribute='x'  attribute=0  by='value'  case_sensitive=true  default='d'  start=1
    width=3  fill_with='x'  reverse=true  base=9  precision=2  method='ceil'
""")
METHODS = table("""
    split  upper  strip  title  count  index  find  get  items  keys  values  format  join
    removeprefix  casefold  startswith
""")
SENSE = {
    "T": table("""
        era  place  title  'a, b'  '%s-%s'  mix.deep.x  T ~ N  T ~ T  T|upper
        T|replace(T, T)  T|truncate(N)  T|wordwrap(9, wrapstring=T)  T|center(N)  T + T
        T|indent(2)  '%s %03d'|format(T, N|int)  (T if B else T)  T[2:]  T * 3  T|trim
        L|join(T)  L|first|string  N|string  T.title()  T|default(T, B)  x|default(T)
        T|capitalize  N|filesizeformat  T|urlencode  L|string  T.removeprefix(T)
    """),
    "N": table("""
        bpm  ratio  phase  3  -1  0.25  N + N  N * N  N // 7  N % 5  N ** 2  L|length
        T|length  N|round|int  N|round(1, 'floor')  N|abs  T|int(7)  -N  L|map('length')|sum
        mix.pads  L|count  T.find(T)  (N if B else N)  T|float  T|wordcount  (T|length) / 3
        [N, N]|max  [N, N]|min  [N, N]|sum(start=1)
    """),
    "L": table("""
        parts  [1, 2]  [T, T]  T|list  T.split()  L|reverse|list  L + L  L|unique|list
        L|map('upper')|list  L|batch(2)|map('first')|list  mix.keys()|list  L|sort  L[1:]
        L|select('string')|list  L|map('replace', T, T)|list  (L if B else L)  L * 2
        L|slice(2)|map('join')|list  L|groupby('0')|map('first')|list
        mix.deep.values()|list
    """),
    "B": table("""
        calm  true  N > N  N == 2  T in T  T in L  not B  B and B  B or B  T is defined
        x is undefined  N is odd  N is divisibleby(3)  T is string  L is iterable  false
    """),
}
"""Values that make sense: of text, numbers, lists and truth; a capital stands for another one."""
SLOT = re.compile(r"\b[TNLB]\b")


def grown(random: Random, data: bytes) -> bytes:
    """Put a whole statement somewhere into a template, or begin anew with one or a few."""
    if random.randrange(2):
        place = random.randrange(len(data) + 1)
        return data[:place] + _statement(random, DEPTH).encode() + data[place:]
    return "".join(_statement(random, DEPTH) for _ in range(random.choice((1, 2, 4)))).encode()


def _statement(random: Random, depth: int) -> str:
    value = _value(random, max(0, depth))
    if depth <= 0:
        return f"{{{{ {value} }}}}"
    body = _statement(random, depth - 1)
    match random.randrange(12):
        case 0:
            return f"{{% for i in {value} %}}{body}{{% else %}}none{{% endfor %}}"
        case 1:
            return f"{{% if {value} %}}{body}{{% else %}}{{{{ bpm }}}}{{% endif %}}"
        case 2:
            return f"{{% set x = {value} %}}{body}"
        case 3:
            return f"{{% set x %}}{body}{{% endset %}}{{{{ x }}}}"
        case 4:
            call = f"{{{{ m({value}) }}}}"
            return f"{{% macro m(x, i={value}) %}}{body}{{% endmacro %}}{call}"
        case 5:
            return f"{{% filter {random.choice(FILTERS)} %}}{body}{{% endfilter %}}"
        case 6:
            return f"{{% with x = {value} %}}{body}{{% endwith %}}"
        case 7:
            return f"{{% for k, v in mix|dictsort if {value} %}}{{{{ k }}}}{body}{{% endfor %}}"
        case 8:
            return f"{{% include '_house.j2' %}}{body}"
        case _:
            return f"{random.choice((' ', 'é', 'words, '))}{{{{ {value} }}}}"


def sense(random: Random, kind: str, depth: int) -> str:
    """Return a value of one kind; too deep, it is one of those that hold no others."""
    form = random.choice(SENSE[kind][: None if depth else 2])
    inner = SLOT.sub(lambda slot: sense(random, slot[0], depth - 1), form)
    return f"({inner})" if SLOT.search(form) and not form.startswith("(") else inner


def _value(random: Random, depth: int) -> str:
    if random.randrange(4):
        return sense(random, random.choice("TTTTNNLB"), depth)
    if depth <= 0 or not random.randrange(4):
        return random.choice(random.choice((NAMES, LITERALS)))
    one, other = _value(random, depth - 1), _value(random, max(0, depth - 2))
    match random.randrange(9):
        case 0 | 1:
            return f"({one} {random.choice(OPERATORS)} {other})"
        case 2 | 3:
            given = random.choice(
                ("", f"({other})", f"({random.choice(NAMED)})", f"('upper', {one})")
            )
            return f"{one}|{random.choice(FILTERS)}{given}"
        case 4:
            return f"({one}).{random.choice(METHODS)}({random.choice(('', other))})"
        case 5:
            return f"({one} is {random.choice(TESTS)})"
        case 6:
            return f"[{one}, {other}]" if random.randrange(2) else f"{{'x': {one}, 'y': {other}}}"
        case 7:
            return f"({one} if {other} else {_value(random, 0)})"
        case _:
            return f"({one})[{other}]"
