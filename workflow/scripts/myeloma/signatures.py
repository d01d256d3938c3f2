"""Mutational signatures of a tumour: COSMIC signatures fitted to its 96 counts, with a bootstrap interval.

The fit is SigProfilerAssignment's (Diaz-Gay M et al., Bioinformatics 2023;39:btad756) over a set of signatures
known in myeloma (config `signatures.set`): with all of COSMIC a spectrum of few mutations is explained by
signatures that are not there. The table is COSMIC's, renormalised to the trinucleotides of an exome.
"""

import contextlib
import importlib.metadata
import io
import logging
import os
import tempfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from myeloma import contexts, gates, tables, tumour_in_normal
from myeloma.states import ABSENT, NOT_ASSESSABLE, PRESENT

LIBRARY = "SigProfilerAssignment"
BUILDS = {"GRCh38": "GRCh38", "hg19": "GRCh37", "b37": "GRCh37"}


def table_name(rules: Mapping[str, Any], build: str) -> str:
    """Name of the signature table, as it stands in the outputs. Trinucleotides of other builds: GRCh38's."""
    kind = "exome" if rules["exome"] else "genome"
    return f"COSMIC_v{rules['cosmic_version']}_SBS_{BUILDS.get(build, 'GRCh38')}_{kind}"


def library() -> str:
    """Library and version, as it stands in the outputs."""
    return f"{LIBRARY} {importlib.metadata.version(LIBRARY)}"


def read_signatures(rules: Mapping[str, Any], build: str) -> pd.DataFrame:
    """The signatures of the set, classes (COSMIC order) by signatures, from the table inside the library.

    Raises ValueError for a table or signature that the library does not have.
    """
    name = table_name(rules, build).removesuffix("_genome")
    folder = Path(str(importlib.metadata.distribution(LIBRARY).locate_file(LIBRARY)))
    path = folder / "data/Reference_Signatures" / BUILDS.get(build, "GRCh38") / f"{name}.txt"
    if not path.exists():
        raise ValueError(f"signatures.cosmic_version {rules['cosmic_version']}: {library()} has no {name}")
    frame = pd.read_csv(path, sep="\t", index_col=0).reindex(list(contexts.CLASSES))
    missing = [one for one in rules["set"] if one not in frame.columns]
    if missing:
        raise ValueError(f"signatures.set: {', '.join(missing)} not in {name}")
    return frame[list(rules["set"])]


def assign(counts: np.ndarray, signatures: pd.DataFrame, penalties: Mapping[str, float]) -> np.ndarray:
    """Mutations by signature for every column of `counts` (96 x n, none of them empty): n x signatures.

    `penalties`: what a signature must explain to be added or kept (config); with zeros the library's fit is
    non-negative least squares. One call for all columns: a call costs seconds, a column a hundredth. Raises
    RuntimeError where its answer does not add up to the mutations given.
    """
    # imported here: it takes 6 s, and a cohort of small exomes never needs it
    from SigProfilerAssignment import Analyzer

    names = [f"c{i}" for i in range(counts.shape[1])]
    index = pd.Index(contexts.CLASSES, name="MutationType")
    with tempfile.TemporaryDirectory() as folder:
        database = os.path.join(folder, "signatures.tsv")
        signatures.set_axis(index).to_csv(database, sep="\t")
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            Analyzer.cosmic_fit(
                pd.DataFrame(counts, index=index, columns=names),
                os.path.join(folder, "out"),
                input_type="matrix",
                signature_database=database,
                make_plots=False,
                export_probabilities=False,
                cpu=1,
                nnls_add_penalty=penalties["add"],
                nnls_remove_penalty=penalties["remove"],
                initial_remove_penalty=penalties["initial_remove"],
            )
        solution = Path(folder) / "out/Assignment_Solution"
        made = pd.read_csv(
            solution / "Activities/Assignment_Solution_Activities.txt", sep="\t", index_col=0
        ).reindex(index=names, columns=signatures.columns)
        used = pd.read_csv(solution / "Signatures/Assignment_Solution_Signatures.txt", sep="\t", index_col=0)
    if list(used.index) != list(index) or not np.allclose(used[signatures.columns], signatures, atol=1e-6):
        raise RuntimeError(f"{library()} did not use the signatures and the order of classes given")
    found = made.to_numpy(dtype=float)
    if not np.allclose(found.sum(axis=1), counts.sum(axis=0)):
        raise RuntimeError(f"{library()}: mutations by signature do not add up to those given")
    return found


def cosine(one: np.ndarray, other: np.ndarray) -> float:
    """Cosine of two spectra."""
    lengths = np.linalg.norm(one) * np.linalg.norm(other)
    return float(one @ other / lengths) if lengths else 0.0


def resample(counts: np.ndarray, replicates: int, seed: int, name: str) -> np.ndarray:
    """`replicates` spectra (96 x replicates) with as many mutations, drawn from the shares seen.

    The stream depends on the seed and the sample's name, so that another sample changes nothing.
    """
    random = np.random.default_rng([seed, zlib.crc32(name.encode())])
    return random.multinomial(int(counts.sum()), counts / counts.sum(), size=replicates).T


