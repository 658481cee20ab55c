"""`musicbuild models`: who can compose, how long, and for how much."""

from __future__ import annotations

import click

from ..console.reports import model_data, models_lines
from ..console.terminal import Answer
from ..providers import SHORT_NAMES, Providers
from .options import with_settings
from .said import Settings


@click.command()
@with_settings
def command(_: Settings) -> Answer:
    """List the models of all installed providers, with their limits and prices.

    Prices are those that were published on the day shown; a build asks nobody before it is run.
    """
    providers = Providers()
    models = [model for name in providers for model in providers[name].models.values()]
    short = {full: name for name, full in SHORT_NAMES.items()}
    data = [{**model_data(model), "short_name": short.get(str(model), "")} for model in models]
    return Answer({"models": data}, lambda look: models_lines(models, short, look))
