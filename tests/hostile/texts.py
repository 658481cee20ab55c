"""Texts that a place where output is read would obey, each with the word EVIL in it."""

from __future__ import annotations

COMMANDS = (
    "::error file=x::EVIL",
    "::add-mask::EVIL",
    "::stop-commands::EVIL",
    "::set-output name=EVIL::b",
    "##[error]EVIL",
    "###[group]EVIL",
    "a ##[add-mask]EVIL",
    "  ::warning::EVIL",
    "\u3000\u00a0::notice::EVIL",
    ":::error::EVIL",
)
"""What a runner of GitHub takes for commands, in both of its languages."""

MARKDOWN = (
    "![x](http://EVIL.example)",
    "http://EVIL.example",
    "www.EVIL.example",
    "@everyone EVIL",
    "<img src=EVIL onerror=alert(1)>",
    "` EVIL `` EVIL",
    "a | EVIL | b",
    "a \\| EVIL \\\\| b",
    "**EVIL** _EVIL_ &lt; EVIL-1 #1",
)

RICH = ("[/bold] EVIL", "[link=file:///etc/passwd]EVIL[/link]", "[red]EVIL")

TERMINAL = (
    "\x1b]52;c;RVZJTA==\x07EVIL",
    "\x1b]8;;http://evil\x1b\\EVIL",
    "\x1b[2K\x1b[1AEVIL",
    "\x9b1mEVIL",
    "a\rEVIL\bEVIL\x07",
    "EVIL\u202eLIVE\u2066",
    "EVIL\u2028EVIL\u0085::error::EVIL",
)
"""What a terminal obeys; a manifest may not hold it, but a lock or a server may."""
