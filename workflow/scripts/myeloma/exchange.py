"""Files for other programs (MAF, SEG, GCT, h5ad), and what all exports of a cohort are made of."""

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from myeloma import adam, cbioportal, dictionary, endpoints, files, flow, places, profiles, pseudonyms, tables

#: Columns of the AnnData that stay inside: where a patient was treated.
STAY = ("centre",)
README = """# Export

What may leave this run. Ids: {ids} Dates: days from the first dose (C1D1), never a calendar date, except the cuts of the
monitoring committee. Text typed into a sheet (reasons of dose changes, deviations, regimens, centres) stays inside. {left_out}

| file | what |
|---|---|
| `cbioportal/` | study folder of cBioPortal: validate and import it (docs/export.md) |
| `myeloma.duckdb` | all tables, typed, with `dictionary_tables` and `dictionary_columns` |
| `somatic.maf.gz`, `segments.seg`, `expression.gct`, `cohort.h5ad` | variants, segments, normalised expression, AnnData |
| `ro-crate-metadata.json`, `checksums.tsv` | what went in, what came out, with which programs |

`tables.zip` and `adam/` are for the trial's own statisticians: they hold the ids and dates of the sheets. Do not pass them on.
"""
IDS = {
    "none": "those of the sheets, which the trial says are pseudonyms already (export.pseudonyms.mode: none).",
    "hmac": "keyed pseudonyms (HMAC-SHA256); key and list of pseudonyms stand outside of the run.",
}


def gather(cohort: Any, settings: Any, paths: Mapping[str, str]) -> cbioportal.Study:
    """Everything the exports need, as known at the data cut.

    `paths`: contract name -> file, with maf, and genes, coding and targets (kit=path, ...) where there are any.
    """
    config = settings.values
    names = pseudonyms.names_of(cohort, config["export"]["pseudonyms"], str(settings.project))
    seen = {t.name: pseudonyms.without(tables.read(paths[t.name], t), names) for t in dictionary.OUTSIDE}
    cut = date.fromisoformat(config["trial"]["data_cut"]) if config["trial"]["data_cut"] else None
    patients = adam.known_at(cohort.patients, cut)
    genome = cbioportal.genome_of(config)
    sample_of = cbioportal.sample_names(flow.members(seen["flow"], "enrolled"), names)
    given = profiles.Given(
        seen,
        usable(seen, "dna", "wes", sample_of),
        usable(seen, "rna", "rna", sample_of),
        cbioportal.BUILDS[genome],
        config,
        places.read_genes(paths.get("genes", "")),
        _intervals(paths.get("coding", ""), ("gene_name", "chrom", "start", "end")),
        {kit: _bed(path) for kit, path in paths.get("targets", {}).items()},
    )
    maf = read_maf(paths["maf"])
    return cbioportal.Study(
        identifier=config["export"]["study"],
        name=config["trial"]["name"],
        description=f"{config['trial']['name']}: {config['trial']['phase']}. Time zero is the first dose (C1D1). "
        + left_out_words(names),
        genome=genome,
        patients=patients,
        names=names,
        seen=seen,
        given=given,
        maf=profiles.mutations(given, maf, names.samples),
        dosing=endpoints.cut_rows(cohort.sheet_frame(settings, "dosing"), cut),
        subsequent=endpoints.cut_rows(cohort.sheet_frame(settings, "subsequent_therapy"), cut),
        sample_of=sample_of,
    )


def left_out_words(names: pseudonyms.Names) -> str:
    """How many patients are in no export, and why."""
    n = len(names.left_out)
    return f"{n} patient{'s' * (n != 1)} excluded from everything (exclusions.tsv, analysis all) not in it."


def usable(
    seen: Mapping[str, pd.DataFrame], analysis: str, assay: str, name_of: Mapping[str, str]
) -> dict[str, str]:
    """Sample of the analysis -> its name outside, of the patients whom the flow has in it (and `name_of` knows)."""
    inside = set(flow.members(seen["flow"], analysis))
    rows = seen["samples"]
    rows = rows[(rows["role"] == "analysis") & (rows["assay"] == assay) & (rows["tissue"] == "tumour")]
    return {
        r.sample: name_of[r.patient]
        for r in rows.itertuples()
        if r.patient in inside and r.patient in name_of
    }


