"""An environment for the benchmarks alone: the peers pull in packages that clash with napari's."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PEERS = ("sahi>=0.12", "grad-cam>=1.5")


def environment(folder: Path) -> Path:
    """Make an environment with HemaLens and its peers, or bring it up to date; return its Python."""
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if uv is None:
        raise SystemExit("uv, which makes the environment, is not there: pip install uv")
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder], check=True)
    subprocess.run(
        [uv, "pip", "install", "--quiet", "--python", python, *PEERS, "--editable", f"{ROOT}[fast]"], check=True
    )
    return python
