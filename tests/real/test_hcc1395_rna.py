"""HCC1395 RNA-seq through the workflow's rules: PLA2R1--RBMS1 with its breakpoints, and nothing else."""

import subprocess
import sys

import pandas as pd
import pytest
import yaml

from myeloma import expression, rna, tables

TARGETS = (
    "results/expression/fusions.tsv",
    "results/expression/counts.tsv.gz",
    "results/calls/translocations.tsv",
)


@pytest.fixture(scope="module")
def hcc1395(real_data, tools, project, tmp_path_factory):
    tools("STAR", "samtools", "fastp")
    data = real_data("hcc1395_rnaseq_fusion")
    folder = tmp_path_factory.mktemp("hcc1395")
    (folder / "sheets").mkdir()
    pair = "\t".join(str(data / f"HCC1395-miniplus_{side}.fastq.gz") for side in (1, 2))
    sheets = {
        "patients": "patient\nP1\n",
        "samples": "sample\tpatient\tassay\ttissue\nHCC1395\tP1\trna\ttumour\n",
        "units": f"sample\tlibrary\tflowcell\tlane\tfastq_1\tfastq_2\nHCC1395\tL1\tF1\t1\t{pair}\n",
    }
    for name, text in sheets.items():
        (folder / "sheets" / f"{name}.tsv").write_text(text)
    words = [sys.executable, "-m", "snakemake", "--snakefile", project / "Snakefile", "--directory", folder]
    words += ["--cores", "2", "--configfile", project / "tests/real/configs/hcc1395_rna.yaml"]
    words += [
        "--config",
        f"reference={{fasta: {data}/minichr2.fa, gtf: {data}/minichr2.gtf}}",
        "--",
        *TARGETS,
    ]
    done = subprocess.run(
        [str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert done.returncode == 0, done.stdout[-6000:]
    return folder, data


@pytest.mark.data
@pytest.mark.tools
def test_the_fusion_and_nothing_else(hcc1395):
    table = tables.read(hcc1395[0] / TARGETS[0], tables.FUSIONS)
    passed = table[table["filter"] == "PASS"]
    assert passed[["gene_a", "pos_a", "gene_b", "pos_b"]].to_numpy().tolist() == [
        ["PLA2R1", 272580, "RBMS1", 599999]
    ]
    # 199 junction and 41 spanning reads are known; STAR 2.7.10b gives 176 junction reads before duplicates go.
    assert 100 <= passed["junction_reads"].iloc[0] <= 199
    assert passed["spanning_pairs"].iloc[0] >= 20


@pytest.mark.data
@pytest.mark.tools
def test_counts_equal_an_independent_run(hcc1395):
    counts, _ = expression.read_counts(hcc1395[0] / TARGETS[1])
    other = rna.read_gene_counts(hcc1395[1] / "STAR_2.7.10b_ReadsPerGene.out.tab").iloc[4:]["unstranded"]
    ours = counts["HCC1395"]
    assert set(ours.index) == set(other.index)
    other = other[ours.index]
    # Reads are trimmed here: up to 1.5 % fewer.
    assert ((ours - other).abs() <= 2 + 0.015 * other).all()


@pytest.mark.data
@pytest.mark.tools
def test_nothing_is_called_absent_without_its_genes(hcc1395, project):
    table = tables.read(hcc1395[0] / TARGETS[2], tables.TRANSLOCATIONS)
    rules = yaml.safe_load((project / "config/config.yaml").read_text())["abnormalities"]
    names = {*rules["translocations"], *rules["myc_translocations"], "MYC_rearrangement"}
    assert set(table["translocation"]) == names
    assert set(table["state"]) == {"not_assessable"}
    assert pd.unique(table["rna"]).tolist() == ["not_assessable"]
