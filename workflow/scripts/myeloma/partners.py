"""Over-expression of translocation partner genes: the expression vote.

The question for each partner gene and sample: does it stand in a component of the cohort that is clearly
raised above the rest? "Median + 5 MAD" fails here, because an enriched cohort may hold 10-80 % carriers:
then median and MAD describe carriers. Two methods, in this order:

reference  a table gene, mean, sd of samples without the event, when one is given (`make_reference` writes it from
           an earlier cohort). It holds every expressed gene, not the partners alone: a sample is put on the
           reference's scale by the median of its genes against their means, as size factors are relative to
           the cohort they were computed in.
mixture    a Bayesian two-component model of the cohort's own counts, at least six samples.

The mixture. The sample's size factor scales raw counts, so zeros and small counts carry their own
uncertainty. Samples are sorted by normalised count; every split "the k highest are
carriers", k = 0 .. 80 %, is one hypothesis, and its evidence is summed over grids of everything unknown:

* normal component: level flat over the grid; spread log-normal around the typical spread of this cohort's
  genes (log2 standard deviation between samples, counting noise taken off). A sample of it may be raised by
  0.6-1.5 log2 (an extra copy of the chromosome: not the event), and about one in a thousand lies anywhere:
  a single odd sample, high or low, is explained without a second component where it can be;
* high component: at least `outlier_min_log2_separation` above the normal one, the distance normal around
  4.5 log2 with sd 2; spread log-normal around 0.8 log2 (carriers differ in purity and in their breakpoint);
* number of carriers: none with probability 0.2, else every number equally likely up to 80 %. More is not
  considered: in a cohort of carriers only there is nothing to compare with.

Counts are Poisson around log-normal levels (with a small dispersion of the counting itself), so the tails
are those of the log scale on both sides; a negative binomial's long left tail would explain a minority of
non-carriers as ordinary low samples.

Present needs a posterior of at least `outlier_posterior` (in cohorts of fewer than `outlier_small_samples`:
`outlier_small_posterior`), a value above the normal level by at least the
separation plus one typical spread and by half the distance of the two components, and `outlier_min_count`
normalised counts (a silent gene with a few stray reads is no event). Absent needs a posterior of at most one
minus that, or one below one half together with a value less than the separation above the normal level; and
reads enough to have shown the limit: a true value at it would give as few only with a probability of one minus
`exclusion_power` (Poisson). Between them: not_assessable. Where all samples carry the event, the normal component is
that of the carriers. So nobody is absent where its level lies above `common_level_max` (log2 over the median of the
cohort's expressed genes, by gene) and above `outlier_min_count`: not_assessable, as the cohort cannot tell (valid up
to 80 % carriers). The priors are assumptions, for sign-off; tests/myeloma/test_partners.py holds
them to simulated cohorts, and docs/fusions.md says what they showed.
"""

import logging
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import yaml
from scipy.special import betaln, gammaln, logsumexp
from scipy.stats import poisson

from myeloma import expression, files, places, tables
from myeloma.states import ABSENT, NOT_ASSESSABLE, PRESENT

MAX_CARRIERS = 0.80  # rules of analysis 5: valid at 0-80 % carriers
GRID_STEP = 0.125  # log2
COUNTING_DISPERSION = 0.015  # of the counting itself; keeps the likelihood wider than the grid step
LOW_SPREADS = np.array([0.2, 0.3, 0.45, 0.65, 0.9, 1.2])  # log2 standard deviations
HIGH_SPREADS = np.array([0.3, 0.5, 0.8, 1.2, 1.8])
TYPICAL_SPREAD, LOW_SPREAD_LOG_SD = 0.5, 0.3
HIGH_SPREAD_CENTRE, HIGH_SPREAD_LOG_SD = 0.8, 0.4
RAISED_SHIFTS = (0.6, 1.0, 1.5)  # log2 of 3/2 copies = 0.58; 1.5 with dosage and feedback
RAISED_SHARES = (0.15, 0.4)
ODD_LOW, ODD_HIGH, ODD_SD = 0.0005, 0.0001, 2.0  # shares of samples that lie anywhere below or above
SEPARATION_MEAN, SEPARATION_SD = 4.5, 2.0
CARRIER_PRIOR = (1.0, 1.0)
NO_CARRIER_PROBABILITY = 0.2
REFERENCE_MEAN = np.log2(100)  # genes that put a sample on the reference's scale: counts large enough to tell
REFERENCE_SDS = 3  # standard deviations above the reference mean


