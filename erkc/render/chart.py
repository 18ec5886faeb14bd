"""A comparison as one SVG picture: how many accounts pay how much more or less, and what the difference is made of.

The file stands alone: no fonts, scripts or pictures from elsewhere. Red is more to pay, green is less; the signs and the sides say it again
for those who do not see the colours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

from core.money import readable_roubles
from core.services.compared import Compared, percent_text

__all__ = ["comparison_chart"]

_WIDTH, _MARGIN = 960, 40
_INK, _GREY, _LINE, _PAPER = "#1f2933", "#5f6c7b", "#d5dbe1", "#ffffff"
_MORE, _LESS, _SAME = "#c8553d", "#2f8f6b", "#9aa5b1"
_FONT = "'PT Sans', 'Noto Sans', 'DejaVu Sans', 'Segoe UI', Arial, sans-serif"
_ROWS = 10
"""Bars of causes and of services; what is smaller is told together."""
_LABELS = 300
"""Width of the names of bars."""


@dataclass(slots=True)
class _Picture:
    """The SVG while it is drawn, from top to bottom."""

    root: etree._Element
    top: float = 0

    def text(self, x: float, y: float, words: str, *, size: int = 13, fill: str = _INK, anchor: str = "start", bold: bool = False) -> None:
        """A line of words; ``y`` is its base line."""
        node = etree.SubElement(
            self.root, "text", {"x": _number(x), "y": _number(y), "font-size": str(size), "fill": fill, "text-anchor": anchor}
        )
        if bold:
            node.set("font-weight", "bold")
        node.text = words

    def bar(self, x: float, y: float, width: float, height: float, fill: str, told: str) -> None:
        """A bar, with what it tells where the pointer rests."""
        size = {"width": _number(width), "height": _number(height), "rx": "2", "fill": fill}
        node = etree.SubElement(self.root, "rect", {"x": _number(x), "y": _number(y), **size})
        etree.SubElement(node, "title").text = told

    def line(self, x1: float, y1: float, x2: float, y2: float) -> None:
        """A thin line."""
        ends = {"x1": x1, "y1": y1, "x2": x2, "y2": y2}
        etree.SubElement(self.root, "line", {name: _number(value) for name, value in ends.items()} | {"stroke": _LINE})


def comparison_chart(compared: Compared) -> bytes:
    """The picture as a file: UTF-8, with a title and a description for those who cannot see it."""
    root = etree.Element("svg", {"width": str(_WIDTH), "font-family": _FONT, "role": "img"}, nsmap={None: "http://www.w3.org/2000/svg"})
    etree.SubElement(root, "title").text = compared.title
    etree.SubElement(root, "desc").text = _summary(compared)
    paper = etree.SubElement(root, "rect", {"x": "0", "y": "0", "width": "100%", "height": "100%", "fill": _PAPER})
    picture = _Picture(root)
    _head(picture, compared)
    _histogram(picture, compared)
    _bars(picture, "Почему: разница по причинам, руб.", [(title, moved.amount) for title, moved in compared.by_cause()])
    _bars(picture, "За что: разница по услугам, руб.", [(name, sums.amount) for name, sums in compared.by_service()])
    height = _number(picture.top + 12)
    root.set("height", height)
    root.set("viewBox", f"0 0 {_WIDTH} {height}")
    paper.set("height", height)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def _summary(compared: Compared) -> str:
    total = compared.sums.total
    percent = percent_text(total)
    return (
        f"Было {readable_roubles(total.before)} руб., стало {readable_roubles(total.after)} руб., "
        f"разница {_signed(total.amount)} руб.{f' ({percent})' if percent else ''}. Лицевых счетов {_count(total.accounts)}: "
        f"больше платят {_count(total.more)}, меньше {_count(total.less)}, без изменений {_count(total.same)}."
    )


def _head(picture: _Picture, compared: Compared) -> None:
    total = compared.sums.total
    percent = percent_text(total)
    picture.text(_MARGIN, 46, compared.title, size=21, bold=True)
    picture.text(_MARGIN, 72, _shortened(f"было — {compared.before}; стало — {compared.after}", 106), fill=_GREY)
    difference = f"{_signed(total.amount)} ₽" + (f"  ({percent})" if percent else "")
    columns = (
        ("Было", f"{readable_roubles(total.before)} ₽", _INK),
        ("Стало", f"{readable_roubles(total.after)} ₽", _INK),
        ("Разница", difference, _colour(total.amount)),
    )
    step = (_WIDTH - 2 * _MARGIN) / len(columns)
    for place, (name, value, fill) in enumerate(columns):
        picture.text(_MARGIN + place * step, 106, name, size=12, fill=_GREY)
        picture.text(_MARGIN + place * step, 130, value, size=19, bold=True, fill=fill)
    picture.top = 150


def _histogram(picture: _Picture, compared: Compared) -> None:
    """Accounts by how much more or less they pay."""
    total = compared.sums.total
    buckets = compared.distribution()
    _title(picture, "Кто: сколько лицевых счетов платит больше и меньше")
    accounts = f"больше — {_count(total.more)}, меньше — {_count(total.less)}, без изменений — {_count(total.same)}"
    picture.text(_WIDTH - _MARGIN, picture.top - 14, accounts, size=12, fill=_GREY, anchor="end")
    height, floor = 170.0, picture.top + 26 + 170.0
    most = max((bucket.accounts for _, bucket in buckets), default=0) or 1
    step = (_WIDTH - 2 * _MARGIN) / len(buckets)
    same = next(place for place, (label, _) in enumerate(buckets) if label == _UNCHANGED)
    for place, (label, bucket) in enumerate(buckets):
        x = _MARGIN + place * step
        tall = height * bucket.accounts / most
        if bucket.accounts:
            fill = _SAME if place == same else _LESS if place < same else _MORE
            told = f"{label}: счетов {_count(bucket.accounts)}, вместе {_signed(bucket.amount)} руб."
            picture.bar(x + 4, floor - max(tall, 1.5), step - 8, max(tall, 1.5), fill, told)
            picture.text(x + step / 2, floor - max(tall, 1.5) - 6, _count(bucket.accounts), size=12, anchor="middle")
        for row, words in enumerate(_two_lines(label)):
            picture.text(x + step / 2, floor + 17 + 14 * row, words, size=11, fill=_GREY, anchor="middle")
    picture.line(_MARGIN, floor, _WIDTH - _MARGIN, floor)
    picture.text(_WIDTH - _MARGIN, floor + 49, "разница одного счёта, руб. в месяц", size=11, fill=_GREY, anchor="end")
    picture.top = floor + 56


_UNCHANGED = "без изменений"


def _two_lines(label: str) -> Sequence[str]:
    """The name of a bucket in two short lines: there is no room for one long one."""
    words = label.removesuffix(" ₽")
    if words == _UNCHANGED:
        return ("0",)
    if "…" in words:
        low, high = words.split(" … ")
        return (f"{low} …", high)
    word, _, bound = words.partition(" ")
    return (word, bound)


def _bars(picture: _Picture, title: str, rows: Sequence[tuple[str, int]]) -> None:
    """Amounts as bars to both sides of zero, the greatest first."""
    _title(picture, title)
    ordered = sorted((row for row in rows if row[1]), key=lambda row: -abs(row[1]))
    shown, rest = ordered[:_ROWS], ordered[_ROWS:]
    if rest:
        shown = [*shown, (f"остальное ({len(rest)})", sum(amount for _, amount in rest))]
    if not shown:
        picture.text(_MARGIN, picture.top + 18, "нет разницы", fill=_GREY)
        picture.top += 30
        return
    least, most = min(0, *(amount for _, amount in shown)), max(0, *(amount for _, amount in shown))
    values = 118.0  # room for the amount beside a bar
    left = _MARGIN + _LABELS + (values if least < 0 else 12)
    right = _WIDTH - _MARGIN - (values if most > 0 else 12)
    scale = (right - left) / (most - least)
    zero = left - least * scale
    first = picture.top + 6
    for place, (name, amount) in enumerate(shown):
        y = first + place * 26
        width = max(abs(amount) * scale, 1.5)
        picture.bar(zero if amount > 0 else zero - width, y, width, 18, _colour(amount), f"{name}: {_signed(amount)} руб.")
        picture.text(_MARGIN, y + 13, _shortened(name, 40), size=12)
        x, anchor = (zero + width + 7, "start") if amount > 0 else (zero - width - 7, "end")
        picture.text(x, y + 14, _signed(amount), size=12, anchor=anchor)
    picture.line(zero, first - 4, zero, first + len(shown) * 26 - 4)
    picture.top = first + len(shown) * 26


def _title(picture: _Picture, words: str) -> None:
    picture.top += 38
    picture.text(_MARGIN, picture.top - 14, words, size=15, bold=True)


def _colour(amount: int) -> str:
    return _MORE if amount > 0 else _LESS if amount < 0 else _GREY


def _signed(kopecks: int) -> str:
    """An amount with its sign."""
    return f"{'+' if kopecks > 0 else '−' if kopecks < 0 else ''}{readable_roubles(abs(kopecks))}"


def _count(number: int) -> str:
    return f"{number:,}".replace(",", " ")


def _shortened(words: str, most: int) -> str:
    return words if len(words) <= most else f"{words[: most - 1].rstrip()}…"


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
