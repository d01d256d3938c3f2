"""What cBioPortal refuses of a study folder, in our own words, for the files that the export writes.

Sources: docs.cbioportal.org/file-formats and the behaviour of scripts/importer/validateData.py and cbioportal_common.py of
cBioPortal/cbioportal-core as read in November 2026 (validation without a portal, option -n). Not their code.
"""

import csv
import re
from pathlib import Path

CNA = {"-2", "-1.5", "-1", "0", "1", "2", "NA"}
NOTHING = {
    "",
    "na",
    "[not available]",
    "[not applicable]",
    "[pending]",
    "[discrepancy]",
    "[completed]",
    "[null]",
}
#: (genetic_alteration_type, datatype) -> stable_id, where the type needs one.
KINDS = {
    ("CANCER_TYPE", "CANCER_TYPE"): None,
    ("CLINICAL", "PATIENT_ATTRIBUTES"): None,
    ("CLINICAL", "SAMPLE_ATTRIBUTES"): None,
    ("CLINICAL", "TIMELINE"): None,
    ("GENE_PANEL_MATRIX", "GENE_PANEL_MATRIX"): None,
    ("COPY_NUMBER_ALTERATION", "SEG"): None,
    ("MUTATION_EXTENDED", "MAF"): "mutations",
    ("COPY_NUMBER_ALTERATION", "DISCRETE"): "cna",
    ("COPY_NUMBER_ALTERATION", "LOG2-VALUE"): "log2CNA",
    ("STRUCTURAL_VARIANT", "SV"): "structural_variants",
    ("MRNA_EXPRESSION", "CONTINUOUS"): "mrna_seq_tpm",
    ("MRNA_EXPRESSION", "Z-SCORE"): "mrna_seq_tpm_all_sample_Zscores",
}
PROFILE_FIELDS = {"stable_id", "show_profile_in_analysis_tab", "profile_name", "profile_description"}
CATEGORIES = {
    "all_cases_in_study", "all_cases_with_mutation_data", "all_cases_with_cna_data", "all_cases_with_log2_cna_data",
    "all_cases_with_mrna_rnaseq_data", "all_cases_with_mutation_and_cna_data", "all_cases_with_sv_data",
    "all_cases_with_mutation_and_cna_and_mrna_data", "other",
}  # fmt: skip
CLASSES = {
    "Frame_Shift_Del", "Frame_Shift_Ins", "In_Frame_Del", "In_Frame_Ins", "Missense_Mutation", "Nonsense_Mutation",
    "Splice_Site", "Translation_Start_Site", "Nonstop_Mutation", "Targeted_Region", "De_novo_Start_InFrame",
    "De_novo_Start_OutOfFrame", "Silent", "Intron", "3'UTR", "3'Flank", "5'UTR", "5'Flank", "IGR", "RNA",
    "Splice_Region", "Fusion", "Unknown",
}  # fmt: skip
#: Lengths of GRCh38 (the longer of both builds would do; the tests stay far below).
CHROMOSOMES = {str(n): 46_000_000 for n in range(1, 23)} | {"X": 156_000_000, "Y": 57_000_000}


def meta(path: Path) -> dict[str, str]:
    """A meta file or case list."""
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip():
            key, colon, value = line.partition(":")
            assert colon, f"{path.name}: no colon in {line!r}"
            found[key] = value.strip()
    return found


def rows(path: Path, comments: int = 0) -> tuple[list[str], list[list[str]]]:
    """(header, rows) of a data file below its comment lines; also what the sniffer of the csv module says of it."""
    lines = path.read_text(encoding="utf-8").split("\n")
    assert lines[-1] == "", f"{path.name} does not end with a line break"
    lines = lines[comments:-1]
    sample = "\n".join(lines[:6]) + "\n"
    try:
        assert csv.Sniffer().sniff(sample, delimiters="\t").delimiter == "\t", path.name
    except csv.Error:
        assert "\t" in sample, f"{path.name}: no tab"
    cells = [line.split("\t") for line in lines]
    return cells[0], cells[1:]