@dataclass(frozen=True)
class Mixture:
    """Fit of one gene: posterior of the high component per sample (input order), the normal level and the
    distance of the high component (log2 normalised counts; nan without carriers), number of carriers, and
    the typical spread that went in."""

    posterior: np.ndarray
    level: float
    distance: float
    carriers: int
    spread: float


def fit_mixture(
    counts: np.ndarray, size_factors: np.ndarray, separation: float, spread: float = TYPICAL_SPREAD
) -> Mixture:
    """Posterior of the high component for each sample of one gene.

    `counts` and `size_factors`: shape (n,), raw counts and DESeq size factors. `separation`: least distance
    of the components, log2. Deterministic.
    """
    counts = np.asarray(counts, dtype=float)
    size_factors = np.asarray(size_factors, dtype=float)
    normalised = counts / size_factors
    order = np.argsort(normalised, kind="stable")
    counts, size_factors = counts[order], size_factors[order]
    n = len(counts)
    most = min(n - 1, int(np.ceil(MAX_CARRIERS * n)))
    grid = np.arange(-1.0, np.log2(normalised.max() + 1) + 1.0, GRID_STEP)
    low = _low_evidence(counts, size_factors, grid, spread)[n - np.arange(most + 1)]
    high = _high_evidence(counts[::-1], size_factors[::-1], grid)[: most + 1]
    distance = grid[None, :] - grid[:, None]
    prior = np.where(
        distance >= separation - 1e-9, -0.5 * ((distance - SEPARATION_MEAN) / SEPARATION_SD) ** 2, -np.inf
    )
    steps = np.arange(separation, 20, GRID_STEP)
    prior -= logsumexp(-0.5 * ((steps - SEPARATION_MEAN) / SEPARATION_SD) ** 2)
    with np.errstate(divide="ignore"):
        joined = np.array([_log_matmul(prior, high[k]) for k in range(most + 1)])
    joined[0] = 0.0
    by_level = low + joined
    evidence = logsumexp(by_level, axis=1) + _carrier_log_prior(n, most)
    splits = np.exp(evidence - logsumexp(evidence))
    at_least = np.concatenate([np.cumsum(splits[::-1])[::-1][1:], np.zeros(n - most)])
    posterior = np.empty(n)
    posterior[order] = at_least[::-1]
    best = int(np.argmax(splits))
    level = float(np.exp(by_level[best] - logsumexp(by_level[best])) @ grid)
    above = np.nan
    if best:
        at = low[best][:, None] + prior + high[best][None, :]
        above = float((np.exp(at - logsumexp(at)) * np.where(np.isfinite(prior), distance, 0)).sum())
    return Mixture(np.clip(posterior, 0.0, 1.0), level, above, best, spread)


def _log_matmul(prior: np.ndarray, vector: np.ndarray) -> np.ndarray:
    top = vector.max()
    return np.log(np.exp(prior) @ np.exp(vector - top)) + top


def _carrier_log_prior(n: int, most: int) -> np.ndarray:
    """Log prior of one particular set of k carriers, k = 0 .. most."""
    a, b = CARRIER_PRIOR
    k = np.arange(most + 1)
    prior = np.log(1 - NO_CARRIER_PROBABILITY) + betaln(k + a, n - k + b) - betaln(a, b)
    prior[0] = np.logaddexp(prior[0], np.log(NO_CARRIER_PROBABILITY))
    return prior


