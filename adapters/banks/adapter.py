"""The reading half of the adapter contract for banks: files → records of registries, payments and statement lines, and findings.

Identity comes from the source: the agent's operation id within the profile; a registry's own number, or its payment order's, with the date;
one order may cover several registries, so the number that the agent puts into the file name tells them apart where the profile knows it.
Where the source gives no id (payments of DBF and JSON, statement lines of 1C), identity is everything the row says and its ordinal among
equal ones, because two equal cash payments on one day are both real (bank-formats, section 15). Charges that we send are not taken in.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from adapters.banks.detect import detect, is_archive_of, is_this, parse_file
from adapters.banks.messages import finding_of
from adapters.banks.profile import Profile
from adapters.banks.result import Fact, KnownAccounts, ParsedFile
from adapters.banks.zipped import members_of
from adapters.contract import Identification, Parsed, RawMessage
from core.model.finding import Finding, Position
from core.model.records import PaymentRegistry, Record, RegistryPayment, StatementLine

__all__ = ["BankFiles", "registry_link"]


class BankFiles:
    """Reads bank files: of one profile (the inbox of a contract), or of whichever bundled profile fits."""

    def __init__(self, profile: Profile | None = None) -> None:
        self._profile = profile
        self.name = "banks" if profile is None else f"banks.{profile.name}"

    def profile_of(self, message: RawMessage) -> Profile | None:
        """The profile that a message will be read with."""
        return self._profile or detect(message.name, message.data)

    def identify(self, message: RawMessage) -> Identification:
        """Whether the first lines are of the layout of the profile."""
        if self._profile is not None:
            fits = is_this(self._profile, message.data)
            reason = f"{'похоже на' if fits else 'не похоже на'} «{self._profile.title}»"
            return Identification(fits, reason)
        found = detect(message.name, message.data)
        if found is not None and found.outgoing:
            return Identification(False, f"«{found.title}» — исходящий реестр, он не принимается")
        return Identification(found is not None, f"опознан формат «{found.title}»" if found else "ни один профиль банка не подходит")

    def parse(self, message: RawMessage, known: Mapping[str, frozenset[str]]) -> Iterator[Record | Finding | Parsed]:
        """Records, then findings, then the file as a whole. A refused file gives no records.

        ``known`` may hold ``settlement_account`` (ours): a statement of another account is refused.
        """
        profile = self.profile_of(message)
        accounts = KnownAccounts(settlement_accounts=known.get("settlement_account"))
        parsed = parse_file(message.name, message.data, profile, accounts)
        if profile is None:  # parse_file has refused the message
            return
        if parsed.files is not None:  # members are messages of their own: see members()
            for error in parsed.errors:
                yield finding_of(error, message.name, profile)
            yield Parsed(parsed.status, {"kind": "archive", "profile": profile.name, "fee_model": profile.fee_model}, {})
            return
        counts = _Counts(parsed)
        if parsed.status != "rejected":
            if profile.is_statement:
                yield from counts.over(_statement_lines(parsed))
            elif profile.has_payments:
                yield from _registry(parsed, profile, message, counts)
        for error in [*parsed.errors, *counts.not_final]:
            yield finding_of(error, message.name, profile)
        header = {key: value for key, value in (parsed.header or {}).items() if isinstance(value, str)}
        kind = "statement" if profile.is_statement else "registry"
        about = {"kind": kind, "profile": profile.name, "fee_model": profile.fee_model}
        yield Parsed(parsed.status, {**header, **about}, counts.as_counts())

    def members(self, message: RawMessage) -> list[RawMessage]:
        """The files of an archive that are taken one by one after it, none when it is refused or no archive."""
        profile = self.profile_of(message)
        if profile is None or not is_archive_of(profile, message.name, message.data):
            return []
        return [
            RawMessage(f"{message.name}/{member}", content)
            for member, content in members_of(message.data)
            if member.lower().endswith(f".{profile.extension}")
        ]


class _Counts:
    """Numbers and sums of records by what becomes of them, kopecks."""

    def __init__(self, parsed: ParsedFile) -> None:
        self._parsed = parsed
        self._counts: Counter[str] = Counter()
        self.not_final: list[Fact] = []
        """Entries that the bank may still take back: shown, not posted."""

    def over(self, items: Iterable[tuple[Fact, Record | None]]) -> Iterator[Record]:
        """Pass the records on and count them; a record that is not taken is counted by its status."""
        for fact, record in items:
            status = "taken" if record is not None else fact["status"]
            self._counts[status] += 1
            self._counts[f"{status}_kop"] += fact["amount_kop"] or 0
            if record is not None:
                yield record
            elif status == "accepted":
                self.not_final.append({"code": "NOT_FINAL", "n": fact["n"], "value": fact["operation_id"]})

    def as_counts(self) -> dict[str, int]:
        """Counts of taken, rejected, duplicate and conflict records."""
        return dict(self._counts)


def _registry(parsed: ParsedFile, profile: Profile, message: RawMessage, counts: _Counts) -> Iterator[Record]:
    header, totals = parsed.header or {}, parsed.totals or {}
    number = header.get("registry_number") or header.get("payment_order_number") or ""
    day = header.get("registry_date") or header.get("payment_order_date")
    key = f"{profile.name}/{number}/{day}" if number else f"{profile.name}/{hashlib.sha256(message.data).hexdigest()[:32]}"
    if number and (named := profile.number_in_name(message.name)):
        key += f"/{named}"
    body = PaymentRegistry(
        profile=profile.name,
        agent=header.get("agent") or profile.agent,
        number=number,
        registry_on=_day(day),
        order_number=header.get("payment_order_number") or "",
        order_on=_day(header.get("payment_order_date")),
        count=totals["count"],
        amount=totals["amount_kop"],
        fee=totals.get("commission_kop", 0),
        transfer=totals.get("transfer_kop") or 0 if "transfer_kop" in totals else totals["amount_kop"],
    )
    yield Record(key, Position(message.name), body)
    ordinals: Counter[str] = Counter()
    yield from counts.over((fact, _payment(fact, key, profile, message.name, ordinals)) for fact in parsed.records)


def _payment(fact: Fact, registry: str, profile: Profile, file: str, ordinals: Counter[str]) -> Record | None:
    if fact["status"] not in ("accepted", "unmatched"):
        return None
    operation = fact.get("operation_id") or _fingerprint(fact, ordinals)
    reverses = fact.get("reverses_operation_id") or ""
    body = RegistryPayment(
        registry=registry,
        operation_id=operation,
        paid_on=_day(fact["operation_date"]),
        account_text=fact["account"],
        payer_name=fact.get("payer_name") or "",
        payer_address=fact.get("payer_address") or "",
        for_month=_first_day(fact.get("period")),
        amount=fact["amount_kop"],
        fee=fact.get("commission_kop") or 0,
        transfer=fact["amount_kop"] if fact.get("transfer_kop") is None else fact["transfer_kop"],
        els=fact.get("els") or "",
        izku=fact.get("izku") or "",
        ipd=fact.get("ipd") or "",
        reverses=f"{profile.name}/{reverses}" if reverses else "",
    )
    suffix = "/storno" if reverses == operation else ""
    return Record(f"{profile.name}/{operation}{suffix}", Position(file, fact["n"]), body)


def _fingerprint(fact: Fact, ordinals: Counter[str]) -> str:
    """Identity of a payment without an id: what the row says, and which of the equal rows it is."""
    said = hashlib.sha256(repr([(key, fact[key]) for key in sorted(fact) if key not in ("n", "status", "kind")]).encode()).hexdigest()[:24]
    ordinals[said] += 1
    return f"{fact['operation_date']}/{said}/{ordinals[said]}"


def _statement_lines(parsed: ParsedFile) -> Iterator[tuple[Fact, Record | None]]:
    ordinals: Counter[str] = Counter()
    for fact in parsed.records:
        if fact["status"] != "accepted" or not fact.get("_final", True):
            yield fact, None
            continue
        body = _line(fact)
        said = hashlib.sha256(repr(body).encode()).hexdigest()[:24]
        ordinals[said] += 1
        operation = fact.get("operation_id")
        if operation:
            key = f"{body.bank_account}/{operation}"
        else:
            key = f"{body.bank_account}/{body.value_on or body.document_on}/{body.number}/{said}/{ordinals[said]}"
        yield fact, Record(key, Position(parsed.file, fact["n"]), body)


def _line(fact: Fact) -> StatementLine:
    named = fact.get("identifiers") or {}
    return StatementLine(
        bank_account=fact["own_account"] or "",
        incoming=fact["direction"] == "in",
        number=fact["document_number"] or "",
        document_on=_day(fact.get("document_date")),
        value_on=_day(fact["value_date"]),
        amount=fact["amount_kop"],
        other_account=fact["counterparty_account"] or "",
        other_bik=fact.get("_bik") or "",
        other_inn=fact.get("counterparty_inn") or "",
        other_name=fact.get("counterparty_name") or "",
        purpose=fact.get("purpose") or "",
        account_text=named.get("account", ""),
        els=named.get("els", ""),
        izku=named.get("izku", ""),
        ipd=named.get("ipd", ""),
        for_month=_first_day(named.get("period")),
        registries=tuple(registry_link(link) for link in fact.get("registry_links") or ()),
        document_type=fact.get("document_type") or "",
    )


def registry_link(link: Mapping[str, object]) -> str:
    """A registry named in a purpose, as a statement line keeps it: ``number date count amount fee``."""
    parts = (link[key] for key in ("registry_number", "registry_date", "count", "amount_kop", "commission_kop"))
    return " ".join("-" if part is None else str(part) for part in parts)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _first_day(month: str | None) -> date | None:
    return date.fromisoformat(f"{month}-01") if month else None