class Study:
    """A study folder with the problems that were found in it."""

    def __init__(self, folder: Path):
        self.folder, self.problems = Path(folder), []
        self.metas = {p.name: meta(p) for p in sorted(self.folder.glob("*meta*"))}
        self.study = self.metas.get("meta_study.txt", {})
        self.id = self.study.get("cancer_study_identifier", "")
        self.by_kind = {}
        self.samples: dict[str, str] = {}
        self.lists: dict[str, list[str]] = {}
        self.check()

    def say(self, where: str, what: str) -> None:
        self.problems.append(f"{where}: {what}")

    def data(self, kind) -> list[tuple[str, Path]]:
        return [
            (name, self.folder / m["data_filename"])
            for name, m in self.metas.items()
            if kind == self._kind(m)
        ]

    @staticmethod
    def _kind(found):
        return found.get("genetic_alteration_type"), found.get("datatype")

    def check(self) -> None:
        self.check_metas()
        self.check_clinical()
        self.check_lists()
        self.check_mutations()
        self.check_panels()
        self.check_matrices()
        self.check_segments()
        self.check_structural()
        self.check_timelines()

    # meta files

    def check_metas(self) -> None:
        for field in ("type_of_cancer", "cancer_study_identifier", "name", "description"):
            if not self.study.get(field):
                self.say("meta_study.txt", f"no {field}")
        if not re.fullmatch(r"[a-z0-9_]+", self.id):
            self.say("meta_study.txt", f"study id {self.id!r}")
        for field, most in (("name", 255), ("description", 1024), ("type_of_cancer", 63)):
            if len(self.study.get(field, "")) > most:
                self.say("meta_study.txt", f"{field} longer than {most}")
        if self.study.get("reference_genome") not in ("hg19", "hg38"):
            self.say("meta_study.txt", "reference_genome")
        seen = []
        for name, found in self.metas.items():
            if name == "meta_study.txt":
                continue
            kind = self._kind(found)
            if kind not in KINDS:
                self.say(name, f"kind {kind}")
                continue
            wanted = KINDS[kind]
            if kind != ("CANCER_TYPE", "CANCER_TYPE") and found.get("cancer_study_identifier") != self.id:
                self.say(name, "another study id")
            if not (self.folder / found.get("data_filename", "missing")).is_file():
                self.say(name, "no data file")
            if wanted and found.get("stable_id") != wanted:
                self.say(name, f"stable_id {found.get('stable_id')}")
            if wanted and not PROFILE_FIELDS <= found.keys():
                self.say(name, f"fields {PROFILE_FIELDS - found.keys()}")
            if kind[1] == "LOG2-VALUE" and found.get("show_profile_in_analysis_tab") != "false":
                self.say(name, "log2 must not show in the analysis tab")
            if kind[1] == "SEG" and found.get("reference_genome_id") not in ("hg19", "hg38"):
                self.say(name, "reference_genome_id")
            if kind[1] == "SEG" and not found.get("description"):
                self.say(name, "no description")
            if kind[1] == "Z-SCORE" and found.get("source_stable_id") != "mrna_seq_tpm":
                self.say(name, "source_stable_id")
            seen.append(kind)
        for kind in set(seen) - {("CLINICAL", "TIMELINE")}:
            if seen.count(kind) > 1:
                self.say("meta", f"{kind} twice")
        for kind in (("CLINICAL", "PATIENT_ATTRIBUTES"), ("CLINICAL", "SAMPLE_ATTRIBUTES")):
            if kind not in seen:
                self.say("meta", f"no {kind}")
        cancer = (self.folder / "cancer_type.txt").read_text().rstrip("\n").split("\t")
        if len(cancer) != 4 or not all(cancer) or cancer[0] != self.study.get("type_of_cancer"):
            self.say("cancer_type.txt", "not the four columns of the study's type")

    # clinical

    def check_clinical(self) -> None:
        for name, path in self.data(("CLINICAL", "SAMPLE_ATTRIBUTES")):
            header, body = self._clinical(name, path, ("SAMPLE_ID", "PATIENT_ID"))
            at = header.index("SAMPLE_ID"), header.index("PATIENT_ID")
            for row in body:
                if row[at[0]] in self.samples:
                    self.say(name, f"sample {row[at[0]]} twice")
                if not row[at[0]] or len(row[at[0]]) > 63:
                    self.say(name, f"sample id {row[at[0]]!r}")
                self.samples[row[at[0]]] = row[at[1]]
            of_sample = set(header)
        for name, path in self.data(("CLINICAL", "PATIENT_ATTRIBUTES")):
            header, body = self._clinical(name, path, ("PATIENT_ID",))
            if set(header) & of_sample - {"PATIENT_ID"}:
                self.say(name, f"also of samples: {set(header) & of_sample}")
            ids = [row[header.index("PATIENT_ID")] for row in body]
            if len(ids) != len(set(ids)) or set(ids) != set(self.samples.values()):
                self.say(name, "patients are not those of the samples, each once")
            for column in header:
                if column.endswith("_STATUS") and column.removesuffix("_STATUS") + "_MONTHS" in header:
                    self._survival(name, header, body, column)

    def _survival(self, name, header, body, column) -> None:
        months = header.index(column.removesuffix("_STATUS") + "_MONTHS")
        for row in body:
            value = row[header.index(column)]
            allowed = ("0:LIVING", "1:DECEASED") if column == "OS_STATUS" else None
            good = value in allowed if allowed else re.match(r"[01]:\w", value)
            if value.lower() not in NOTHING and not good:
                self.say(name, f"{column} {value}")
            if value == "1:DECEASED" and not row[months]:
                self.say(name, "deceased without months")

    def _clinical(self, name, path, wanted):
        head = path.read_text(encoding="utf-8").split("\n")[:5]
        if not all(line.startswith("#") for line in head[:4]) or head[4].startswith("#"):
            self.say(name, "not four lines of definitions")
        defined = [line[1:].split("\t") for line in head[:4]]
        header, body = rows(path, 4)
        for line in defined:
            if len(line) != len(header):
                self.say(name, "definitions of another width than the header")
            if any(cell.strip().lower() in NOTHING for cell in line):
                self.say(name, f"an empty definition in {line[:3]}")
        if set(defined[2]) - {"STRING", "NUMBER", "BOOLEAN"}:
            self.say(name, f"types {set(defined[2])}")
        if not all(re.fullmatch(r"-1|\d+", cell) for cell in defined[3]):
            self.say(name, "priorities")
        if len(header) != len(set(header)) or not set(wanted) <= set(header):
            self.say(name, f"header {header[:4]}")
        for column in header:
            if not column.isupper() or column in ("MUTATION_COUNT", "FRACTION_GENOME_ALTERED"):
                self.say(name, f"attribute {column}")
        for row in body:
            self._widths(name, header, [row])
            for column, kind, value in zip(header, defined[2], row, strict=False):
                number = re.fullmatch(r"[<>]?-?\d+(\.\d+)?(e-?\d+)?", value)
                if kind == "NUMBER" and value.lower() not in NOTHING and not number:
                    self.say(name, f"{column} {value} is no number")
                if column in ("PATIENT_ID", "SAMPLE_ID") and not re.fullmatch(r"[A-Za-z0-9._\-]+", value):
                    self.say(name, f"id {value!r}")
        return header, body

    def _widths(self, name, header, body) -> None:
        for row in body:
            if len(row) != len(header) or not any(cell.strip() for cell in row):
                self.say(name, f"{len(row)} cells for {len(header)} columns")

    # case lists

    def check_lists(self) -> None:
        for path in sorted((self.folder / "case_lists").glob("*")):
            found = meta(path)
            name = found.get("stable_id", "")
            if found.get("cancer_study_identifier") != self.id or not name.startswith(f"{self.id}_"):
                self.say(path.name, "study id")
            for field in ("case_list_name", "case_list_description", "case_list_ids"):
                if not found.get(field):
                    self.say(path.name, f"no {field}")
            if found.get("case_list_category") not in CATEGORIES:
                self.say(path.name, "category")
            ids = [i.strip() for i in found["case_list_ids"].split("\t")]
            if len(ids) != len(set(ids)) or not set(ids) <= self.samples.keys():
                self.say(path.name, f"ids not in the clinical samples: {set(ids) - self.samples.keys()}")
            self.lists[name.removeprefix(f"{self.id}_")] = ids
        kinds = {self._kind(m) for m in self.metas.values()}
        for name, needed in (
            ("all", True),
            ("sequenced", ("MUTATION_EXTENDED", "MAF") in kinds),
            ("cna", ("COPY_NUMBER_ALTERATION", "DISCRETE") in kinds),
        ):
            if needed and name not in self.lists:
                self.say("case_lists", f"no {name}")
        if set(self.lists.get("all", ())) != self.samples.keys():
            self.say("case_lists", "all is not all")

    # genomic data

    def check_mutations(self) -> None:
        for name, path in self.data(("MUTATION_EXTENDED", "MAF")):
            header, body = rows(path)
            self._widths(name, header, body)
            for column in ("Tumor_Sample_Barcode", "Hugo_Symbol", "Variant_Classification", "HGVSp_Short"):
                if column not in header:
                    self.say(name, f"no {column}")
            keys = set()
            for row in body:
                self._mutation(name, dict(zip(header, row, strict=True)), keys)

    def _mutation(self, name, row, keys) -> None:
        sample = row["Tumor_Sample_Barcode"]
        if sample not in self.lists.get("sequenced", ()):
            self.say(name, f"{sample} is not in the sequenced list")
        build = {"hg19": "GRCh37", "hg38": "GRCh38"}[self.study["reference_genome"]]
        if row["NCBI_Build"] != build:
            self.say(name, f"build {row['NCBI_Build']}")
        if not row["Hugo_Symbol"] or row["Variant_Classification"] not in CLASSES:
            self.say(name, f"{row['Hugo_Symbol']!r} {row['Variant_Classification']!r}")
        for column in ("Start_Position", "End_Position"):
            if not row[column].isdigit():
                self.say(name, f"{column} {row[column]}")
        for column in ("t_alt_count", "t_ref_count", "n_alt_count", "n_ref_count"):
            if not re.fullmatch(r"\d*", row[column]):
                self.say(name, f"{column} {row[column]}")
        change = row["HGVSp_Short"]
        if "p." in change[1:] or ";" in change or "," in change or len(change) > 255:
            self.say(name, f"HGVSp_Short {change}")
        ref, one, two = (row[c] for c in ("Reference_Allele", "Tumor_Seq_Allele1", "Tumor_Seq_Allele2"))
        length = int(row["End_Position"]) - int(row["Start_Position"]) + 1
        kind = row["Variant_Type"]
        good = {
            "SNP": len(ref) == len(one) == len(two) == 1,
            "DEL": length == len(ref) and len(ref) >= max(len(one), len(two)),
            "INS": length in (2, len(ref)) and len(ref) <= max(len(one), len(two)),
        }.get(kind, len(ref) == len(one) == len(two))
        if not good or set(ref + one + two) - set("ACGT-"):
            self.say(name, f"{kind} {ref} {one} {two} over {length} bases")
        if row["Mutation_Status"].lower() not in ("somatic", "unknown", ""):
            self.say(name, f"Mutation_Status {row['Mutation_Status']}")
        key = tuple(
            row[c]
            for c in (
                "Entrez_Gene_Id", "Chromosome", "Start_Position", "End_Position", "Variant_Classification",
                "Tumor_Seq_Allele2", "HGVSp_Short", "Tumor_Sample_Barcode",
            )
        )  # fmt: skip
        if key in keys:
            self.say(name, f"twice: {key}")
        keys.add(key)

    def check_panels(self) -> None:
        for name, path in self.data(("GENE_PANEL_MATRIX", "GENE_PANEL_MATRIX")):
            header, body = rows(path)
            stable = {m.get("stable_id") for m in self.metas.values()}
            if header[0] != "SAMPLE_ID" or not set(header[1:]) <= stable:
                self.say(name, f"header {header}")
            listed = [row[0] for row in body]
            if len(listed) != len(set(listed)) or not set(listed) <= self.samples.keys():
                self.say(name, "samples")
            for row in body:
                panel = row[header.index("mutations")]
                if panel != "NA" and row[0] not in self.lists.get("sequenced", ()):
                    self.say(name, f"{row[0]} has a panel and is not in the sequenced list")
                if panel != "NA" and panel not in self.panels():
                    self.say(name, f"no file of panel {panel}")

    def panels(self) -> dict[str, list[str]]:
        """Panel -> genes, of the files."""
        found = [meta(path) for path in (self.folder / "gene_panels").glob("*.txt")]
        return {p["stable_id"]: p["gene_list"].split("\t") for p in found}

    def check_matrices(self) -> None:
        for kind, allowed in (
            (("COPY_NUMBER_ALTERATION", "DISCRETE"), CNA),
            (("COPY_NUMBER_ALTERATION", "LOG2-VALUE"), None),
            (("MRNA_EXPRESSION", "CONTINUOUS"), None),
            (("MRNA_EXPRESSION", "Z-SCORE"), None),
        ):
            for name, path in self.data(kind):
                header, body = rows(path)
                self._widths(name, header, body)
                if (
                    header[0] != "Hugo_Symbol"
                    or len(header) < 2
                    or not set(header[1:]) <= self.samples.keys()
                ):
                    self.say(name, f"header {header[:3]}")
                genes = [row[0].upper() for row in body]
                if len(genes) != len(set(genes)) or not all(genes):
                    self.say(name, "genes twice or without a name")
                for row in body:
                    for value in row[1:]:
                        bad = value not in allowed if allowed else not _is_number(value)
                        if bad:
                            self.say(name, f"{row[0]}: {value!r}")

    def check_segments(self) -> None:
        for name, path in self.data(("COPY_NUMBER_ALTERATION", "SEG")):
            header, body = rows(path)
            if header != ["ID", "chrom", "loc.start", "loc.end", "num.mark", "seg.mean"]:
                self.say(name, f"header {header}")
            self._widths(name, header, body)
            for sample, chrom, start, end, marks, mean in body:
                if sample not in self.samples or chrom not in CHROMOSOMES:
                    self.say(name, f"{sample} {chrom}")
                if (
                    not (start.isdigit() and end.isdigit() and marks.isdigit())
                    or mean == "NA"
                    or not _is_number(mean)
                ):
                    self.say(name, f"{sample} {start} {end} {marks} {mean}")
                elif not int(start) < int(end) <= CHROMOSOMES[chrom]:
                    self.say(name, f"{sample} {chrom}:{start}-{end}")

    def check_structural(self) -> None:
        for name, path in self.data(("STRUCTURAL_VARIANT", "SV")):
            header, body = rows(path)
            self._widths(name, header, body)
            unique = [
                "Sample_Id", *(f"Site{i}_{c}" for i in (1, 2) for c in (
                    "Hugo_Symbol", "Entrez_Gene_Id", "Chromosome", "Position", "Region_Number", "Ensembl_Transcript_Id",
                )), "Event_Info",
            ]  # fmt: skip
            for column in [
                *unique,
                "SV_Status",
                "NCBI_Build",
                "Site1_Region",
                "Site2_Region",
                "Site1_Contig",
                "Site2_Contig",
            ]:
                if column not in header:
                    self.say(name, f"no {column}")
            keys = set()
            for row in body:
                values = dict(zip(header, row, strict=True))
                if values["Sample_Id"] not in self.samples or values["SV_Status"] != "SOMATIC":
                    self.say(name, f"{values['Sample_Id']} {values['SV_Status']}")
                if values["NCBI_Build"] not in ("GRCh37", "GRCh38"):
                    self.say(name, f"build {values['NCBI_Build']}")
                if not values["Site1_Hugo_Symbol"] and not values["Site2_Hugo_Symbol"]:
                    self.say(name, "no gene on either side")
                key = tuple(values[c] for c in unique)
                if key in keys:
                    self.say(name, f"twice: {key}")
                keys.add(key)

    def check_timelines(self) -> None:
        for name, path in self.data(("CLINICAL", "TIMELINE")):
            header, body = rows(path)
            self._widths(name, header, body)
            if header[:4] != ["PATIENT_ID", "START_DATE", "STOP_DATE", "EVENT_TYPE"]:
                self.say(name, f"header {header[:4]}")
            for row in body:
                if row[0] not in self.samples.values() or not re.fullmatch(r"-?\d+", row[1]):
                    self.say(name, f"{row[:3]}")
                if not re.fullmatch(r"(-?\d+)?", row[2]) or not row[3]:
                    self.say(name, f"{row[:4]}")


def _is_number(value: str) -> bool:
    if value == "NA":
        return True
    try:
        return abs(float(value)) < float("inf")
    except ValueError:
        return False


def problems(folder: str | Path) -> list[str]:
    """Everything that the validator would call an error, and what it would only warn of in these files."""
    return Study(Path(folder)).problems