def read_maf(path: str | os.PathLike) -> pd.DataFrame:
    """A MAF as text, comment lines left out."""
    return pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False, comment="#", quoting=3)


def _intervals(path: str, columns: tuple[str, ...]) -> pd.DataFrame:
    if not path:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in columns})
    frame = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False, usecols=list(columns))
    return frame.astype({"start": "int64", "end": "int64"})


def _bed(path: str) -> pd.DataFrame:
    frame = pd.read_csv(path, sep="\t", header=None, usecols=[0, 1, 2], comment="#", dtype={0: str})
    return frame.set_axis(["chrom", "start", "end"], axis=1)


def write(study: cbioportal.Study, maf: str, h5ad: str, outputs: Mapping[str, str], mode: str) -> None:
    """MAF, SEG, GCT and h5ad with the names of the samples (not of cBioPortal's), and the README."""
    names = study.names
    own = replace(
        study.given,
        dna={s: names.samples[s] for s in study.given.dna},
        rna={s: names.samples[s] for s in study.given.rna},
    )
    with files.whole(outputs["maf"]) as private, files.open_text(private, "w") as handle:
        handle.write(cbioportal.tsv(profiles.mutations(own, read_maf(maf), names.samples)))
    with files.whole(outputs["seg"]) as private:
        private.write_text(cbioportal.tsv(profiles.segments(own)), encoding="utf-8")
    data = anndata_outside(h5ad, names)
    with files.whole(outputs["h5ad"], suffix=".h5ad") as private:
        data.write_h5ad(private)
    with files.whole(outputs["gct"]) as private:
        private.write_text(gct(data), encoding="utf-8")
    with files.whole(outputs["readme"]) as private:
        private.write_text(README.format(ids=IDS[mode], left_out=left_out_words(names)), encoding="utf-8")


def anndata_outside(path: str | os.PathLike, names: pseudonyms.Names):
    """The cohort's AnnData with pseudonyms, days instead of dates, and without centres."""
    import anndata

    data = anndata.read_h5ad(Path(path))
    data = data[[sample not in names.gone for sample in data.obs_names]].copy()
    who = [names.patient_of.get(sample, "") for sample in data.obs_names]
    obs = data.obs.drop(columns=[c for c in STAY if c in data.obs])
    if "collection_date" in obs:
        days = [
            names.day(_known(day), patient) for day, patient in zip(obs["collection_date"], who, strict=True)
        ]
        obs["collection_day"] = pd.array(days, dtype="Int64").astype("float64")
        obs = obs.drop(columns=["collection_date"])
    for column in obs.columns:
        if not pd.api.types.is_numeric_dtype(obs[column]):
            told = [names.text(str(v), p) for v, p in zip(obs[column], who, strict=True)]
            obs[column] = told
    obs.index = [names.samples.get(sample, sample) for sample in data.obs_names]
    data.obs = obs
    return data


def _known(day: Any) -> str:
    return "" if str(day) in ("", "nan", "None") else str(day)


def gct(data: Any) -> str:
    """GCT 1.3 (clue.io/connectopedia/gct_format): normalised log2 values, genes x samples, with both metadata.

    Row metadata: gene_name; column metadata: the columns of obs. Missing values are na.
    """
    columns = list(data.obs.columns)
    lines = [
        "#1.3",
        f"{data.n_vars}\t{data.n_obs}\t1\t{len(columns)}",
        "\t".join(["id", "gene_name", *data.obs_names]),
    ]
    lines += ["\t".join([name, "na", *(_cell(v) for v in data.obs[name])]) for name in columns]
    symbols = data.var["gene_name"].astype(str)
    values = data.X.toarray() if hasattr(data.X, "toarray") else data.X
    for i, gene in enumerate(data.var_names):
        lines.append("\t".join([gene, symbols.iloc[i] or "na", *(_cell(v) for v in values[:, i])]))
    return "\n".join(lines) + "\n"


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return " ".join(value.split()) or "na"
    return "na" if pd.isna(value) else f"{value:.6g}"