def _count_likelihood(counts, size_factors, levels) -> np.ndarray:
    """Log probability of the counts at true levels (log2 normalised), shape (samples, levels)."""
    k = counts[:, None]
    mean = size_factors[:, None] * 2.0 ** levels[None, :]
    size = 1.0 / COUNTING_DISPERSION
    constant = gammaln(k + size) - gammaln(size) - gammaln(k + 1)
    return constant + size * np.log(size / (size + mean)) + k * np.log(mean / (size + mean))


def _component_likelihood(by_level, levels, centres, spreads) -> np.ndarray:
    """Log probability of each sample in normal components: shape (samples, centres, spreads)."""
    top = by_level.max(axis=1, keepdims=True)
    scaled = np.exp(by_level - top)
    made = np.empty((len(by_level), len(centres), len(spreads)))
    for i, spread in enumerate(spreads):
        kernel = np.exp(-0.5 * ((levels[:, None] - centres[None, :]) / spread) ** 2)
        kernel *= GRID_STEP / (spread * np.sqrt(2 * np.pi))
        made[:, :, i] = np.log(np.maximum(scaled @ kernel, 1e-300)) + top
    return made


def _spread_log_prior(spreads: np.ndarray, centre: float, log_sd: float) -> np.ndarray:
    weights = -0.5 * (np.log(spreads / centre) / log_sd) ** 2
    return weights - logsumexp(weights)


def _low_evidence(counts, size_factors, grid, spread) -> np.ndarray:
    """Log evidence of the first j samples as normal ones, by level: shape (n + 1, levels)."""
    wide = np.arange(grid[0] - 4, grid[-1] + 4, GRID_STEP)
    by_level = _count_likelihood(counts, size_factors, wide)
    plain = _component_likelihood(by_level, wide, grid, LOW_SPREADS)
    odd = np.logaddexp(
        _component_likelihood(by_level, wide, grid - ODD_SD, [ODD_SD]) + np.log(ODD_LOW),
        _component_likelihood(by_level, wide, grid + ODD_SD, [ODD_SD]) + np.log(ODD_HIGH),
    )
    raised = {s: _component_likelihood(by_level, wide, grid + s, LOW_SPREADS) for s in RAISED_SHIFTS}
    prior = _spread_log_prior(LOW_SPREADS, spread, LOW_SPREAD_LOG_SD)
    weight = np.log(0.5 / (len(RAISED_SHIFTS) * len(RAISED_SHARES)))
    models = [(np.log(0.5), np.logaddexp(plain + np.log(1 - ODD_LOW - ODD_HIGH), odd))]
    for shift in RAISED_SHIFTS:
        for share in RAISED_SHARES:
            both = np.logaddexp(plain + np.log(1 - ODD_LOW - ODD_HIGH - share), raised[shift] + np.log(share))
            models.append((weight, np.logaddexp(both, odd)))
    total = np.full((len(counts) + 1, len(grid)), -np.inf)
    for weight, each in models:
        total = np.logaddexp(total, logsumexp(_cumulative(each) + prior, axis=2) + weight)
    return total - np.log(len(grid))


def _high_evidence(counts, size_factors, grid) -> np.ndarray:
    """Log evidence of the first j samples as carriers, by level: shape (n + 1, levels)."""
    wide = np.arange(grid[0] - 4, grid[-1] + 4, GRID_STEP)
    by_level = _count_likelihood(counts, size_factors, wide)
    table = _component_likelihood(by_level, wide, grid, HIGH_SPREADS)
    prior = _spread_log_prior(HIGH_SPREADS, HIGH_SPREAD_CENTRE, HIGH_SPREAD_LOG_SD)
    return logsumexp(_cumulative(table) + prior, axis=2)


def _cumulative(table: np.ndarray) -> np.ndarray:
    start = np.zeros((1, *table.shape[1:]))
    return np.concatenate([start, np.cumsum(table, axis=0)])


