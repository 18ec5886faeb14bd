"""``python -m erkc.stands.gis FOLDER PORT``: run a stand; ``seed.json`` in the folder is its seed."""

import sys
from pathlib import Path

from erkc.stands.gis.server import serve


def main() -> None:
    """Read the two arguments and serve."""
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    seed_file = folder / "seed.json"
    serve(folder, port, seed_file=seed_file if seed_file.exists() else None)


if __name__ == "__main__":
    main()
