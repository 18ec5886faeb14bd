"""Write all golden bills anew: ``python -m tests.golden.bills``."""

from __future__ import annotations

from erkc.render.compile import BillCompiler
from tests.golden.bills import write
from tests.unit.core.documents import samples

if __name__ == "__main__":
    compiler = BillCompiler()
    for name, sample in samples.SAMPLES.items():
        write(name, compiler, samples.content(sample))
