"""A second verifier of signed messages, written from the standards and sharing nothing with the program: canonical XML by the standard
library (not libxml2), Streebog by ``gostcrypto``, the curve of ГОСТ Р 34.10-2012 in a few lines here, certificates read as bare DER.

For exclusive canonicalisation only: the standard library writes C14N 2.0, which is the same for what we sign.
"""

from __future__ import annotations

import base64
import re
import xml.etree.ElementTree as ET
from io import StringIO
from xml.parsers import expat
from xml.sax.saxutils import escape

import gostcrypto

__all__ = ["GostFailure", "verify"]

_DS = "{http://www.w3.org/2000/09/xmldsig#}"
_EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
# id-GostR3410-2001-CryptoPro-A-ParamSet (and XchA): RFC 4357, section 11.4.
_P = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFD97
_A = _P - 3
_Q = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF6C611070995AD10045841B09B761B893
_G = (1, 0x8D91E471E0989CDA27DF505A453F2B7635294F2DDF23E3B122ACC99C9E9F1E14)
_KEY_PREFIX = bytes.fromhex("0343000440")

Point = tuple[int, int] | None


class GostFailure(Exception):
    """The signature does not hold."""


def _add(one: Point, other: Point) -> Point:
    if one is None or other is None:
        return one or other
    (x1, y1), (x2, y2) = one, other
    if x1 == x2 and (y1 + y2) % _P == 0:
        return None
    slope = (3 * x1 * x1 + _A) * pow(2 * y1, -1, _P) if one == other else (y2 - y1) * pow(x2 - x1, -1, _P)
    x = (slope * slope - x1 - x2) % _P
    return x, (slope * (x1 - x) - y1) % _P


def _times(number: int, point: Point) -> Point:
    total: Point = None
    while number:
        if number & 1:
            total = _add(total, point)
        point, number = _add(point, point), number >> 1
    return total


def _streebog(data: bytes) -> bytes:
    return bytes(gostcrypto.gosthash.new("streebog256", data=bytearray(data)).digest())


def _is_signed_by(key: tuple[int, int], data: bytes, value: bytes) -> bool:
    s, r = int.from_bytes(value[:32], "big"), int.from_bytes(value[32:], "big")
    e = int.from_bytes(_streebog(data), "little") % _Q or 1
    if not (0 < r < _Q and 0 < s < _Q):
        return False
    v = pow(e, -1, _Q)
    point = _add(_times(s * v % _Q, _G), _times(-r * v % _Q, key))
    return point is not None and point[0] % _Q == r


def _key_of(certificate: bytes) -> tuple[int, int]:
    start = certificate.index(_KEY_PREFIX) + len(_KEY_PREFIX)
    point = certificate[start : start + 64]
    return int.from_bytes(point[:32], "little"), int.from_bytes(point[32:], "little")


def _fragment(data: bytes, identifier: str, *, without: str = "") -> bytes:
    """Canonical bytes of the element with an ``Id``, its namespaces those of its place; ``without`` leaves out a child by its ``Id``."""
    text = _cut(data.decode("utf-8"), identifier)
    if without:
        inner = _cut(data.decode("utf-8"), without, declare=False)
        assert text.count(inner) == 1
        text = text.replace(inner, "")
    out = StringIO()
    ET.canonicalize(text, out=out)
    return out.getvalue().encode("utf-8")


def _cut(text: str, identifier: str, *, declare: bool = True) -> str:
    """The text of an element out of the document; namespaces that its ancestors declare are written into its start tag."""
    found: list[tuple[int, int, dict[str, str]]] = []
    stack: list[tuple[int, bool, dict[str, str]]] = []
    parser = expat.ParserCreate(encoding="utf-8")
    data = text.encode("utf-8")

    def start(name: str, attributes: dict[str, str]) -> None:
        outer = dict(stack[-1][2]) if stack else {}
        own = {key: value for key, value in attributes.items() if key == "xmlns" or key.startswith("xmlns:")}
        stack.append((parser.CurrentByteIndex, attributes.get("Id") == identifier, {**outer, **own}))
        if attributes.get("Id") == identifier:
            stack[-1] = (stack[-1][0], True, {key: value for key, value in outer.items() if key not in own})

    def end(name: str) -> None:
        begin, wanted, namespaces = stack.pop()
        if wanted:
            stop = data.index(b">", parser.CurrentByteIndex) + 1
            found.append((begin, stop, namespaces))

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.Parse(data, True)
    if len(found) != 1:
        raise GostFailure(f"Id {identifier}: {len(found)} elements")
    begin, stop, namespaces = found[0]
    cut = data[begin:stop].decode("utf-8")
    if not declare or not namespaces:
        return cut
    head = re.match(r"<[^\s/>]+", cut)
    assert head is not None
    declared = "".join(f' {key}="{escape(value, {chr(34): "&quot;"})}"' for key, value in namespaces.items())
    return cut[: head.end()] + declared + cut[head.end() :]


def verify(data: bytes) -> int:
    """How many references hold, after the value itself does; :class:`GostFailure` otherwise."""
    root = ET.fromstring(data)
    (signature,) = root.iter(f"{_DS}Signature")
    info = signature.find(f"{_DS}SignedInfo")
    assert info is not None
    method = info.find(f"{_DS}CanonicalizationMethod")
    assert method is not None and method.get("Algorithm") == _EXCLUSIVE
    certificate = base64.b64decode(signature.findtext(f"{_DS}KeyInfo/{_DS}X509Data/{_DS}X509Certificate") or "")
    value = base64.b64decode(signature.findtext(f"{_DS}SignatureValue") or "")
    marked = data.replace(b"<ds:SignedInfo>", b'<ds:SignedInfo Id="oracle-signed-info">')
    canonical = _fragment(marked, "oracle-signed-info").replace(b' Id="oracle-signed-info"', b"")
    if not _is_signed_by(_key_of(certificate), canonical, value):
        raise GostFailure("value")
    held = 0
    for number, reference in enumerate(info.iter(f"{_DS}Reference")):
        identifier = (reference.get("URI") or "")[1:]
        content = _fragment(data, identifier, without=str(signature.get("Id")) if number == 0 else "")
        if base64.b64decode(reference.findtext(f"{_DS}DigestValue") or "") != _streebog(content):
            raise GostFailure(f"reference {identifier}")
        held += 1
    return held
