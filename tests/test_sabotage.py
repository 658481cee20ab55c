"""Planted bugs, each of which the simulation has to find: proof that it would see a real one."""

from __future__ import annotations

import os
import re
from contextlib import nullcontext, suppress
from dataclasses import replace

import pytest
from simulate import workplace
from simulation import schedule
from simulation.service import Service
from simulation.world import universe

from musicbuild import build as builds
from musicbuild import durable, witness
from musicbuild.errors import AnswerLost, Busy, MusicbuildError
from musicbuild.hashing import digest_bytes
from musicbuild.journal import Journal
from musicbuild.ledger import Ledger
from musicbuild.money import Allowance
from musicbuild.providers import elumenta_api
from musicbuild.purchase import Buyer
from musicbuild.registry import Registry
from musicbuild.run import Run
from musicbuild.store import Store
from musicbuild.team import TeamJournal
from musicbuild.till import Account, Till
from musicbuild.witness import Claims, Settling, Witness

SEEDS = 1000
"""Schedules in which a planted bug has to show; an honest build shows none in 20,000."""

TEAM_SEEDS = 4000
"""The same of a team, where an honest build shows none in as many."""

NO_TRACE = "an order left that no power cut would leave a trace of"
OVER_BUDGET = "an order of 9 left when"
PAID_TWICE = f"paid .*, and due was|claimed by nothing|claimed more than once|{OVER_BUDGET}"


def skip_the_sync_of_a_journal(planted):
    def append(path, data, **_):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(handle, data)
        os.close(handle)
        return True

    planted.setattr(durable, "append", append)


def skip_the_sync_of_folders(planted):
    planted.setattr(durable, "sync_folder", lambda _: None)


def skip_the_sync_of_new_folders(planted):
    planted.setattr(
        durable,
        "make_folder",
        lambda path, *, mode=0o777: path.mkdir(mode, parents=True, exist_ok=True),
    )


def replace_the_lock_by_what_is_not_synced(planted):
    def write(path, data, *, mode=0o644):
        durable.make_folder(path.parent)
        aside = path.parent / f".{path.name[:40]}.aside"
        aside.write_bytes(data)
        aside.replace(path)
        durable.sync_folder(path.parent)

    planted.setattr(durable, "write", write)


def write_the_journal_after_the_order(planted):
    intend, accept, waiting = Journal.intend, Journal.accept, {}

    def late(journal, attempt, generation):
        if attempt in waiting:
            intend(journal, waiting.pop(attempt))
        accept(journal, attempt, generation)

    planted.setattr(Journal, "intend", lambda _, one: waiting.update({one.attempt: one}))
    planted.setattr(Journal, "accept", late)


def send_again_what_got_no_answer(planted):
    submit = elumenta_api.Elumenta.submit

    def stubborn(connection, spec):
        try:
            return submit(connection, spec)
        except AnswerLost:
            return submit(connection, spec)

    planted.setattr(elumenta_api.Elumenta, "submit", stubborn)


def send_again_after_a_502(planted):
    judge = elumenta_api.judge

    def careless(answer, service):
        return Busy("later") if answer.status == 502 else judge(answer, service)

    planted.setattr(elumenta_api, "judge", careless)


def follow_redirects_of_an_order(planted):
    post = Service.post

    def followed(service, path, body, **more):
        answer = post(service, path, body, **more)
        return post(service, path, body, **more) if 300 <= answer.status < 400 else answer

    planted.setattr(Service, "post", followed)


def settle_at_once(planted):
    find = Witness.find

    def hasty(asked, payment):
        return find(replace(asked, settling=Settling(0, asked.settling.wait)), payment)

    planted.setattr(Witness, "find", hasty)


def take_one_reading_of_the_history_for_proof(planted):
    def glance(asked, payment):
        connection = asked.connections[payment.spec.provider]
        found = connection.history(payment.intended - witness.MARGIN)
        same = [one for one in found if witness._same(one, payment)]
        return next((one for one in same if asked.claims.take(one.id)), None)

    planted.setattr(Witness, "find", glance)


def let_two_claim_one_generation(planted):
    planted.setattr(Claims, "take", lambda *_: True)


def adopt_what_is_of_another_length(planted):
    planted.setattr(witness, "_is_for", lambda *_: True)


def adopt_what_was_there_before(planted):
    planted.setattr(Till, "_history", lambda *_: Account().known)


def let_two_builds_in(planted):
    planted.setattr(builds, "claim", lambda *_, **__: nullcontext())


def use_an_id_before_it_is_written_down(planted):
    accept, waiting = Journal.accept, {}
    deliver = Journal.deliver

    def late(journal, attempt, bought):
        if attempt in waiting:
            accept(journal, attempt, waiting.pop(attempt))
        deliver(journal, attempt, bought)

    planted.setattr(Journal, "accept", lambda _, attempt, id_: waiting.update({attempt: id_}))
    planted.setattr(Journal, "deliver", late)


