"""A small disk of its own for the servers' data, which fills up when it is told to. For root on Linux; otherwise there is none."""

import ctypes
import os
import subprocess
from pathlib import Path

CLONE_NEWNS = 0x00020000
SIZE_BYTES = 6 * 2**30
TRIES = 50


class Disk:
    """A tmpfs. Full: its size is made what is in use."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def fill(self) -> None:
        """Raises `subprocess.CalledProcessError` when the kernel does not want to."""
        for tries in range(TRIES, 0, -1):
            used = os.statvfs(self._folder)
            taken = (used.f_blocks - used.f_bfree) * used.f_frsize
            try:
                self._resize(max(taken, used.f_frsize))
                return
            except subprocess.CalledProcessError:
                if tries == 1:
                    raise  # else more was written meanwhile, and no disk is smaller than what is on it

    def make_room(self) -> None:
        self._resize(SIZE_BYTES)

    def _resize(self, size: int) -> None:
        subprocess.run(
            ["mount", "-o", f"remount,size={size}", str(self._folder)], check=True, capture_output=True, timeout=30
        )


def mounted(folder: Path) -> Disk | None:
    """Mounts the disk on `folder`, seen by this process and its children alone, so that it goes with them. None where that can't be."""
    if os.geteuid() != 0:
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) != 0:
        return None
    try:
        for command in (
            ["mount", "--make-rprivate", "/"],
            ["mount", "-t", "tmpfs", "-o", f"size={SIZE_BYTES},mode=0700", "daylight-chaos", str(folder)],
        ):
            subprocess.run(command, check=True, capture_output=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return None
    return Disk(folder)
