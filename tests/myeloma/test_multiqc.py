"""MultiQC's page: whole, without a path of this machine, and there even when nothing was aligned."""

import pytest

from myeloma import multiqc

STATS = """# This file was produced by samtools stats (1.16.1+htslib-1.16)
# The command line was:  stats a.cram
SN\traw total sequences:\t100
SN\tfiltered sequences:\t0
SN\tsequences:\t100
SN\treads mapped:\t90
SN\treads mapped and paired:\t90
SN\treads properly paired:\t90
SN\treads duplicated:\t5
SN\treads MQ0:\t1
SN\tnon-primary alignments:\t0
SN\terror rate:\t1.0e-03
SN\taverage length:\t100
SN\ttotal length:\t10000
SN\tbases mapped (cigar):\t9000
SN\tmismatches:\t9
SN\treads unmapped:\t10
"""


@pytest.mark.tools
def test_page_over_real_measures(tools, tmp_path, monkeypatch):
    tools("multiqc")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "qc").mkdir()
    (tmp_path / "qc/A-T.stats.txt").write_text(STATS)
    multiqc.summarise(["qc", "nowhere"], 'a "title" </script><b>', "out/multiqc.html")
    text = (tmp_path / "out/multiqc.html").read_text()
    assert "A-T" in text and text.rstrip().endswith("</html>")
    assert str(tmp_path) not in text and "/tmp/" not in text
    assert "</script><b>" not in text
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["multiqc.html"]


@pytest.mark.tools
def test_nothing_to_show_is_said(tools, tmp_path, monkeypatch):
    tools("multiqc")
    monkeypatch.chdir(tmp_path)
    multiqc.summarise(["nowhere"], "title", "multiqc.html")
    assert "no sample was aligned" in (tmp_path / "multiqc.html").read_text()


@pytest.mark.parametrize("title", ['a "b"', "a'b", "</script>", "a\\b", "`${x}`"])
def test_titles_lose_what_could_end_a_string(title):
    assert not set(multiqc.plain_title(title)) & set("\"'<>\\`${}")
