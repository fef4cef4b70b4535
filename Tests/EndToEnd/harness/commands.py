"""Commands that run to their end."""
import os
import subprocess

from .program import binary


def ebb(*arguments, home, check=True):
    """Runs a command to its end with a home of its own."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("EBB_", "XDG_"))}
    environment["HOME"] = str(home)
    return subprocess.run(
        [binary(), *map(str, arguments)], env=environment, cwd=home, capture_output=True, text=True, timeout=60,
        check=check)