def typical_spread(counts: pd.DataFrame, size_factors: pd.Series) -> float:
    """Median over expressed genes of the log2 standard deviation between samples, counting noise taken off.

    Genes with at least 20 normalised counts on average; between 0.2 and 0.9; TYPICAL_SPREAD when fewer
    than 50 such genes or 4 samples. Robust (median absolute deviation), so that carriers do not widen it.
    """
    normalised = counts / size_factors
    kept = normalised[normalised.mean(axis=1) >= 20]
    if len(kept) < 50 or kept.shape[1] < 4:
        return TYPICAL_SPREAD
    logged, n = np.log2(kept + 0.5), kept.shape[1]
    mad = (logged.sub(logged.median(axis=1), axis=0)).abs().median(axis=1) * 1.4826
    mad *= n / (n - 0.8)  # small samples (Croux & Rousseeuw 1992)
    noise = (1 / (kept.mul(size_factors, axis=1) + 1)).mean(axis=1) / np.log(2) ** 2
    spread = np.sqrt(np.maximum(mad**2 - noise, 0)).median()
    return float(np.clip(spread, 0.2, 0.9))


def expressed_level(counts: pd.DataFrame, size_factors: pd.Series) -> float:
    """Median log2 normalised count of the expressed genes (at least 20 on average); nan for fewer than 50."""
    means = (counts / size_factors).mean(axis=1)
    kept = means[means >= 20]
    return float(np.log2(kept).median()) if len(kept) >= 50 else np.nan


def common_limit(gene: str, expressed: float, rules: Mapping) -> float:
    """Log2 normalised level above which the cohort's normal component of `gene` may be one of carriers only.

    `expressed`: as `expressed_level` gives it. Without it, or for a gene that the config does not know, any level clearly
    above silence is too high.
    """
    least = np.log2(rules["outlier_min_count"])  # with less the gene is never called over-expressed either
    limit = expressed + rules["common_level_max"].get(gene, np.nan)
    return float(least + rules["outlier_min_log2_separation"] if np.isnan(limit) else max(least, limit))


def make_reference(
    counts: pd.DataFrame, names: pd.Series, left_out: Collection[str], samples: Sequence[str], least: int
) -> pd.DataFrame:
    """The reference: gene, mean, sd (log2(count / size factor + 1)) of every gene in samples without the event.

    `counts`: raw, index gene_id, one column per sample; `names`: index gene_id; `left_out`: gene ids that size
    factors do without; `samples`: those without any translocation; `least`: fewer are refused. Raises ValueError
    naming the samples that are not in the table.
    """
    missing = [sample for sample in samples if sample not in counts.columns]
    if missing:
        raise ValueError(f"not in the count table: {', '.join(missing)}; give columns of it")
    if len(set(samples)) < least:
        raise ValueError(
            f"{len(set(samples))} samples without the event, {least} needed: a spread of fewer is none"
        )
    chosen = counts[list(dict.fromkeys(samples))]
    factors = expression.size_factors(chosen.loc[~chosen.index.isin(list(left_out))])
    if factors.isna().any():
        raise ValueError(f"samples without reads: {', '.join(factors.index[factors.isna()])}")
    logged = np.log2(chosen.div(factors, axis=1) + 1)
    ids = expression.gene_ids_by_name(chosen, names)
    kept = {name: gene_id for name, gene_id in ids.items() if gene_id not in left_out}
    logged = logged.loc[list(kept.values())]
    frame = pd.DataFrame({"gene": list(kept), "mean": logged.mean(axis=1), "sd": logged.std(axis=1, ddof=1)})
    return frame.sort_values("gene").reset_index(drop=True)


def write_reference(counts: str, without: str, genes: str, regions: str, config: str, out: str) -> str:
    """Write the reference of an earlier cohort; returns what went in. Arguments: paths, `regions` may be ""."""
    with open(config, encoding="utf-8") as handle:
        rules = yaml.safe_load(handle)["expression"]
    with open(without, encoding="utf-8") as handle:
        samples = [line.strip() for line in handle if line.strip()]
    seen, names = expression.read_counts(counts)
    places_of = places.read_genes(genes), places.read_regions(regions)
    dropped = expression.left_out(places_of[0], rules["exclude_from_size_factors"], places_of[1])
    made = make_reference(seen, names, dropped, samples, rules["outlier_min_samples"])
    with files.whole(out) as private:
        made.round(4).to_csv(private, sep="\t", index=False)
    scale = int((made["mean"] >= REFERENCE_MEAN).sum())
    return f"{out}: {len(made)} genes of {len(samples)} samples, {scale} of them put a sample on its scale"