def refused(snvs: int, rules: Mapping[str, Any]) -> str:
    """Why too few mutations are not fitted; "" for enough."""
    least = rules["min_snvs"]
    return "" if snvs >= least else f"{snvs} SNVs, fewer than the {least} that a fit needs"


def judge(low: float, high: float, rules: Mapping[str, Any]) -> tuple[str, str]:
    """State of a signature from the interval of its share, and why where it is open."""
    if low > 0:
        return PRESENT, ""
    if high <= rules["absent_below"]:
        return ABSENT, ""
    reason = f"the interval reaches from 0 to {high:.2f}: neither shown nor ruled out"
    return NOT_ASSESSABLE, reason


def rows_of(
    counts: np.ndarray,
    fitted: np.ndarray,
    replicates: np.ndarray,
    signatures: pd.DataFrame,
    rules: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """A row per signature: mutations, share, interval, state; nothing but the cosine where it is too low.

    `fitted`: mutations by signature; `replicates`: the same for each resampled spectrum (n x signatures).
    """
    close = cosine(counts, signatures.to_numpy() @ fitted)
    if close < rules["min_cosine"]:
        reason = f"the fit explains the spectrum with cosine {close:.3f}, below {rules['min_cosine']:g}"
        blank = {"state": NOT_ASSESSABLE, "cosine": close, "reason": reason}
        return [{"signature": name} | blank for name in signatures.columns]
    shares = replicates / replicates.sum(axis=1, keepdims=True)
    tail = (1 - rules["confidence"]) / 2
    low, high = np.quantile(shares, [tail, 1 - tail], axis=0)
    rows = []
    for i, name in enumerate(signatures.columns):
        state, reason = judge(low[i], high[i], rules)
        rows.append(
            {
                "signature": name,
                "state": state,
                "mutations": int(fitted[i]),
                "share": fitted[i] / fitted.sum(),
                "share_low": low[i],
                "share_high": high[i],
                "support": float((shares[:, i] > 0).mean()),
                "cosine": close,
                "reason": reason,
            }
        )
    return rows


def fit_samples(
    counts: pd.DataFrame, why_not: Mapping[str, str], rules: Mapping[str, Any], build: str
) -> dict[str, list[dict[str, Any]]]:
    """Sample -> its rows. `counts`: classes by samples; `why_not`: sample -> reason to leave it out, "" else."""
    blank = {"state": NOT_ASSESSABLE}
    made: dict[str, list[dict[str, Any]]] = {}
    for sample, reason in why_not.items():
        if reason:
            made[sample] = [{"signature": name, "reason": reason} | blank for name in rules["set"]]
    fit = [sample for sample, reason in why_not.items() if not reason]
    logging.info("%d of %d samples are fitted", len(fit), len(why_not))
    if not fit:
        return made
    signatures = read_signatures(rules, build)
    own = [counts[sample].to_numpy() for sample in fit]
    drawn = [resample(one, rules["bootstrap"], rules["seed"], s) for one, s in zip(own, fit, strict=True)]
    found = assign(np.column_stack([*own, *drawn]), signatures, rules["penalties"])
    for i, sample in enumerate(fit):
        first = len(fit) + i * rules["bootstrap"]
        replicates = found[first : first + rules["bootstrap"]]
        made[sample] = rows_of(own[i], found[i], replicates, signatures, rules)
    return made


def fit_cohort(
    tumours: Sequence[Mapping[str, str]],
    given: Mapping[str, str],
    rules: Mapping[str, Any],
    build: str,
    output: Mapping[str, str],
    tin_max: float,
) -> None:
    """Write SBS96 and SIGNATURES of all tumours. `tumours`: patient, sample, normal ("" without).

    `given`: variants, qc, tumour_in_normal, regions, fasta; `rules`: config section `signatures`;
    `tin_max`: of config section `somatic`.
    """
    entered = [one for one in tumours if one.get("entered")]
    called = [one for one in tumours if not one.get("entered")]
    counts = contexts.count_cohort(
        called, tables.read(given["variants"], tables.VARIANTS), given["regions"], given.get("fasta", "")
    )
    tables.write(counts, output["counts"], tables.SBS96)
    counts = counts.set_index("mutation_type")
    normals = tables.read(given["tumour_in_normal"], tables.TUMOUR_IN_NORMAL)
    failed = tumour_in_normal.spoilt(normals, tin_max)
    failed |= gates.failed(tables.read(given["qc"], tables.QC))
    why_not = {one["sample"]: "entered from a table: it may not list every point mutation" for one in entered}
    for one in called:
        gated = [f"{name}: {failed[name]}" for name in (one["sample"], one["normal"]) if name in failed]
        why_not[one["sample"]] = (
            "tumour only: germline variants cannot be told apart"
            if not one["normal"]
            else "; ".join(gated) or refused(int(counts[one["sample"]].sum()), rules)
        )
    found = fit_samples(counts, why_not, rules, build)
    rows = []
    for one in tumours:
        snvs = int(counts[one["sample"]].sum()) if one["normal"] else None
        about = {"patient": one["patient"], "sample": one["sample"], "snvs": snvs}
        about |= {"table": table_name(rules, build), "library": library()}
        rows += [about | row for row in found[one["sample"]]]
    tables.write(pd.DataFrame(rows, columns=tables.SIGNATURES.names()), output["table"], tables.SIGNATURES)
