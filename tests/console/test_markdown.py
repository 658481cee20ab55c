"""How a plan reads in a pull request."""

from __future__ import annotations

from decimal import Decimal

from console.values import KEPT, MENU, NEW, generate, of, text, track, whole

from musicbuild.console.markdown import plan_markdown


def test_a_plan_in_markdown_keeps_its_prompts_inside_their_fences():
    prompt = "Calm\n````\nsoft | loud"
    shown = of(
        generate(track("boss", prompt=prompt), NEW),
        MENU,
        KEPT[0],
        album="Night*fall*",
        spent={"tokens": Decimal(1)},
    )
    assert text(plan_markdown(shown)) == whole("""
        ### musicbuild plan: `Night*fall*`

        | | track | model | length | price | why |
        |---|---|---|---:|---:|---|
        | `+` | `boss` | `musicgen` | 60 s | 9 tokens | new |
        | `~` | `menu` | `musicgen` | 60 s | 9 tokens | prompt changed |

        1 track up to date.

        **to pay: 18 tokens (2 tracks)   spent so far: 1**

        <details><summary>prompt of <code>boss</code></summary>

        `````text
        Calm
        ````
        soft | loud
        `````

        </details>

        <details><summary>prompt of <code>menu</code></summary>

        ```diff
        - Calm synthwave, 80 BPM
        + Calm synthwave, soft pads, 80 BPM
        ```

        </details>
    """)


def test_a_comment_has_room_for_so_many_prompts():
    steps = [generate(track(f"t{number}", prompt="x" * 9000), NEW) for number in range(9)]
    lines = plan_markdown(of(*steps))
    assert lines[-1] == "Further prompts are left out here."
    assert len(text(lines)) < 65_536
