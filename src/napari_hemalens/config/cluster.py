"""Options of a run on a cluster: which scheduler, how many workers, and what a queue is asked for."""

from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import Field

from napari_hemalens.config.recipe import Recipe
from napari_hemalens.errors import RecipeError

LOCAL = "local"
"""As the option `scheduler`: processes of this machine."""

_SUFFIXES = (".yaml", ".yml")


class JobQueueRecipe(Recipe):
    """What a queue of a cluster is asked for, for each job; a job holds one worker or several."""

    kind: Literal["slurm", "pbs", "sge", "lsf"] = Field(description="The queue")
    cores: int = Field(ge=1, description="Cores of a job")
    memory: str = Field(pattern=r"^\d+(\.\d+)? ?[kMGT]?i?B$", description="Memory of a job, such as 16GB")
    processes: int = Field(default=1, ge=1, description="Workers of a job, which share its cores")
    walltime: str | None = Field(default=None, description="Longest time of a job, as the queue writes it: 04:00:00")
    queue: str | None = Field(default=None, description="Queue or partition; empty: the cluster's own choice")
    account: str | None = Field(default=None, description="Account or project that pays")
    directives: tuple[str, ...] = Field(
        default=(), description="Further lines of the job's head, without #SBATCH or the like: --gres=gpu:1"
    )
    prologue: tuple[str, ...] = Field(
        default=(), description="Lines run before the worker: module load …, source …/activate"
    )
    python: str | None = Field(default=None, description="Python of the workers; empty: the one of this run")
    interface: str | None = Field(default=None, description="Network that workers and scheduler share, such as ib0")
    scratch: str | None = Field(default=None, description="Folder on the node for what a worker spills")
    logs: str | None = Field(default=None, description="Folder for what jobs print")

    @classmethod
    def from_yaml(cls, path: str | Path) -> Self:
        """Read a recipe from a YAML file of `key: value` lines.

        Raises
        ------
        RecipeError
            If the file cannot be read, or a key is unknown, missing or out of range.
        """
        file = Path(path)
        try:
            # Each value as it is written: to YAML 04:00:00 without quotes is 14400.
            said = yaml.load(file.read_text(encoding="utf-8"), yaml.BaseLoader)  # noqa: S506 -- makes strings alone
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            words = error.strerror if isinstance(error, OSError) else str(error)
            raise RecipeError(f"Cannot read {file}: {' '.join(str(words).split())}.") from error
        if not isinstance(said, dict):
            raise RecipeError(f"{file} holds no `key: value` lines. Known: {', '.join(cls.model_fields)}.")
        try:
            return cls.from_options(**{str(key): value for key, value in said.items() if value != ""})
        except RecipeError as error:
            raise RecipeError(f"{file}: {error}") from error

    @property
    def asked_of_queue(self) -> dict[str, Any]:
        """The same as options of dask-jobqueue."""
        payer = "account" if self.kind in {"slurm", "pbs"} else "project"
        asked: dict[str, Any] = {
            "cores": self.cores,
            "memory": self.memory,
            "processes": self.processes,
            "walltime": self.walltime,
            "queue": self.queue,
            payer: self.account,
            "job_extra_directives": list(self.directives) or None,
            "job_script_prologue": list(self.prologue) or None,
            "python": self.python,
            "interface": self.interface,
            "local_directory": self.scratch,
            "log_directory": self.logs,
            "worker_extra_args": ["--nthreads", "1"],  # a call uses all cores; calls beside each other would wait
        }
        return {name: value for name, value in asked.items() if value is not None}


class ClusterRecipe(Recipe):
    """Where the work of a run is done."""

    scheduler: str = Field(
        description="local: processes of this machine; a YAML file: jobs of a queue; or the address of a dask scheduler"
    )
    workers: int | None = Field(
        default=None, ge=1, description="How many workers are started, 1 by default; those of an address are there"
    )
    retries: int = Field(default=3, ge=0, description="How often a piece of work that failed is tried again")

    @property
    def queue(self) -> JobQueueRecipe | None:
        """What a queue is asked for; None where the scheduler is no file.

        Raises
        ------
        RecipeError
            If the file cannot be read.
        """
        return JobQueueRecipe.from_yaml(self.scheduler) if self.scheduler.lower().endswith(_SUFFIXES) else None
