"""Published output files of benchmarks, and their own data as rows for `critic`.

`entries` reads files and names what they hold, `critic_rows` makes rows and reads the verdicts that `critic` adds to
them. Each other module is one benchmark: the forms of its files, read into records. Scoring is in `reports.benchmark`.
"""

from metajudge.data.benchmarks.critic_rows import MadeRows, is_made
from metajudge.data.benchmarks.entries import JUDGEBENCH, R_ALIGN, REWARDBENCH2, RM_BENCH, TITLES
from metajudge.data.benchmarks.judgebench import (
    CATEGORIES,
    SPLITS,
    JudgeBenchResults,
    Pair,
    judgebench_critic_rows,
    read_judgebench,
)
from metajudge.data.benchmarks.r_align import RAlignResults, Rationale, read_r_align
from metajudge.data.benchmarks.rewardbench2 import Prompt, RewardBench2Results, read_rewardbench2
from metajudge.data.benchmarks.rm_bench import (
    DOMAINS,
    SIZES,
    RMBenchResults,
    StyleMatrix,
    read_rm_bench,
    rm_bench_critic_rows,
)
