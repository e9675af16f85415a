"""A judge for single pairs of lists, without files: `Judge` and `match`."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Self, Unpack

from metajudge.data import Sample
from metajudge.engine import (
    Failed,
    JudgeConfig,
    JudgeSession,
    JudgeSettings,
    RunStats,
    check_key,
    gather_or_cancel,
    open_judge,
)
from metajudge.llm import JudgeError, Usage
from metajudge.metrics import Match, Matrix, optimal_matching, paper_metrics
from metajudge.options import spell_out
from metajudge.records import JudgeIdentity
from metajudge.tasks.match.prompt import GRANULARITIES, ITEM, Prompt
from metajudge.tasks.match.task import MatchTask, score_matrix


@dataclass(frozen=True, slots=True)
class MatchResult:
    """The match of a human list and a model list; the figures have the names of the columns of `export`."""

    scores: Matrix
    """Human items as rows, model items as columns, 0 to 1; None = not asked."""
    matching: tuple[Match, ...]
    """The best one-to-one matching, by model item (arXiv 2602.04649, Eq. 1); numbers from 1."""
    rc: float
    """Rationale consistency (Eq. 2), 0 to 1 as all figures."""
    ap: float
    """Average precision (Eq. 3)."""
    ap_soft: float
    """Average precision with the matched scores in place of counts."""
    precision: float
    """Sum of the matched scores over the number of model items judged."""
    f1: float
    """Harmonic mean of `rc` and `precision`."""
    exact: bool
    """False if the judge named each human item's best model item only (granularity `row`): `rc` is a lower bound."""
    usage: Usage
    """Tokens of this match; 0 for a question that the judge has answered before."""


class Judge:
    """A judge, with the retries and limits of a run; open it to share its connections and limits between matches.

        async with metajudge.Judge("gpt-4o", temperature=0) as judge:
            results = await asyncio.gather(*(metajudge.match(a, b, judge=judge) for a, b in pairs))

    An open judge belongs to one event loop. `match` opens one that is not open for its one call.
    """

    @spell_out(JudgeConfig, JudgeSettings.__annotations__)
    def __init__(
        self,
        model: str,
        base_url: str | None = None,
        *,
        granularity: str = ITEM,
        top_k: int | None = None,
        **settings: Unpack[JudgeSettings],
    ) -> None:
        """Name a model and, for a server other than OpenAI's, its base URL; `embedded` needs neither server nor key.

        `granularity`: as in `InferConfig`. `top_k`: the number of model items that are judged, the first ones; None =
        all. (`infer` judges 5 by default.) Key and base URL come from `OPENAI_API_KEY` and `OPENAI_BASE_URL` unless
        they are given.

        `settings` are fields of `JudgeConfig`: `api_key`, `max_tokens`, `temperature`, `max_retries`,
        `concurrent_requests`, `rate_limit_delay`, `requests_per_minute`, `tokens_per_minute`, `system_message`,
        `extra_body`, `timeout`, `outage_timeout`, `prices`, `max_cost`.

        Raises `UsageError` if a key is needed and there is none, `ValueError` for a setting that cannot be meant.
        """
        if granularity not in GRANULARITIES:
            raise ValueError(f"granularity is {granularity!r}; it is one of {', '.join(GRANULARITIES)}")
        if top_k is not None and top_k < 1:
            raise ValueError(f"top_k is {top_k}; it is a whole number from 1 up, or None")
        fields = {} if base_url is None else {"api_base": base_url}
        self.config = JudgeConfig.from_environment(model=model, **fields, **settings)
        check_key(self.config)
        self.stats = RunStats()
        """Requests, retries, tokens and cost so far."""
        self._task = MatchTask(Prompt(granularity, system_message=self.config.system_message), JudgeIdentity(), top_k)
        self._stack = contextlib.AsyncExitStack()
        self._session: JudgeSession | None = None

    async def __aenter__(self) -> Self:
        if self._session is not None:
            raise RuntimeError("the judge is open already; make another one")
        self._session = await self._stack.enter_async_context(open_judge(self.config, self.stats))
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._session = None
        await self._stack.aclose()

    @contextlib.asynccontextmanager
    async def _opened(self) -> AsyncIterator[JudgeSession]:
        if self._session is not None:
            yield self._session
        else:
            async with open_judge(self.config, self.stats) as session:
                yield session

    async def _match(self, sample: Sample) -> MatchResult:
        async with self._opened() as session:
            results = await gather_or_cancel(map(session.ask, self._task.questions(sample)))
        for failed in results:
            if isinstance(failed, Failed):
                raise JudgeError(failed.cause, f"no accepted reply to question {failed.question}: {failed.message}")
        whole = self._task.record(sample, results, 0.0).score_matrix
        scores = score_matrix(sample, results) if whole is None else whole
        pairs = optimal_matching(scores)
        figures = paper_metrics(scores, len(self._task.judged_items(sample)), pairs=pairs)
        return MatchResult(
            scores=scores,
            matching=tuple(pairs),
            rc=figures.rationale_consistency,
            ap=figures.average_precision,
            ap_soft=figures.average_precision_soft,
            precision=figures.precision,
            f1=figures.f1,
            exact=whole is not None or len(sample.model_items) <= 1,
            usage=sum((one.reply.usage for one in results if not isinstance(one, Failed)), Usage()),
        )


async def match(human: Sequence[str], model_items: Sequence[str], *, judge: Judge | str) -> MatchResult:
    """Match a model's reasons with the human ones: scores, matching and metrics of one pair of lists.

    `judge`: a `Judge`, or the name of a model. In a notebook, `await` it; in a script, `asyncio.run` runs it:

        result = await metajudge.match(["It misses an edge case."], ["The edge case fails."], judge="embedded")

    Raises `ValueError` without a human item, `TypeError` for a list that is a text or an item that is none, and a
    `MetaJudgeError` if the judge gives no accepted reply.
    """
    points, reasons = _texts("human", human), _texts("model_items", model_items)
    if not points:
        raise ValueError("human has no item: the metrics are undefined")
    asked = Judge(judge) if isinstance(judge, str) else judge
    return await asked._match(Sample(0, "", "", "", points, reasons, {}))


def _texts(name: str, items: Sequence[str]) -> tuple[str, ...]:
    if isinstance(items, str) or not all(isinstance(item, str) for item in items):
        raise TypeError(f"{name} is {repr(items)[:60]}; it is a list of texts")
    return tuple(items)