def read_reference(path: str | os.PathLike) -> pd.DataFrame:
    """The reference, index gene, columns mean and sd. Raises ContractError naming line, field and value."""
    frame = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
    if not {"gene", "mean", "sd"} <= set(frame.columns):
        raise tables.ContractError(
            f"{path}: columns gene, mean, sd are needed; make it by make_partner_reference.py"
        )
    for name in ("mean", "sd"):
        values = pd.to_numeric(frame[name], errors="coerce")
        bad = values[~np.isfinite(values) | (values < 0)]
        if len(bad):
            line = bad.index[0]
            raise tables.ContractError(
                f"{path} line {line + 2}, {name}: {frame[name][line]!r} is not a number of 0 or more"
            )
        frame[name] = values
    twice = frame["gene"].duplicated()
    if twice.any():
        line = int(twice.idxmax())
        raise tables.ContractError(f"{path} line {line + 2}, gene: {frame['gene'][line]} stands there twice")
    return frame.set_index("gene")[["mean", "sd"]]


def on_reference_scale(
    counts: pd.DataFrame, gene_ids: Mapping[str, str], reference: pd.DataFrame, left_out: Collection[str] = ()
) -> pd.DataFrame:
    """Per sample: `factor`, which divides counts to the reference's scale, `spread` (robust log2 standard
    deviation of its genes around their means) and `genes`, how many of them told (nan and 0: too few)."""
    shared = [
        (name, gene_ids[name])
        for name in reference.index[reference["mean"] >= REFERENCE_MEAN]
        if name in gene_ids and gene_ids[name] not in left_out
    ]
    made = pd.DataFrame({"factor": np.nan, "spread": np.nan, "genes": len(shared)}, index=counts.columns)
    if len(shared) < expression.MIN_GENES_FOR_RATIO:
        return made
    means = reference.loc[[name for name, _ in shared], "mean"].to_numpy()[:, None]
    apart = np.log2(counts.loc[[gene_id for _, gene_id in shared]].to_numpy(float) + 0.5) - means
    centre = np.median(apart, axis=0)
    made["factor"] = np.where(counts.sum(axis=0) > 0, 2.0**centre, np.nan)
    made["spread"] = 1.4826 * np.median(np.abs(apart - centre), axis=0)
    return made


def call_cohort(
    counts: pd.DataFrame,
    names: pd.Series,
    genes: pd.DataFrame,
    regions: pd.DataFrame,
    samples: pd.DataFrame,
    failed: Mapping[str, str],
    translocations: Mapping[str, Iterable[str]],
    rules: Mapping,
    reference: str = "",
) -> pd.DataFrame:
    """PARTNERS rows from the cohort's tables: size factors without the genes that the config leaves out.

    `reference`: path of the reference, "" = none. Other arguments as in `call_partners`.
    """
    dropped = expression.left_out(genes, rules["exclude_from_size_factors"], regions)
    factors = expression.size_factors(
        counts.loc[~counts.index.isin(list(dropped))], expression.reference_samples(samples, failed)
    )
    tumours = samples[(samples["assay"] == "rna") & (samples["tissue"] == "tumour")]
    tumours = tumours[~tumours["role"].isin(["excluded", "no_reads"])]
    wanted = list(dict.fromkeys(gene for symbols in translocations.values() for gene in symbols))
    known = read_reference(reference) if reference else None
    ids = expression.gene_ids_by_name(counts, names)
    return call_partners(counts, factors, ids, tumours, failed, wanted, rules, known, dropped)


