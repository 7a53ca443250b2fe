"""Schedulers of all kinds, and what is said where none answers."""

from pathlib import Path

import pytest

from napari_hemalens.config.cluster import ClusterRecipe, JobQueueRecipe
from napari_hemalens.errors import ClusterError, RecipeError

pytest.importorskip("distributed")
pytest.importorskip("dask_jobqueue")

from napari_hemalens.cluster import connection

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


def test_the_ready_file_makes_a_job_of_slurm() -> None:
    with connection.job_cluster(JobQueueRecipe.from_yaml(READY)) as cluster:
        script = cluster.job_script()
    for line in ("#SBATCH -p general", "#SBATCH --cpus-per-task=4", "#SBATCH -t 04:00:00", "module load"):
        assert line in script
    assert script.rstrip().endswith("--nthreads 1")  # a network computes one tile after the other


@pytest.mark.parametrize(("kind", "line"), [("pbs", "#PBS -A lab"), ("sge", "#$ -P lab"), ("lsf", '#BSUB -P "lab"')])
def test_every_queue_is_asked_in_its_words(kind: str, line: str) -> None:
    recipe = JobQueueRecipe.from_options(kind=kind, cores=2, memory="8GB", account="lab", walltime="02:00")
    with connection.job_cluster(recipe) as cluster:
        assert line in cluster.job_script()
