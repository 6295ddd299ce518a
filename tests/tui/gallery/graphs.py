"""Graphs of the shapes that the screen has to show: a workflow, long names, diamonds, wide fan-outs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.graph.loading import load_text
from dagtui.graph.model import Graph, Task

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SAMPLES = [f"SRR63570{number}" for number in range(70, 75)]
GENOME = f"""
version = 1
name = "genome"
[params]
samples = {SAMPLES}
[run]
jobs = 6
[defaults]
run = "./step $DAGTUI_NODE"
[tasks.fetch_reference]
group = "reference"
[tasks.star_index]
group = "reference"
needs = ["fetch_reference"]
slots = 2
[tasks.gene_model]
group = "reference"
needs = ["fetch_reference"]
[tasks.fastq]
group = "reads"
matrix = {{ sample = "{{{{ params.samples }}}}" }}
[tasks.fastqc]
group = "reads"
needs = ["fastq[sample={{{{ matrix.sample }}}}]"]
matrix = {{ sample = "{{{{ params.samples }}}}" }}
[tasks.trim]
group = "reads"
needs = ["fastq[sample={{{{ matrix.sample }}}}]"]
matrix = {{ sample = "{{{{ params.samples }}}}" }}
[tasks.align]
group = "alignment"
needs = ["star_index", "trim[sample={{{{ matrix.sample }}}}]"]
matrix = {{ sample = "{{{{ params.samples }}}}" }}
slots = 2
retries = 1
retry = {{ delay = "2s", jitter = 0.0 }}
[tasks.markdup]
group = "alignment"
needs = ["align[sample={{{{ matrix.sample }}}}]"]
matrix = {{ sample = "{{{{ params.samples }}}}" }}
[tasks.bigwig]
group = "alignment"
needs = ["markdup[sample={{{{ matrix.sample }}}}]"]
matrix = {{ sample = "{{{{ params.samples }}}}" }}
[tasks.quant]
group = "counts"
needs = ["gene_model", "markdup[sample={{{{ matrix.sample }}}}]"]
matrix = {{ sample = "{{{{ params.samples }}}}" }}
[tasks.merge_counts]
group = "counts"
needs = ["quant"]
[tasks.deseq2]
group = "counts"
needs = ["merge_counts"]
[tasks.multiqc]
needs = ["fastqc", "trim", "align", "markdup", "deseq2"]
[tasks.notify]
needs = ["multiqc"]
trigger = "all_done"
"""
MIXED = """
version = 1
name = "mixed"
[run]
jobs = 4
[executors.cluster]
kind = "slurm"
jobs = 12
directory = "/scratch/ada"
[executors.gpubox]
kind = "ssh"
hosts = ["gpubox"]
[defaults]
run = "./step $DAGTUI_NODE"
[tasks.prepare]
[tasks.align]
needs = ["prepare"]
executor = "cluster"
resources = { cpus = 4, mem = "8G", partition = "main" }
matrix = { sample = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16] }
[tasks.train]
needs = ["prepare"]
executor = "gpubox"
matrix = { seed = [1, 2, 3] }
[tasks.check]
needs = ["prepare"]
matrix = { part = [1, 2, 3] }
[tasks.report]
needs = ["align", "train", "check"]
"""
PREFIX = "NFCORE_RNASEQ.RNASEQ"
STEPS: Mapping[str, tuple[str, ...]] = {
    "INPUT_CHECK.SAMPLESHEET_TO_FASTQ_CHANNEL": (),
    "FASTQ_FASTQC_UMITOOLS_TRIMGALORE.FASTQC": ("INPUT_CHECK.SAMPLESHEET_TO_FASTQ_CHANNEL",),
    "FASTQ_FASTQC_UMITOOLS_TRIMGALORE.TRIMGALORE": ("INPUT_CHECK.SAMPLESHEET_TO_FASTQ_CHANNEL",),
    "FASTQ_SUBSAMPLE_FQ_SALMON.FQ_SUBSAMPLE": ("FASTQ_FASTQC_UMITOOLS_TRIMGALORE.TRIMGALORE",),
    "FASTQ_SUBSAMPLE_FQ_SALMON.SALMON_QUANT": ("FASTQ_SUBSAMPLE_FQ_SALMON.FQ_SUBSAMPLE",),
    "ALIGN_STAR.STAR_ALIGN": (
        "FASTQ_FASTQC_UMITOOLS_TRIMGALORE.TRIMGALORE",
        "FASTQ_SUBSAMPLE_FQ_SALMON.SALMON_QUANT",
    ),
    "ALIGN_STAR.BAM_SORT_STATS_SAMTOOLS.SAMTOOLS_SORT": ("ALIGN_STAR.STAR_ALIGN",),
    "ALIGN_STAR.BAM_SORT_STATS_SAMTOOLS.SAMTOOLS_INDEX": ("ALIGN_STAR.BAM_SORT_STATS_SAMTOOLS.SAMTOOLS_SORT",),
    "ALIGN_STAR.BAM_SORT_STATS_SAMTOOLS.BAM_STATS.SAMTOOLS_STATS": (
        "ALIGN_STAR.BAM_SORT_STATS_SAMTOOLS.SAMTOOLS_INDEX",
    ),
    "ALIGN_STAR.BAM_SORT_STATS_SAMTOOLS.BAM_STATS.SAMTOOLS_FLAGSTAT": (
        "ALIGN_STAR.BAM_SORT_STATS_SAMTOOLS.SAMTOOLS_INDEX",
    ),
    "ALIGN_STAR.BAM_SORT_STATS_SAMTOOLS.BAM_STATS.SAMTOOLS_IDXSTATS": (
        "ALIGN_STAR.BAM_SORT_STATS_SAMTOOLS.SAMTOOLS_INDEX",
    ),
    "QUANTIFY_STAR_SALMON.SALMON_QUANT": ("ALIGN_STAR.STAR_ALIGN",),
    "BAM_MARKDUPLICATES_PICARD.PICARD_MARKDUPLICATES": ("ALIGN_STAR.BAM_SORT_STATS_SAMTOOLS.SAMTOOLS_SORT",),
    "BAM_MARKDUPLICATES_PICARD.SAMTOOLS_INDEX": ("BAM_MARKDUPLICATES_PICARD.PICARD_MARKDUPLICATES",),
    "BAM_MARKDUPLICATES_PICARD.BAM_STATS.SAMTOOLS_STATS": ("BAM_MARKDUPLICATES_PICARD.SAMTOOLS_INDEX",),
    "BAM_MARKDUPLICATES_PICARD.BAM_STATS.SAMTOOLS_FLAGSTAT": ("BAM_MARKDUPLICATES_PICARD.SAMTOOLS_INDEX",),
    "BAM_MARKDUPLICATES_PICARD.BAM_STATS.SAMTOOLS_IDXSTATS": ("BAM_MARKDUPLICATES_PICARD.SAMTOOLS_INDEX",),
    "STRINGTIE_STRINGTIE": ("BAM_MARKDUPLICATES_PICARD.PICARD_MARKDUPLICATES",),
    "SUBREAD_FEATURECOUNTS": ("BAM_MARKDUPLICATES_PICARD.PICARD_MARKDUPLICATES",),
    "MULTIQC_CUSTOM_BIOTYPE": ("SUBREAD_FEATURECOUNTS",),
    "BEDTOOLS_GENOMECOV_FORWARD": ("BAM_MARKDUPLICATES_PICARD.PICARD_MARKDUPLICATES",),
    "BEDTOOLS_GENOMECOV_REVERSE": ("BAM_MARKDUPLICATES_PICARD.PICARD_MARKDUPLICATES",),
    "BEDGRAPH_BEDCLIP_BEDGRAPHTOBIGWIG_FORWARD.UCSC_BEDCLIP": ("BEDTOOLS_GENOMECOV_FORWARD",),
    "BEDGRAPH_BEDCLIP_BEDGRAPHTOBIGWIG_FORWARD.UCSC_BEDGRAPHTOBIGWIG": (
        "BEDGRAPH_BEDCLIP_BEDGRAPHTOBIGWIG_FORWARD.UCSC_BEDCLIP",
    ),
    "BEDGRAPH_BEDCLIP_BEDGRAPHTOBIGWIG_REVERSE.UCSC_BEDCLIP": ("BEDTOOLS_GENOMECOV_REVERSE",),
    "BEDGRAPH_BEDCLIP_BEDGRAPHTOBIGWIG_REVERSE.UCSC_BEDGRAPHTOBIGWIG": (
        "BEDGRAPH_BEDCLIP_BEDGRAPHTOBIGWIG_REVERSE.UCSC_BEDCLIP",
    ),
    "QUALIMAP_RNASEQ": ("BAM_MARKDUPLICATES_PICARD.PICARD_MARKDUPLICATES",),
    "DUPRADAR": ("BAM_MARKDUPLICATES_PICARD.PICARD_MARKDUPLICATES",),
    "BAM_RSEQC.RSEQC_BAMSTAT": ("BAM_MARKDUPLICATES_PICARD.SAMTOOLS_INDEX",),
    "BAM_RSEQC.RSEQC_INNERDISTANCE": ("BAM_MARKDUPLICATES_PICARD.SAMTOOLS_INDEX",),
    "BAM_RSEQC.RSEQC_INFEREXPERIMENT": ("BAM_MARKDUPLICATES_PICARD.SAMTOOLS_INDEX",),
    "BAM_RSEQC.RSEQC_JUNCTIONANNOTATION": ("BAM_MARKDUPLICATES_PICARD.SAMTOOLS_INDEX",),
    "BAM_RSEQC.RSEQC_JUNCTIONSATURATION": ("BAM_MARKDUPLICATES_PICARD.SAMTOOLS_INDEX",),
    "BAM_RSEQC.RSEQC_READDISTRIBUTION": ("BAM_MARKDUPLICATES_PICARD.SAMTOOLS_INDEX",),
    "BAM_RSEQC.RSEQC_READDUPLICATION": ("BAM_MARKDUPLICATES_PICARD.SAMTOOLS_INDEX",),
    "BAM_RSEQC.RSEQC_TIN": ("BAM_MARKDUPLICATES_PICARD.SAMTOOLS_INDEX",),
}
"""What is done for each sample, and after which steps: names of real workflows look like these."""
BEFORE = ("PREPARE_GENOME.GTF_FILTER", "PREPARE_GENOME.STAR_GENOMEGENERATE", "PREPARE_GENOME.SALMON_INDEX")


def of_tasks(needs: Mapping[str, Iterable[str]], name: str) -> Graph:
    """A graph of separate tasks, from what each needs."""
    numbers = {label: number for number, label in enumerate(needs)}
    pairs = [(numbers[parent], numbers[label]) for label, parents in needs.items() for parent in parents]
    return Graph(list(needs), pairs, name=name, tasks=[Task(label) for label in needs])


def genome() -> Graph:
    """14 tasks, 42 nodes."""
    return load_text(GENOME, "genome.toml")


def mixed() -> Graph:
    """24 nodes, of which 16 run on Slurm and 3 on another host."""
    return load_text(MIXED, "mixed.toml")


def rnaseq() -> Graph:
    """197 separate tasks with names of about 60 letters, which begin alike."""
    needs: dict[str, list[str]] = {f"{PREFIX}.{step}": [f"{PREFIX}.{BEFORE[0]}"] for step in BEFORE}
    needs[f"{PREFIX}.{BEFORE[0]}"] = []
    for sample in SAMPLES:
        for step, parents in STEPS.items():
            needs[f"{PREFIX}.{step}.{sample}"] = [f"{PREFIX}.{parent}.{sample}" for parent in parents]
        needs[f"{PREFIX}.ALIGN_STAR.STAR_ALIGN.{sample}"].append(f"{PREFIX}.{BEFORE[1]}")
        needs[f"{PREFIX}.FASTQ_SUBSAMPLE_FQ_SALMON.SALMON_QUANT.{sample}"].append(f"{PREFIX}.{BEFORE[2]}")
        needs[f"{PREFIX}.CUSTOM_DUMPSOFTWAREVERSIONS.{sample}"] = [f"{PREFIX}.BAM_RSEQC.RSEQC_TIN.{sample}"]
        needs[f"{PREFIX}.STRANDEDNESS_CHECK.{sample}"] = [f"{PREFIX}.BAM_RSEQC.RSEQC_INFEREXPERIMENT.{sample}"]
    counts = [f"{PREFIX}.QUANTIFY_STAR_SALMON.SALMON_QUANT.{sample}" for sample in SAMPLES]
    needs[f"{PREFIX}.QUANTIFY_STAR_SALMON.TXIMETA_TXIMPORT"] = counts
    needs[f"{PREFIX}.QUANTIFY_STAR_SALMON.SE_GENE"] = [f"{PREFIX}.QUANTIFY_STAR_SALMON.TXIMETA_TXIMPORT"]
    needs[f"{PREFIX}.DESEQ2_QC_STAR_SALMON"] = [f"{PREFIX}.QUANTIFY_STAR_SALMON.TXIMETA_TXIMPORT"]
    last = ("CUSTOM_DUMPSOFTWAREVERSIONS", "BAM_RSEQC.RSEQC_READDISTRIBUTION", "QUALIMAP_RNASEQ")
    reports = [f"{PREFIX}.{step}.{sample}" for step in last for sample in SAMPLES]
    needs[f"{PREFIX}.MULTIQC"] = [*reports, f"{PREFIX}.DESEQ2_QC_STAR_SALMON"]
    return of_tasks(needs, "rnaseq")


def diamonds(count: int = 8) -> Graph:
    """Diamonds one after the other, each with three branches."""
    needs: dict[str, list[str]] = {"a0": []}
    for at in range(1, count + 1):
        needs |= {f"{letter}{at}": [f"a{at - 1}"] for letter in "bcd"}
        needs[f"a{at}"] = [f"{letter}{at}" for letter in "bcd"]
    return of_tasks(needs, "diamonds")


def five_thousand(shards: int = 50, chunks: int = 97) -> Graph:
    """4,952 separate tasks in fan-outs."""
    needs: dict[str, list[str]] = {"prepare": []}
    needs |= {f"shard{shard:02}": ["prepare"] for shard in range(shards)}
    needs |= {f"chunk{shard:02}.{at:02}": [f"shard{shard:02}"] for shard in range(shards) for at in range(chunks)}
    needs |= {f"merge{shard:02}": [f"chunk{shard:02}.{at:02}" for at in range(chunks)] for shard in range(shards)}
    needs["total"] = [f"merge{shard:02}" for shard in range(shards)]
    return of_tasks(needs, "five")


def hundred_thousand() -> Graph:
    """100,000 nodes of six tasks."""
    return load_text(
        f"""
version = 1
name = "many"
[run]
jobs = 64
[defaults]
run = "./step"
[tasks.prepare]
[tasks.shard]
needs = ["prepare"]
matrix = {{ shard = {list(range(100))} }}
[tasks.chunk]
needs = ["shard[shard={{{{ matrix.shard }}}}]"]
matrix = {{ shard = {list(range(100))}, part = {list(range(997))} }}
[tasks.merge]
needs = ["chunk[shard={{{{ matrix.shard }}}}]"]
matrix = {{ shard = {list(range(100))} }}
[tasks.total]
needs = ["merge"]
[tasks.check]
needs = ["total"]
matrix = {{ by = {list(range(98))} }}
""",
        "many.toml",
    )
