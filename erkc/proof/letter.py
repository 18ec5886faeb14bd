"""The cover letter of a package: what the reader compares before anything of the package runs. It goes by another way than the package."""

from __future__ import annotations

from erkc.proof.package import Proof

__all__ = ["letter"]


def letter(made: Proof, name: str) -> str:
    """The letter as text, in Russian; ``name`` is the file of the package."""
    bill = made.source.bill
    code = bill.content_sha256.hex()[:16]
    seal = made.source.seals[-1] if made.source.seals else None
    sealed = "" if seal is None else f"  печать дня {seal.day:%d.%m.%Y}\n    {seal.chain.hex()}\n"
    anchors = f"--bill {code} --package {made.code}" + ("" if seal is None else f" --root {seal.chain.hex()}")
    hashes = "".join(f"  {name:<12} {value}\n" for name, value in made.program.items())
    return f"""Сопроводительное письмо к пакету доказательств {name}

{made.source.provider.name}, ИНН {made.source.provider.inn}
Единый платёжный документ № {bill.number} за {bill.month.title}, версия {bill.version}

Сверьте с пакетом (эти значения в самом пакете не доказывают ничего: их мог бы переписать тот, кто его изменил):
  код пакета
    {made.code}
  контрольный код счёта (он напечатан и на бумаге)
    {code}
{sealed}
Программа проверки лежит в пакете. Изменённая программа не может сама сказать о себе правду, поэтому сначала сравните SHA-256 её файлов:
{hashes}
Распакуйте {name} и посчитайте: Linux — sha256sum *.py, macOS — shasum -a 256 *.py, Windows — certutil -hashfile verify.py SHA256.

Хеши совпали — проверяйте, сеть и программа ЕРКЦ не нужны:
  python -I {name} {anchors}
Где программа ЕРКЦ установлена, проверяет её собственный код:
  erkc proof verify {name} {anchors}
"""
