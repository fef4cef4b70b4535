"""`Scripts/demo` shows what it says, with the binary alone."""
import os
import shutil
import subprocess

from harness.program import REPOSITORY, binary

DEMO_SECONDS = 120


def test_the_demo_runs_to_its_end(tmp_path):
    (tmp_path / "Scripts").mkdir()
    # A copy keeps its data in a folder of its own.
    shutil.copy(REPOSITORY / "Scripts/demo", tmp_path / "Scripts/demo")
    demo = subprocess.run(
        [tmp_path / "Scripts/demo"], env={**os.environ, "EBB_BINARY": binary()}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=DEMO_SECONDS)
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert "256 ok, 4 failed" in demo.stdout
    assert "Receipt: " in demo.stdout and "requests.jsonl, model demo-model" in demo.stdout
    one_job, gateway, more = demo.stdout.splitlines()[-3:]
    assert "ebb run" in one_job and "ebb serve" in gateway and "docs/guides/run.md" in more
