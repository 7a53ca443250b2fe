"""Try faults anew, and write what a user gets into docs/results/reliability.md (`make faults`).

`python benchmarks/faults.py [WORDS]` tries all, or those whose description has these words in it, without a page.
"""

import json
import logging
import sys
import tempfile
import time
import warnings
from pathlib import Path

import fault_files
import fault_runs
import fault_weights
from fault_trials import FAULTS, ROOT, Fault, Outcome, try_fault
from machine import machine

PAGE = ROOT / "docs" / "results" / "reliability.md"
FUZZED = ROOT / "benchmarks" / "fuzzed.json"
"""What the last `make fuzz` found."""
MODULES = (fault_runs, fault_files, fault_weights)


def cell(text: str) -> str:
    """Return a text as it stands in a table."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def fuzzed_text() -> str:
    """Return a sentence about the last fuzzing."""
    if not FUZZED.exists():
        return "No fuzzing was recorded (`make fuzz`)."
    found = json.loads(FUZZED.read_text(encoding="utf-8"))
    return (
        f"**{found['inputs']:,} inputs fuzzed** (`make fuzz`, seed {found['seed']}): {found['read']:,} damaged files "
        f"were read nevertheless, {found['refused']:,} refused in a sentence, {found['bare']:,} raised anything else."
    )


def page(tried: list[tuple[Fault, Outcome]], took_s: float) -> str:
    """Return the page."""
    survived = sum(outcome.survived for _, outcome in tried)
    lines = [
        "# Faults tried\n",
        "What happens to results when files, disks, signals, weights or processes are not as they should be. Each row "
        "was tried anew, on inputs that the trial made, and the third column is what a user gets, as it was printed.\n",
        f"**{len(tried)} faults tried, {survived} survived** (`make faults`, {took_s / 60:.0f} min; "
        f"{machine('torch', 'tifffile')}). In none of those survived was a result, a file of the user's or a cell that "
        "was found lost unsaid.\n",
        fuzzed_text() + "\n",
    ]
    for kind in dict.fromkeys(each.kind for each, _ in tried):
        lines += [f"## {kind.capitalize()}\n", "| what was done | what should come | what a user gets | survived |"]
        lines.append("|---|---|---|---|")
        for each, outcome in tried:
            if each.kind == kind:
                said = "yes" if outcome.survived else "**no**"
                lines.append(f"| {cell(each.done)} | {cell(each.wanted)} | {cell(outcome.got)} | {said} |")
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    words, tried, begin = " ".join(sys.argv[1:]), [], time.monotonic()
    logging.getLogger("tifffile").setLevel(logging.CRITICAL)
    warnings.simplefilter("ignore")
    for each in FAULTS:
        if words in f"{each.kind}: {each.done}":
            with tempfile.TemporaryDirectory(prefix="fault-") as folder:
                outcome = try_fault(each, Path(folder))
                got = outcome.got.replace(f"{folder}/", "")
            tried.append((each, Outcome(got, outcome.survived)))
            said = "survived" if outcome.survived else "FAILED"
            print(f"{said:8} {each.kind}: {each.done}\n         {got}", flush=True)
    if not words:
        PAGE.write_text(page(tried, time.monotonic() - begin), encoding="utf-8")
        print(f"Written to {PAGE}")
    sys.exit(not all(outcome.survived for _, outcome in tried))


if __name__ == "__main__":
    main()
