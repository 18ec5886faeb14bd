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


def _stop_when_unused(users: int, server: int) -> None:
    """Wait until no process holds the work folder, then stop the server; starters wait at the lock until it is down."""
    fcntl.flock(users, fcntl.LOCK_EX)
    for action in (signal.SIGINT, signal.SIGQUIT):
        with _unreaped:  # while it is not reaped, its number can not become somebody else's
            os.kill(server, action)
        time.sleep(_PATIENCE_S)


def main(task: dict[str, object]) -> None:
    """Start the server named by ``task`` in the background and stay with it to its end.

    Started by root, the guard itself becomes the server's account, once it stands in the data folder and holds the users' file: it then
    reaches both without a right on the folders above, and may signal the server in containers that take this right from root.
    """
    if os.fork():
        return
    os.setsid()
    users = os.open(str(task["users"]), os.O_RDWR)
    os.chdir(str(task["data"]))
    if task["account"] is not None:
        os.setgroups([])
        os.setgid(int(str(task["group"])))
        os.setuid(int(str(task["account"])))
    running = int(str(task["running"]))
    server = subprocess.Popen(  # type: ignore[call-overload]  # JSON's values have no types
        task["command"], env=task["environment"], stdin=subprocess.DEVNULL, pass_fds=(running,),
        preexec_fn=_interrupted_with_guard,  # noqa: PLW1509 - no thread exists yet
    )  # fmt: skip
    os.close(running)  # from here on only the server's own processes hold the mark that it runs
    threading.Thread(target=_stop_when_unused, args=(users, server.pid), daemon=True).start()
    os.waitid(os.P_PID, server.pid, os.WEXITED | os.WNOWAIT)
    shutil.rmtree(str(task["socket"]), ignore_errors=True)
    _unreaped.acquire()
    os.waitpid(server.pid, 0)
    os._exit(0)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
