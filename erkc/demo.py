"""The synthetic town's month, end to end, on real input over real interfaces: what ``make demo`` runs.

Every step is the ordinary command's service and may be repeated: a second run in the same folder finds everything done, a killed run goes
on where it stopped. The demo lives in its own days (November 2026): bills of October are issued on the 4th, payments come on the 10th.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from pathlib import Path

from config.settings import Settings
from core.clock import Clock, SystemClock
from core.ids import ProviderId
from core.ledger.balances import chart_totals
from core.model.lines import Chart
from core.period import Month
from core.records.providers import Provider, providers
from core.services.charge import Draft, MonthPosted, approve_month, draft_month, post_month
from core.services.federal import Acknowledged, Standing, Synchronised, acknowledge, send_bills, status, synchronise
from core.services.payments import Reconciled, reconcile
from core.services.suspense_list import SuspenseItem, list_suspense
from core.services.take import Taken
from core.services.verify import Verdict, verify
from core.storage.engine import transaction
from erkc.acknowledging import payments_to_acknowledge
from erkc.application import CODE_VERSION, Application, open_application
from erkc.cli.options import law
from erkc.federal_stand import town_seed
from erkc.federation import open_federal, test_signing_files, waiting
from erkc.intake import BankTaken, load_region_file, take_file
from erkc.issue import Issued, issue_bills
from erkc.stands.gis import RunningStand, running

__all__ = ["MONTH", "Demonstration", "Story", "SuspenseKind", "open_demonstration"]

MONTH = Month(2026, 10)
ISSUED_ON = date(2026, 11, 4)
_FIRST_DAY = datetime(2026, 11, 4, 6, 0, tzinfo=UTC)
_TOWN = ("zarechinsk.region.json", "zarechinsk-2026-10-valid.zip")
_BANK = ("9901_0211_20261110.txt", "kl_to_1c.txt")
_WAIT_S = 300.0

Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Story:
    """What happened, step by step: the one screen at the end is made of it."""

    provider: Provider | None = None
    region_new: int = 0
    taken: Taken | None = None
    draft: Draft | None = None
    posted: MonthPosted | None = None
    issued: Issued | None = None
    synchronised: Synchronised | None = None
    standing: Standing | None = None
    bank: list[BankTaken] = field(default_factory=list)
    reconciled: Reconciled | None = None
    acknowledged: Acknowledged | None = None
    verdict: Verdict | None = None
    signature: str = ""
    stand_url: str = ""
    something_new: bool = False


@dataclass(frozen=True, slots=True)
class SuspenseKind:
    """Money in suspense that came there one way."""

    what: str
    payments: int
    amount: int
    """Kopecks."""
    example: str
    """One of them, as ``erkc show`` takes it."""


_SUSPENSE = {
    "registry": "счёт не найден, платёж реестра",
    "direct": "счёт не найден, прямой перевод",
    "registry_rest": "строка реестра не проведена (повтор, спор, отказ), деньги пришли",
    "archive": "строка пакета с ошибкой",
}


class Demonstration:
    """The steps of the month over one application and one stand."""

    def __init__(self, application: Application, out: Path) -> None:
        self.application = application
        self.out = out
        self.story = Story()

    def take(self) -> None:
        """The region's configuration, then the settlement centre's archive."""
        town = files("examples").joinpath("town")
        region = load_region_file(self.application, _TOWN[0], town.joinpath(_TOWN[0]).read_bytes())
        self.story.region_new = sum(region.new.values())
        taken = take_file(self.application, _TOWN[1], town.joinpath(_TOWN[1]).read_bytes())
        assert isinstance(taken, Taken)
        self.story.taken = taken
        self.story.something_new |= taken.is_new
        with transaction(self.application.engine) as connection:
            self.story.provider = next(one for one in providers(connection) if one.provider_id != 0)

    @property
    def provider_id(self) -> ProviderId:
        """The settlement centre that sent the archive."""
        assert self.story.provider is not None
        return self.story.provider.provider_id

    def charge(self, progress: Progress) -> None:
        """Draft → approved → posted."""
        owner, clock, actor = self.provider_id, self.application.clock, "demo"
        self.story.draft = draft_month(
            self.application.engine,
            mode="charge",
            law=law(),
            code_version=CODE_VERSION,
            progress=progress,
            workers=self.application.settings.charges.processes,
            provider_id=owner,
            month=MONTH,
            actor=actor,
            clock=clock,
        )
        approve_month(self.application.engine, provider_id=owner, month=MONTH, actor=actor, reason="Демонстрация: проверено", clock=clock)
        self.story.posted = post_month(self.application.engine, provider_id=owner, month=MONTH, law=law(), actor=actor, clock=clock)
        self.story.something_new |= self.story.posted.is_new

    def issue(self, progress: Progress) -> None:
        """Bills with their numbers, then PDF."""
        self.story.issued = issue_bills(
            self.application, month=MONTH, out=self.out / "bills", issued_on=ISSUED_ON, law=law(), progress=progress
        )
        self.story.something_new |= self.story.issued.new > 0

    @contextmanager
    def stand(self) -> Iterator[RunningStand]:
        """The federal system in a box, seeded from the town's own houses, accounts and organisations."""
        signing = test_signing_files(self.application, self.application.clock.now())
        with self.application.engine.connect() as connection:
            seed = town_seed(connection, self.provider_id, authorities=[signing.authority.read_text()], signature="full", delay_s=0.2)
        with running(self.out / "gis-stand", seed=seed) as stand:
            self.story.stand_url = stand.url
            yield stand

    def deliver(self, stand: RunningStand) -> None:
        """Identifiers first, then the bills; answers are awaited."""
        federal = open_federal(self.application, url=stand.url, is_local=True)
        self.story.signature = federal.gateway.signature.title  # type: ignore[attr-defined]  # the gateway of open_federal
        wait = waiting(_WAIT_S, self.application)
        self.story.synchronised = synchronise(federal, provider_id=self.provider_id, waiting=wait)
        prepared = send_bills(federal, provider_id=self.provider_id, month=MONTH, waiting=wait)
        self.story.something_new |= prepared.packages > 0
        self.story.standing = status(federal, provider_id=self.provider_id, month=MONTH)

    def receive_payments(self) -> None:
        """A registry and a statement of November, compared with each other and the ledger."""
        november = files("examples").joinpath("town", "november")
        for name in _BANK:
            taken = take_file(self.application, name, november.joinpath(name).read_bytes())
            assert isinstance(taken, BankTaken)
            self.story.bank.append(taken)
            self.story.something_new |= taken.is_new
        self.story.reconciled = reconcile(self.application.engine, clock=self.application.clock)

    def suspense(self) -> tuple[int, list[SuspenseKind]]:
        """What stands on the ledger's suspense account, kopecks, and what it is made of."""
        with transaction(self.application.engine) as connection:
            whole = sum(total.credit - total.debit for total in chart_totals(connection) if total.chart is Chart.SUSPENSE)
        kinds: dict[str, list[SuspenseItem]] = {}
        for item in list_suspense(self.application.engine):
            kinds.setdefault(item.kind, []).append(item)
        parts = [
            SuspenseKind(_SUSPENSE[kind], len(those), sum(item.amount for item in those), those[0].operation)
            for kind, those in kinds.items()
        ]
        return whole, parts

    def acknowledge(self, stand: RunningStand) -> None:
        """Tell the federal system which bills were paid (квитирование)."""
        federal = open_federal(self.application, url=stand.url, is_local=True)
        payments = payments_to_acknowledge(self.application, provider_id=self.provider_id, month=MONTH.next())
        self.story.acknowledged = acknowledge(
            federal, provider_id=self.provider_id, payments=payments, waiting=waiting(_WAIT_S, self.application)
        )
        self.story.something_new |= self.story.acknowledged.begun > 0

    def verify(self) -> None:
        """The seven invariants."""
        self.story.verdict = verify(self.application.engine, law=law(), code_version=CODE_VERSION)


@contextmanager
def open_demonstration(settings: Settings) -> Iterator[Demonstration]:
    """The demo on the database of the settings, in its own days."""
    with open_application(settings, clock=_rehearsal(settings.home)) as application:
        yield Demonstration(application, settings.home)


def _rehearsal(home: Path) -> Clock:
    """A clock that shows November 2026 and goes at the pace of the real one; its shift is kept, so that a later run goes on from there."""
    home.mkdir(parents=True, exist_ok=True)
    mark = home / "demo-clock"
    if not mark.exists():
        shift = _FIRST_DAY - SystemClock().now()
        mark.write_text(str(int(shift.total_seconds())), encoding="utf-8")
    return SystemClock(timedelta(seconds=int(mark.read_text(encoding="utf-8"))))