def call_partners(
    counts: pd.DataFrame,
    size_factors: pd.Series,
    gene_ids: Mapping[str, str],
    samples: pd.DataFrame,
    failed: Mapping[str, str],
    genes: Iterable[str],
    rules: Mapping,
    reference: pd.DataFrame | None = None,
    left_out: Collection[str] = (),
) -> pd.DataFrame:
    """PARTNERS rows for every RNA tumour sample and partner gene.

    counts: raw, index gene_id, one column per sample; size_factors: index sample, NaN where none could be
    computed; gene_ids: symbol -> gene_id; samples: SAMPLES rows of RNA tumours; failed: sample -> reason of
    the failed gate; genes: symbols; rules: the config section `expression`; reference: as `read_reference`
    gives it; left_out: gene ids that do not put a sample on its scale.
    The mixture is fitted to the analysis samples that passed their gates; any other sample is judged
    by a fit of these samples and itself.
    """
    usable = [s for s in samples["sample"] if s in counts.columns and pd.notna(size_factors.get(s))]
    fitted = [
        s for s in samples.loc[samples["role"] == "analysis", "sample"] if s in usable and s not in failed
    ]
    spread = typical_spread(counts[fitted], size_factors[fitted]) if fitted else TYPICAL_SPREAD
    logging.info("typical spread between samples: %.2f log2 (%d samples)", spread, len(fitted))
    expressed = expressed_level(counts[fitted], size_factors[fitted]) if fitted else np.nan
    logging.info("median of the expressed genes: %.1f log2", expressed)
    scale = None
    if reference is not None:
        scale = on_reference_scale(counts[usable], gene_ids, reference, left_out)
        logging.info("scale of the reference:\n%s", scale.round(3).to_string())
    rows = []
    for gene in genes:
        gene_id = gene_ids.get(gene)
        k = None if gene_id is None else counts.loc[gene_id]
        whole = _fit(k, fitted, size_factors, spread, rules) if k is not None else None
        common = common_limit(gene, expressed, rules)
        for row in samples.itertuples():
            made = {"patient": row.patient, "sample": row.sample, "gene": gene, "method": "none"}
            if k is None:
                made |= _none(f"{gene} is not in the count matrix")
            elif row.sample not in usable:
                made |= _none("no counts, or no size factor")
            elif row.sample in failed:
                made |= _none(f"gate failed: {failed[row.sample]}", _value(k, size_factors, row.sample))
            elif reference is not None and gene in reference.index:
                made |= _by_reference(k[row.sample], scale.loc[row.sample], reference.loc[gene], rules)
            elif len(fitted) < rules["outlier_min_samples"]:
                made |= _none(
                    f"{len(fitted)} samples to compare, {rules['outlier_min_samples']} needed, and no reference",
                    _value(k, size_factors, row.sample),
                )
            elif row.sample in fitted:
                made |= _by_mixture(
                    *whole, fitted.index(row.sample), k[row.sample], size_factors[row.sample], rules, common
                )
            else:
                more = [*fitted, row.sample]
                own = _fit(k, more, size_factors, spread, rules)
                made |= _by_mixture(*own, len(fitted), k[row.sample], size_factors[row.sample], rules, common)
            rows.append(made)
    return pd.DataFrame(rows, columns=["patient", "sample", "gene", *_COLUMNS])


_COLUMNS = ["value", "threshold", "posterior", "state", "method", "reason"]


def _value(counts: pd.Series, size_factors: pd.Series, sample: str) -> float:
    return float(np.log2(counts[sample] / size_factors[sample] + 1))


def _none(reason: str, value: float = np.nan) -> dict:
    made = {"value": value, "threshold": np.nan, "posterior": np.nan, "method": "none"}
    return made | {"state": NOT_ASSESSABLE, "reason": reason}


def _fit(counts, samples, size_factors, spread, rules) -> tuple[Mixture, int] | None:
    if len(samples) < rules["outlier_min_samples"]:
        return None
    chosen = counts[samples].to_numpy(float), size_factors[samples].to_numpy(float)
    return fit_mixture(*chosen, rules["outlier_min_log2_separation"], spread), len(samples)


