"""Write the study's tables, the sentences about them and docs/study.csv from docs/records/.

Run as `make documents`. `make documents OUTPUTS=outputs` takes the records of these runs first. A
part of a page that begins with `<!-- NAME -->` is replaced by what `PARTS` gives for the name.
"""

import argparse
import json
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean, stdev

from srcnn_lightning import files, run_record, studies
from srcnn_lightning.report.comparable_runs import Run, read_all
from srcnn_lightning.report.tables.collect import collect_tables
from srcnn_lightning.report.tables.formats import Table, cells, comma_separated, markdown_rows
from srcnn_lightning.report.tables.rows import TableRow

DOCS = Path(__file__).parent
RECORDS = DOCS / "records"
PAGES = (DOCS.parent / "README.md", DOCS / "results.md", DOCS / "networks.md")
PART = re.compile(r"(<!-- (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
EPOCHS = (100, 200, 300, 400, 500)
LITTLE = 0.05  # dB of best val PSNR in 50 epochs: less counts as converged
CONVERGED = "Ablation, photos100, antialiased x2, 500 epochs"
NETWORKS = "models, photos100, antialiased x{}"
RECIPES = "recipe, photos100, antialiased x2, 100 epochs"
# Settings that name folders of the machine that trained, with their defaults.
FOLDERS = (("root", None), ("hr_root", None), ("lr_root", None), ("cache_dir", "data/cache"))
DATA = "photos100"
EXPERIMENTS = ("ablation", "recipe", "models", "single", "srgan")  # of `make study`


class Study:
    """The kept runs and their tables."""

    def __init__(self) -> None:
        self.runs, left_out = read_all(RECORDS)
        assert not left_out, left_out
        study = studies.find("srcnn_paper")
        self.tables = {table.title: table for table in collect_tables(self.runs, study)}

    def rows(self, title: str) -> dict[str, TableRow]:
        """The rows of a table by their variant."""
        return {row.variant: row for row in self.tables[title].rows}

    def variant(self, name: str, epochs: int) -> list[Run]:
        """The runs of a variant of the antialiased ablation, by seed."""
        found = [
            run
            for run in self.runs
            if (run.experiment, run.variant, run.data) == ("ablation", name, DATA)
            and run.config["trainer"]["max_epochs"] == epochs
            and run.config["degradation"]["name"] == "antialiased"
        ]
        return sorted(found, key=lambda run: run.seed)


def keep(outputs: Path) -> None:
    """Copy the records of the study's finished runs, without the folders of this machine."""
    if not outputs.is_dir():
        sys.exit(f"OUTPUTS={outputs}: there is no such folder; give one that holds runs.")
    for folder in run_record.find(outputs):
        text = (folder / run_record.FILE_NAME).read_text(encoding="utf-8")
        record = json.loads(text)
        is_of_study = record["experiment"] in EXPERIMENTS and record["data"] == DATA
        if record["status"] != "finished" or not is_of_study:
            continue
        config = record["config"]
        for name, default in FOLDERS:
            if name in config["data"]:
                config["data"][name] = default
        if config["init_from"]:
            config["init_from"] = Path(config["init_from"]).name
        config["output_dir"] = "outputs"
        path = RECORDS / folder.relative_to(outputs) / run_record.FILE_NAME
        files.write_text(path, json.dumps(record, separators=(",", ":")) + "\n")


def table(title: str) -> Callable[[Study], str]:
    """A part of a page: a table and its caption."""

    def write(study: Study) -> str:
        found: Table = study.tables[title]
        return f"{markdown_rows(*cells(found))}\n\n{found.caption}\n"

    return write


def best_so_far(run: Run, epochs: int) -> float:
    """The highest val PSNR of a run's first epochs, in dB."""
    return max(epoch["val_psnr"] for epoch in run.history[:epochs])


def convergence(study: Study) -> str:
    """Max val PSNR after fewer epochs: the first epochs of a run are those of a shorter one."""
    labels = {row.variant: row.label for row in study.tables[CONVERGED].rows}
    names = ["base", "identity", "l2", "tanh", "batch_norm"]
    body = []
    for name in names:
        runs = study.variant("l2_1e-5" if name == "l2" else name, EPOCHS[-1])
        found = [[best_so_far(run, epochs) for run in runs] for epochs in EPOCHS]
        body.append([labels[name], *(f"{fmean(one):.3f} ± {stdev(one):.3f}" for one in found)])
    bicubic = study.rows(CONVERGED)["bicubic"].mean["max_val_psnr"]
    body.append([labels["bicubic"], *[f"{bicubic:.3f}"] * len(EPOCHS)])
    return markdown_rows(["Max val PSNR after", *(f"{n} epochs" for n in EPOCHS)], body) + "\n"


def _paragraph(sentences: Sequence[str]) -> str:
    return "".join(f"- {sentence}\n" for sentence in sentences)


def findings(study: Study) -> str:
    """What the converged table shows, beside the paper; asserted."""
    rows = study.rows(CONVERGED)
    psnr = {name: row.mean["test_psnr"] for name, row in rows.items()}
    printed = {name: row.printed.test_psnr for name, row in rows.items() if row.printed}
    networks = ("base", "l2", "tanh", "batch_norm")
    assert sorted(networks, key=lambda name: -psnr[name]) == [*networks]
    assert sorted(networks, key=lambda name: -printed[name]) == [*networks]
    assert psnr["batch_norm"] < psnr["bicubic"] < psnr["tanh"]
    assert printed["batch_norm"] > printed["bicubic"]
    base = study.variant("base", EPOCHS[-1])
    moved = {
        start: fmean(best_so_far(run, start + 50) - best_so_far(run, start) for run in base)
        for start in range(50, EPOCHS[-1], 50)
    }
    converged = next(
        start for start in moved if all(moved[s] < LITTLE for s in moved if s >= start)
    )
    early = fmean(best_so_far(run, 100) for run in base)
    bicubic = rows["bicubic"].mean["max_val_psnr"]
    to_base = {name: rows[name].to_base for name in ("l2", "tanh", "batch_norm", "identity")}
    assert not any(one.holds_zero for one in to_base.values() if one)

    def beside(name: str) -> str:
        one = to_base[name]
        assert one is not None
        return (
            f"{one.mean:+.2f} dB [{one.low:+.2f}, {one.high:+.2f}] to the base; the paper prints "
            f"{printed[name] - printed['base']:+.2f} dB"
        )

    identity = to_base["identity"]
    assert identity is not None
    return _paragraph(
        [
            "The order of the four networks is the paper's: base, L2, tanh, batch norm. Bicubic "
            "stands above batch norm here, and below it in the paper.",
            f"Tanh: {beside('tanh')}. The order is repeated; our gap is larger.",
            f"Batch norm: {beside('batch_norm')}. Our gap is more than twice as large.",
            f"L2 (1e-05): {beside('l2')}. L2 loses here; the paper has no difference.",
            f"The base gains {rows['base'].gain:.2f} dB over bicubic in the test; the paper prints "
            f"{rows['base'].printed_gain:.2f} dB, and its own loss column gives 0.12 dB "
            "([why](conventions.md#the-papers-two-psnrs)).",
            f"From {converged} epochs on, the base's best val PSNR (mean of three seeds) moves by "
            f"less than {LITTLE} dB in 50 more. After the default of 100 epochs it is "
            f"{early - bicubic:+.2f} dB to bicubic, after 500 "
            f"{rows['base'].mean['max_val_psnr'] - bicubic:+.2f} dB.",
            f"The identity start ends {identity.mean:.2f} dB above the base, and its three seeds "
            f"agree to {rows['identity'].deviation['test_psnr']:.3f} dB (standard deviation).",
        ]
    )


def network_findings(study: Study) -> str:
    """What the networks' table shows."""
    rows = study.tables[NETWORKS.format(2)].rows
    srcnn = next(row for row in rows if row.label == "SRCNN")
    best = rows[0]
    assert srcnn.gain is not None and best.gain is not None
    assert all(best.gain >= row.gain for row in rows if row.gain is not None)
    paper = study.rows(CONVERGED)["base"].gain
    assert paper is not None
    below = [row.label for row in rows if row.gain is not None and row.gain < 0]
    edsr = [run for run in study.runs if run.name.startswith("model=edsr,seed=")]
    edsr = [run for run in edsr if run.data == DATA]
    collapsed = [run for run in edsr if run.history[-1]["val_psnr"] < best_so_far(run, 100) - 5]
    assert len(collapsed) == 1, "the sentence on EDSR's seeds no longer holds"
    lost = collapsed[0]
    peak = max(lost.history, key=lambda epoch: epoch["val_psnr"])["epoch"]
    others = " and ".join(f"{run.metrics['test_psnr']:.2f}" for run in edsr if run is not lost)
    return _paragraph(
        [
            f"{best.label} is the best: {best.gain:+.2f} dB over bicubic, the mean of {best.runs} "
            f"seeds whose standard deviation is {best.deviation['test_psnr']:.2f} dB.",
            f"Seed {lost.seed} of EDSR collapsed after epoch {peak:.0f}. That was its best epoch, "
            f"and was tested: {lost.metrics['test_psnr']:.2f} dB, where the others have {others} "
            "dB. A learning rate of 0.001 is at the edge of what EDSR takes.",
            f"SRCNN gains {srcnn.gain:.2f} dB with `recipe=modern`, the converged base of Table 1 "
            f"{paper:.2f} dB: recipe and start are worth {srcnn.gain - paper:.2f} dB, without "
            "another parameter.",
            f"Below bicubic: {', '.join(below) or 'none'}.",
        ]
    )


def mdsr(study: Study) -> str:
    """The scales of one network."""
    body = []
    for scale in (2, 3, 4):
        (row,) = study.tables[f"single, photos100, antialiased x{scale}, 48 epochs"].rows
        bicubic = study.rows(NETWORKS.format(scale))[f"model=bicubic,scale={scale}"].mean
        gains = (row.mean[name] - bicubic[name] for name in ("max_val_psnr", "test_psnr"))
        body.append(
            [str(scale), f"{bicubic['test_psnr']:.3f}", *(f"{gain:+.2f}" for gain in gains)]
        )
    return markdown_rows(["scale", "bicubic, test PSNR", "val PSNR", "test PSNR"], body) + "\n"


def srgan(study: Study) -> str:
    """A network before and after the adversarial phase."""
    bicubic = study.rows(NETWORKS.format(2))["model=bicubic,scale=2"]
    before, after = study.tables["srgan, photos100, antialiased x2, 40 epochs"].rows
    rows = {"bicubic": bicubic, "before the adversarial phase": before, "after it": after}
    body = [
        [name, *(f"{row.mean[key]:.3f}" for key in ("test_psnr", "test_high_frequency_ratio"))]
        for name, row in rows.items()
    ]
    return markdown_rows(["", "test PSNR", "`test_high_frequency_ratio`"], body) + "\n"


PARTS: dict[str, Callable[[Study], str]] = {
    "converged": table(CONVERGED),
    "convergence": convergence,
    "findings": findings,
    "recipes": table(RECIPES),
    "networks_x2": table(NETWORKS.format(2)),
    "networks_x3": table(NETWORKS.format(3)),
    "networks_x4": table(NETWORKS.format(4)),
    "network_findings": network_findings,
    "mdsr": mdsr,
    "srgan": srgan,
}


def written_anew(text: str, study: Study) -> str:
    """The text of a page with its parts as the study gives them."""
    return PART.sub(lambda found: f"{found[1]}{PARTS[found[2]](study)}{found[3]}", text)


def pages(study: Study) -> dict[Path, str]:
    """The text of each page with its parts written anew."""
    texts = {page: page.read_text(encoding="utf-8") for page in PAGES}
    return {page: written_anew(text, study) for page, text in texts.items()}


def main() -> None:
    """Take records where a folder is given, and write the pages and docs/study.csv."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("outputs", nargs="?", type=Path, help="a folder of runs to keep")
    outputs = parser.parse_args().outputs
    if outputs is not None:
        keep(outputs)
    study = Study()
    texts = {**pages(study), DOCS / "study.csv": comma_separated([*study.tables.values()])}
    for path, text in texts.items():
        files.write_text(path, text)


if __name__ == "__main__":
    main()
