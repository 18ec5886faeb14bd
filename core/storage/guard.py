"""The keeper of one embedded server: starts it as its child, stops it when the last user of the work folder is gone.

Run by file path in an isolated interpreter (``python -I -S guard.py …``), so it needs the standard library only and no working folder,
path or installed package. The server is a child, hence signalled without trusting any pid file; the kernel interrupts it should the guard
itself be killed. Users are counted by nobody: each holds a shared lock, and the guard waits for the exclusive one.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

__all__ = ["main"]

_PR_SET_PDEATHSIG = 1
_PATIENCE_S = 60.0
_unreaped = threading.Lock()


def _interrupted_with_guard() -> None:
    """In the child, just before it becomes the server: ask the kernel for SIGINT (fast shutdown) when the guard dies."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)


def _stop_when_unused(users: str, server: int) -> None:
    """Wait until no process holds the work folder, then stop the server; starters wait at the lock until it is down."""
    descriptor = os.open(users, os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    for action in (signal.SIGINT, signal.SIGQUIT):
        try:
            with _unreaped:  # while it is not reaped, its number can not become somebody else's
                os.kill(server, action)
        except PermissionError:  # root without CAP_KILL: the end of this process interrupts the server all the same
            os._exit(0)
        time.sleep(_PATIENCE_S)


def main(task: dict[str, object]) -> None:
    """Start the server named by ``task`` in the background and stay with it to its end."""
    if os.fork():
        return
    os.setsid()
    running = int(str(task["running"]))
    account = task["account"]
    identity = {"user": account, "group": task["group"], "extra_groups": []} if account is not None else {}
    server = subprocess.Popen(  # type: ignore[call-overload]  # identity holds either all three keywords or none
        task["command"], cwd=task["data"], env=task["environment"], stdin=subprocess.DEVNULL, pass_fds=(running,),
        preexec_fn=_interrupted_with_guard, **identity,  # noqa: PLW1509 - no thread exists yet
    )  # fmt: skip
    os.close(running)  # from here on only the server's own processes hold the mark that it runs
    threading.Thread(target=_stop_when_unused, args=(task["users"], server.pid), daemon=True).start()
    os.waitid(os.P_PID, server.pid, os.WEXITED | os.WNOWAIT)
    shutil.rmtree(str(task["socket"]), ignore_errors=True)
    _unreaped.acquire()
    os.waitpid(server.pid, 0)
    os._exit(0)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
