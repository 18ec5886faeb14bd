"""``python -m erkc.stands.gis FOLDER PORT [--with-parent]``: run a stand; ``seed.json`` in the folder is its seed.

With ``--with-parent`` it ends when its standard input does: a stand that was started for a demonstration does not outlive it.
"""

import os
import sys
import threading
from pathlib import Path

from erkc.stands.gis.server import listen, open_stand, serve


def _leave_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def main() -> None:
    """Read the arguments and serve."""
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    if "--with-parent" in sys.argv[3:]:
        threading.Thread(target=_leave_with_parent, daemon=True).start()
    serve(open_stand(folder), listen(port))


if __name__ == "__main__":
    main()
