"""Schedulers of all kinds, and what is said where none answers."""

import os
import signal
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from napari_hemalens.config.cluster import ClusterRecipe, JobQueueRecipe
from napari_hemalens.errors import ClusterError, RecipeError

pytest.importorskip("distributed")

from napari_hemalens.cluster import connection

queues = pytest.mark.skipif(find_spec("dask_jobqueue") is None, reason="dask-jobqueue is not installed")
READY = Path(__file__).parents[2] / "examples" / "slurm.yaml"


def test_an_address_where_nobody_answers_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_PATIENCE_S", 0.5)
    with (
        pytest.raises(ClusterError, match="No scheduler answers at 'tcp://127"),
        connection.connected(ClusterRecipe(scheduler="tcp://127.0.0.1:9")),
    ):
        pass


def test_a_word_that_is_no_address_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_PATIENCE_S", 0.5)
    with (
        pytest.raises(ClusterError, match="give the address of one that runs"),
        connection.connected(ClusterRecipe(scheduler="slurm://somewhere")),
    ):
        pass


def test_the_workers_of_an_address_are_those_that_are_there() -> None:
    with (
        pytest.raises(RecipeError, match="give no number of workers"),
        connection.connected(ClusterRecipe(scheduler="tcp://127.0.0.1:9", workers=3)),
    ):
        pass


@queues
def test_a_queue_leaves_the_answer_to_ctrl_c_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("dask_jobqueue")]:
        monkeypatch.delitem(sys.modules, name)
    before = signal.getsignal(signal.SIGINT)
    with connection.job_cluster(JobQueueRecipe.from_yaml(READY)):
        assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.slow
def test_workers_of_this_machine_outlive_ctrl_c() -> None:
    with connection.connected(ClusterRecipe(scheduler="local")) as client:
        assert list(client.run(signal.getsignal, signal.SIGINT).values()) == [signal.SIG_IGN]


def test_workers_that_cannot_start_are_a_sentence_for_scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise RuntimeError("Nanny failed to start.")

    monkeypatch.setattr(connection, "LocalCluster", refuse)
    with (
        pytest.raises(
            ClusterError,
            match=r'did not start \(Nanny failed to start\)\..* below the line: if __name__ == "__main__":$',
        ),
        connection.connected(ClusterRecipe(scheduler="local")),
    ):
        pass


@queues
def test_without_the_command_of_a_queue_it_is_said_where_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with (
        pytest.raises(ClusterError, match=r"There is no sbatch on this machine.* --scheduler local\.$"),
        connection.connected(ClusterRecipe(scheduler=str(READY))),
    ):
        pass


@queues
@pytest.mark.skipif(os.name == "nt", reason="the command is a script of a shell")
def test_what_a_queue_says_when_it_takes_no_job_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sbatch = tmp_path / "sbatch"
    sbatch.write_text("#!/bin/sh\necho 'sbatch: error: invalid partition: general' >&2\nexit 1\n")
    sbatch.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.chdir(tmp_path)  # where the ready file puts its folder of logs
    with (
        pytest.raises(ClusterError, match=r"^slurm takes no job: sbatch: error: invalid partition: general\.$"),
        connection.connected(ClusterRecipe(scheduler=str(READY), workers=2)),
    ):
        pass


@queues
def test_the_ready_file_makes_a_job_of_slurm() -> None:
    with connection.job_cluster(JobQueueRecipe.from_yaml(READY)) as cluster:
        script = cluster.job_script()
    for line in ("#SBATCH -p general", "#SBATCH --cpus-per-task=4", "#SBATCH -t 04:00:00", "module load"):
        assert line in script
    assert script.rstrip().endswith("--nthreads 1")  # a network computes one tile after the other


@queues
@pytest.mark.parametrize(("kind", "line"), [("pbs", "#PBS -A lab"), ("sge", "#$ -P lab"), ("lsf", '#BSUB -P "lab"')])
def test_every_queue_is_asked_in_its_words(kind: str, line: str) -> None:
    recipe = JobQueueRecipe.from_options(kind=kind, cores=2, memory="8GB", account="lab", walltime="02:00")
    with connection.job_cluster(recipe) as cluster:
        assert line in cluster.job_script()