def keep_audio_without_a_sync(planted):
    def put(store, data):
        digest = digest_bytes(data)
        durable.make_folder(store.path(digest).parent)
        store.path(digest).write_bytes(data)
        return digest

    planted.setattr(Store, "put", put)


def forget_an_order_before_the_lock_has_it(planted):
    def hasty(buyer, attempt, spec, bought):
        buyer.journal.forget(attempt)
        buyer.record(spec, bought)

    planted.setattr(Buyer, "_record", hasty)


def forget_orders_while_the_lock_waits_to_be_written(planted):
    def hasty(ledger):
        for attempt in ledger._books()[1]:
            ledger._forget(attempt)

    save = Ledger._save_if_due
    planted.setattr(Ledger, "_save_if_due", lambda ledger: (hasty(ledger), save(ledger)))


def leave_the_lock_unwritten_at_the_end(planted):
    planted.setattr(Ledger, "save", lambda _: None)


def never_forget_an_order(planted):
    planted.setattr(Journal, "forget", lambda *_: None)


def order_what_is_still_open(planted):
    def settle(run, payment):
        with suppress(MusicbuildError):
            run._till.buyer.settle(payment)

    planted.setattr(Run, "_settle", settle)


def pay_over_the_budget(planted):
    planted.setattr(Allowance, "check", lambda *_: None)


def order_beside_another_machine(planted):
    planted.setattr(TeamJournal, "others", lambda *_: [])
    planted.setattr(TeamJournal, "_look", lambda *_: ([], 0))
    planted.setattr(Registry, "intend", lambda *_, **__: True)


def tell_the_team_nothing_of_orders(planted):
    planted.setattr(Registry, "intend", lambda *_, **__: True)


def know_nothing_of_orders_in_the_same_words(planted):
    orders = Registry.orders

    def own(registry, spec):
        found, count = orders(registry, spec)
        return [one for one in found if one.spec.key == spec.key], count

    planted.setattr(Registry, "orders", own)


def let_two_machines_claim_one_generation(planted):
    planted.setattr(Registry, "claim", lambda *_: True)
    planted.setattr(Claims, "take", lambda *_: True)


def tell_of_a_purchase_before_its_audio(planted):
    def share(journal, key, purchase):
        journal._registry.enter(key, purchase)
        journal._exchange.send(purchase.audio)

    planted.setattr(TeamJournal, "share", share)


def pay_for_what_the_team_has(planted):
    planted.setattr(Registry, "purchase", lambda *_: None)


PLANTED_IN_A_TEAM = {
    order_beside_another_machine: PAID_TWICE,
    tell_the_team_nothing_of_orders: PAID_TWICE,
    know_nothing_of_orders_in_the_same_words: PAID_TWICE,
    let_two_machines_claim_one_generation: PAID_TWICE,
    tell_of_a_purchase_before_its_audio: "before it had its audio",
    pay_for_what_the_team_has: PAID_TWICE,
}


PLANTED = {
    skip_the_sync_of_a_journal: NO_TRACE,
    skip_the_sync_of_folders: NO_TRACE,
    skip_the_sync_of_new_folders: NO_TRACE,
    replace_the_lock_by_what_is_not_synced: "the lock is replaced by one that is not synced",
    write_the_journal_after_the_order: NO_TRACE,
    send_again_what_got_no_answer: NO_TRACE,
    send_again_after_a_502: PAID_TWICE,
    follow_redirects_of_an_order: NO_TRACE,
    settle_at_once: PAID_TWICE,
    take_one_reading_of_the_history_for_proof: PAID_TWICE,
    let_two_claim_one_generation: PAID_TWICE,
    adopt_what_is_of_another_length: PAID_TWICE,
    adopt_what_was_there_before: PAID_TWICE,
    let_two_builds_in: "two builds ran at once",
    use_an_id_before_it_is_written_down: "is asked for before its id is kept",
    keep_audio_without_a_sync: "is in the lock before its audio is kept",
    forget_an_order_before_the_lock_has_it: PAID_TWICE,
    forget_orders_while_the_lock_waits_to_be_written: PAID_TWICE,
    leave_the_lock_unwritten_at_the_end: "there is still something to do|and others were paid",
    never_forget_an_order: "a payment is still open",
    order_what_is_still_open: PAID_TWICE,
    pay_over_the_budget: OVER_BUDGET,
}


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_a_planted_bug_is_found(plant, monkeypatch):
    with workplace() as home, universe():
        plant(monkeypatch)
        results = (schedule.run(seed, home) for seed in range(SEEDS))
        found = next(one for one in results if one.violation)
    assert re.search(PLANTED[plant], found.violation)


@pytest.mark.parametrize("plant", PLANTED_IN_A_TEAM, ids=lambda plant: plant.__name__)
def test_a_bug_planted_among_machines_is_found(plant, monkeypatch):
    with workplace() as home, universe():
        plant(monkeypatch)
        results = (schedule.run(seed, home, team=True) for seed in range(TEAM_SEEDS))
        found = next(one for one in results if one.violation)
    assert re.search(PLANTED_IN_A_TEAM[plant], found.violation)