def sure_posterior(rules: Mapping, n: int) -> float:
    """Posterior that a call needs among `n` samples: a handful knows little of its own spread."""
    return rules["outlier_posterior" if n >= rules["outlier_small_samples"] else "outlier_small_posterior"]


def _seen_enough(count: float, size_factor: float, limit: float, rules: Mapping) -> str:
    """Why the count does not exclude a true value at `limit` (normalised counts); "" when it does."""
    expected = size_factor * limit
    if poisson.cdf(count, expected) <= 1 - rules["exclusion_power"]:
        return ""
    if count >= expected:
        return "above the limit, but not in the high component"
    return f"too few reads to exclude it: {count:g}, {expected:.1f} expected at the limit"


def _by_mixture(
    fit: Mixture, n: int, index: int, count: float, size_factor: float, rules: Mapping, common: float
) -> dict:
    """`common`: as `common_limit` gives it."""
    separation = rules["outlier_min_log2_separation"]
    sure = sure_posterior(rules, n)
    above = max(separation + fit.spread, 0 if np.isnan(fit.distance) else fit.distance / 2)
    limit = max(2 ** (fit.level + above), rules["outlier_min_count"])
    posterior, normalised = float(fit.posterior[index]), count / size_factor
    if posterior >= sure and normalised >= limit:
        state = PRESENT
        reason = (
            f"in the high component ({fit.carriers} of {n} samples, {fit.distance:.1f} log2 above the rest)"
        )
    elif posterior <= 1 - sure or (posterior < 0.5 and normalised < 2 ** (fit.level + separation)):
        reason = _seen_enough(count, size_factor, limit, rules)
        if fit.level > common:
            reason = (
                f"the cohort's common level ({fit.level:.1f} log2) is high, above {common:.1f}: carriers only would "
                "show the same; a reference of samples without the event can tell"
            )
        state = NOT_ASSESSABLE if reason else ABSENT
    elif posterior >= sure:
        state, reason = NOT_ASSESSABLE, "in the high component, but below the limit"
    else:
        state, reason = NOT_ASSESSABLE, f"between the components (posterior {posterior:.2f})"
    return {
        "value": float(np.log2(normalised + 1)),
        "threshold": float(np.log2(limit + 1)),
        "posterior": posterior,
        "state": state,
        "method": "mixture",
        "reason": reason,
    }


def _by_reference(count: float, scale: pd.Series, known: pd.Series, rules: Mapping) -> dict:
    """Present: at least the separation, and three standard deviations, above the reference mean; absent: less than
    the separation, with reads enough to have shown the limit; between them not assessable. No vote where the sample cannot be put on the
    reference's scale."""
    if pd.isna(scale["factor"]):
        return _none(
            f"the reference shares {int(scale['genes'])} expressed genes with the counts, "
            f"{expression.MIN_GENES_FOR_RATIO} needed to bring both to one scale"
        )
    value = float(np.log2(count / scale["factor"] + 1))
    if scale["spread"] > rules["partner_reference_max_spread"]:
        return _none(
            f"the sample lies {scale['spread']:.1f} log2 from the reference over all genes, more than "
            f"{rules['partner_reference_max_spread']:g}: another protocol or annotation",
            value,
        )
    apart, sure = rules["outlier_min_log2_separation"], REFERENCE_SDS * known["sd"]
    floor = float(np.log2(rules["outlier_min_count"] + 1))
    low, high = max(known["mean"] + apart, floor), max(known["mean"] + max(apart, sure), floor)
    if value >= high:
        state, reason = PRESENT, "above the limit of the reference samples"
    elif value < low:
        reason = _seen_enough(count, scale["factor"], 2**high - 1, rules)
        state = NOT_ASSESSABLE if reason else ABSENT
    else:
        state, reason = NOT_ASSESSABLE, "raised above the reference samples, but below the limit"
    made = {"value": value, "threshold": float(high), "posterior": np.nan, "state": state}
    return made | {"method": "reference", "reason": reason}
