"""Charges: the law as code. Facts of a house, rules of a month and the law go in; lines, volumes and findings come out; no I/O.

``clauses`` is the law itself; ``decide`` chooses clauses from facts, ``engine`` evaluates them in columns, ``explain`` reads them out;
``joint`` makes one house of several senders', ``bounds`` checks a house before it is posted, ``recalculate`` computes closed months again.
"""

from core.charges.engine import HouseCharges, charge_house, charge_houses
from core.charges.explain import Explanation, explain_line
from core.charges.findings import ChargeFinding
from core.charges.law import Law

__all__ = ["ChargeFinding", "Explanation", "HouseCharges", "Law", "charge_house", "charge_houses", "explain_line"]
